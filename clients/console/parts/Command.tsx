import { texts } from "../texts/texts.ts";

/** The command line that does the same as what is beside it. A click marks all of it, to be copied. */
export function Command({ text }: { readonly text: string }) {
  return (
    <p class="command small">
      <span class="soft">{texts("ops.command")}:</span> <code>{text}</code>
    </p>
  );
}
