import { useConsole } from "../context.ts";
import { commands, ofStage } from "../logic/commands.ts";
import { texts } from "../texts/texts.ts";

/** The command line that does the same as what is beside it, one for each act. A click marks a whole one, to be copied. */
export function Command({ text }: { readonly text: string | readonly string[] }) {
  const { stage, control } = useConsole().config;
  const lines = typeof text === "string" ? [text] : text;
  return (
    <div class="command-line small">
      <p class="soft">
        {control ? texts("ops.commandHere", { shell: commands.shell(control.here) }) : texts("ops.command")}
      </p>
      {lines.map((line) => (
        <code key={line}>{ofStage(line, stage)}</code>
      ))}
    </div>
  );
}
