/** What may be done with a saga: its commands without an answer are sent again, and a parked one is resumed. */

import { useState } from "preact/hooks";
import { Button } from "../../../pages/design/Button.tsx";
import { Dialog } from "../../../pages/design/Dialog.tsx";
import { toast } from "../../../pages/design/toasts.tsx";
import type { WholeSaga } from "../../../pages/generated/api.ts";
import { shared } from "../../../pages/text/shared.ts";
import { useConsole } from "../../context.ts";
import { commands } from "../../logic/commands.ts";
import { mayResume, unanswered } from "../../logic/sagas.ts";
import { Command } from "../../parts/Command.tsx";
import { ResumeSaga } from "../../parts/ResumeSaga.tsx";
import { SaveError } from "../../parts/SaveError.tsx";
import { useSave } from "../../parts/useSave.ts";
import { said } from "../../texts/said.ts";
import { texts } from "../../texts/texts.ts";

interface Props {
  readonly saga: WholeSaga;
  readonly again: () => void;
}

export function SagaActs({ saga, again }: Props) {
  const [asking, setAsking] = useState<"retry" | "resume" | null>(null);
  const close = (): void => setAsking(null);
  const { orderId } = saga;
  const mayRetry = unanswered(saga).length > 0;
  return (
    <>
      {(mayRetry || mayResume(saga)) && (
        <section class="card stack-close" aria-labelledby="acts">
          <h2 id="acts">{said("saga.acts")}</h2>
          {mayResume(saga) && <p class="soft">{said("saga.parkedHow")}</p>}
          <div class="row">
            {mayRetry && <Button onPress={() => setAsking("retry")}>{said("saga.retry")}</Button>}
            {mayResume(saga) && <Button onPress={() => setAsking("resume")}>{texts("problems.resume")}</Button>}
          </div>
          <Command
            text={[
              ...(mayRetry ? [commands.retrySaga(orderId)] : []),
              ...(mayResume(saga) ? [commands.resumeSaga(orderId)] : []),
            ]}
          />
        </section>
      )}
      {asking === "retry" && <RetrySaga saga={saga} again={again} onClose={close} />}
      {asking === "resume" && <ResumeSaga saga={saga} again={again} onClose={close} />}
    </>
  );
}

/** Asks before the very messages are sent again. What it names is what was awaited when it was opened. */
function RetrySaga({ saga, again, onClose }: Props & { readonly onClose: () => void }) {
  const { api } = useConsole();
  const { orderId } = saga;
  const [names] = useState(() => unanswered(saga));
  const { error, save } = useSave(
    async () => {
      const given = { path: { orderId }, body: { commands: [...names] }, intent: `retry the saga of ${orderId}` };
      await api.ask("PUT /api/operations/sagas/{orderId}/retry", given);
    },
    () => {
      toast(said("saga.retried", { count: names.length }));
      again();
      onClose();
    },
  );
  return (
    <Dialog title={said("saga.retryTitle", { names: names.join(", ") })} onClose={onClose}>
      <p>{said("saga.retryHow")}</p>
      <SaveError error={error} />
      <div class="row">
        <Button kind="primary" onPress={save}>
          {said("saga.retry")}
        </Button>
        <Button onPress={onClose}>{shared("cancel")}</Button>
      </div>
      <Command text={commands.retrySaga(orderId)} />
    </Dialog>
  );
}
