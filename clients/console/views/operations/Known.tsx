/** Note and owner of a group. Two operators at one note: who is second sees what the first wrote before it is replaced. */

import { Button } from "../../../pages/design/Button.tsx";
import { Field } from "../../../pages/design/Field.tsx";
import { toast } from "../../../pages/design/toasts.tsx";
import type { GroupShape } from "../../../pages/generated/api.ts";
import { useConsole } from "../../context.ts";
import { useDraft } from "../../drafts.ts";
import { commands } from "../../logic/commands.ts";
import { Command } from "../../parts/Command.tsx";
import { Newer } from "../../parts/Newer.tsx";
import { SaveError } from "../../parts/SaveError.tsx";
import { useSave } from "../../parts/useSave.ts";
import { texts } from "../../texts/texts.ts";

interface Props {
  readonly group: GroupShape;
  readonly again: () => void;
}

export function Known({ group, again }: Props) {
  const { api } = useConsole();
  const path = { id: group.id };
  const intent = (what: string): string => `${what} of group ${group.id}`;
  return (
    <section class="card stack" aria-labelledby="known">
      <h2 id="known">{texts("group.known")}</h2>
      <Text
        key="owner"
        name={`owner of ${group.id}`}
        label={texts("groups.owner")}
        save={texts("group.saveOwner")}
        now={group.owner}
        command={(name) => commands.owner(group.id, name)}
        work={(name) =>
          api.ask("PUT /api/operations/groups/{id}/owner", { path, body: { name }, intent: intent("owner") })
        }
        again={again}
      />
      <Text
        key="note"
        name={`note of ${group.id}`}
        label={texts("group.note")}
        hint={texts("group.noteHint")}
        save={texts("group.saveNote")}
        now={group.note}
        rows={3}
        command={(text) => commands.note(group.id, text)}
        work={(text) =>
          api.ask("PUT /api/operations/groups/{id}/note", { path, body: { text }, intent: intent("note") })
        }
        again={again}
      />
    </section>
  );
}

interface TextProps {
  /** Of its draft. */
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly save: string;
  /** What it is now. */
  readonly now: string;
  readonly rows?: number;
  readonly command: (text: string) => string;
  readonly work: (text: string) => Promise<unknown>;
  readonly again: () => void;
}

function Text({ name, now, work, again, command, ...shown }: TextProps) {
  const draft = useDraft(name);
  const { text = now, before = now } = draft.typed;
  const typed = text.trim();
  const another = draft.typed.text !== undefined && before !== now && typed !== now;
  const { error, save } = useSave(
    () => work(typed),
    () => {
      draft.clear();
      toast(texts("group.saved"));
      again();
    },
  );
  const given = { ...(shown.hint ? { hint: shown.hint } : {}), ...(shown.rows ? { rows: shown.rows } : {}) };
  return (
    <form class="stack-close" onSubmit={(event) => event.preventDefault()}>
      {another && (
        <Newer
          what={texts("group.now", { text: now || texts("group.empty") })}
          onAccept={() => draft.replace({ text, before: now })}
        />
      )}
      <Field
        label={shown.label}
        value={text}
        onInput={(value) => (value === before ? draft.clear() : draft.replace({ text: value, before }))}
        {...given}
      />
      <SaveError error={error} />
      <div class="row">
        <Button type="submit" disabled={another || typed === "" || typed === now} onPress={save}>
          {shown.save}
        </Button>
      </div>
      {typed !== "" && typed !== now && <Command text={command(typed)} />}
    </form>
  );
}
