/** Asks before a parked saga is resumed: staff do it among the problems, operators where they see the saga too. */

import { Button } from "../../pages/design/Button.tsx";
import { Dialog } from "../../pages/design/Dialog.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { SagaView } from "../../pages/generated/api.ts";
import { shortId } from "../../pages/text/ids.ts";
import { shared } from "../../pages/text/shared.ts";
import { dayAndTime } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { commands } from "../logic/commands.ts";
import { useIsOperator } from "../operations.ts";
import { texts } from "../texts/texts.ts";
import { Command } from "./Command.tsx";
import { SaveError } from "./SaveError.tsx";
import { useSave } from "./useSave.ts";

interface Props {
  readonly saga: Pick<SagaView, "orderId" | "since" | "reason">;
  readonly again: () => void;
  readonly onClose: () => void;
}

export function ResumeSaga({ saga: { orderId, since, reason }, again, onClose }: Props) {
  const { api } = useConsole();
  const isOperator = useIsOperator();
  const id = shortId(orderId);
  const { error, save } = useSave(
    () =>
      api.ask("PUT /api/checkout/sagas/{orderId}/resume", { path: { orderId }, body: {}, intent: `resume ${orderId}` }),
    () => {
      toast(texts("problems.begun", { id }));
      again();
      onClose();
    },
  );
  return (
    <Dialog title={texts("problems.resumeTitle", { id })} onClose={onClose}>
      <p>{texts("problems.resumeHow", { time: dayAndTime(since) })}</p>
      <p class="quoted">{reason}</p>
      <SaveError error={error} />
      <div class="row">
        <Button kind="primary" onPress={save}>
          {texts("problems.resume")}
        </Button>
        <Button onPress={onClose}>{shared("cancel")}</Button>
      </div>
      {isOperator && <Command text={commands.resumeSaga(orderId)} />}
    </Dialog>
  );
}
