import { texts } from "../texts/texts.ts";

/** The command line that does the same as what is beside it, one for each act. A click marks a whole one, to be copied. */
export function Command({ text }: { readonly text: string | readonly string[] }) {
  const lines = typeof text === "string" ? [text] : text;
  return (
    <div class="command-line small">
      <p class="soft">{texts("ops.command")}</p>
      {lines.map((line) => (
        <code key={line}>{line}</code>
      ))}
    </div>
  );
}
