/** Pause, resume and cancel of a run: it is told at once, and shown as it is when it says so. */

import { Button } from "../../../pages/design/Button.tsx";
import type { RunShape } from "../../../pages/generated/api.ts";
import { useConsole } from "../../context.ts";
import { commands } from "../../logic/commands.ts";
import { type Act, actsOf } from "../../logic/operations.ts";
import { Command } from "../../parts/Command.tsx";
import { notDone } from "../../parts/useSave.ts";
import { texts } from "../../texts/texts.ts";

interface Props {
  readonly run: RunShape;
  readonly again: () => void;
}

export function RunActs({ run, again }: Props) {
  const { api } = useConsole();
  const { id } = run;
  const acts = actsOf(run.state);
  const press = async (act: Act): Promise<void> => {
    try {
      await api.ask(`PUT /api/operations/runs/{id}/${act}`, { path: { id }, body: {}, intent: `${act} run ${id}` });
    } catch (error) {
      notDone(texts("ops.failed"), error);
    }
    again();
  };
  if (acts.length === 0) return <Command text={commands.run(id)} />;
  return (
    <div class="stack-close">
      <div class="row">
        {acts.map((act) => (
          <Button key={act} kind={act === "cancel" ? "danger" : "plain"} onPress={() => press(act)}>
            {texts(`run.${act}`)}
          </Button>
        ))}
      </div>
      <Command text={acts.map((act) => commands.ofRun(act, id))} />
    </div>
  );
}
