import { Button } from "../../../pages/design/Button.tsx";
import { toast } from "../../../pages/design/toasts.tsx";
import type { GroupShape } from "../../../pages/generated/api.ts";
import { useConsole } from "../../context.ts";
import { commands } from "../../logic/commands.ts";
import { Command } from "../../parts/Command.tsx";
import { SaveError } from "../../parts/SaveError.tsx";
import { useSave } from "../../parts/useSave.ts";
import { texts } from "../../texts/texts.ts";

/** Says that a group's cause is mended. */
export function Resolve({ group, again }: { readonly group: GroupShape; readonly again: () => void }) {
  const { api } = useConsole();
  const { id } = group;
  const { error, save } = useSave(
    () => api.ask("PUT /api/operations/groups/{id}/resolve", { path: { id }, body: {}, intent: `resolve ${id}` }),
    () => {
      toast(texts("group.resolved"));
      again();
    },
  );
  if (group.state === "resolved") return null;
  return (
    <section class="card stack" aria-labelledby="resolve">
      <h2 id="resolve">{texts("group.mended")}</h2>
      <p class="soft">{texts("group.resolveHow")}</p>
      <SaveError error={error} />
      <div class="row">
        <Button onPress={save}>{texts("group.resolve")}</Button>
      </div>
      <Command text={commands.resolve(id)} />
    </section>
  );
}
