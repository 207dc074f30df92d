/** Asks before letters are sent back: how many, how fast, when it stops by itself, and the command that does the same. */

import { useState } from "preact/hooks";
import { Button } from "../../../pages/design/Button.tsx";
import { Dialog } from "../../../pages/design/Dialog.tsx";
import { Field } from "../../../pages/design/Field.tsx";
import { shared } from "../../../pages/text/shared.ts";
import { useConsole } from "../../context.ts";
import { commands, type Which } from "../../logic/commands.ts";
import { wholeIn } from "../../logic/operations.ts";
import { Command } from "../../parts/Command.tsx";
import { SaveError } from "../../parts/SaveError.tsx";
import { useSave } from "../../parts/useSave.ts";
import { go } from "../../route.ts";
import { texts } from "../../texts/texts.ts";

const FASTEST = 100; // letters a second, as the API allows

interface Props {
  readonly which: Which;
  readonly count: number;
  readonly onClose: () => void;
}

export function RedriveDialog({ which, count, onClose }: Props) {
  const { api } = useConsole();
  const [rateText, setRate] = useState("10");
  const [stopText, setStop] = useState("20");
  const rate = wholeIn(rateText, FASTEST);
  const stopAt = wholeIn(stopText, 100);
  const asked = { rate: rate ?? 0, stopAt: stopAt ?? 0 };
  const { error, save } = useSave(async () => {
    const body = { letters: [], ...which, ...asked };
    const { id } = await api.get("POST /api/operations/redrives", {
      body,
      intent: `redrive ${JSON.stringify(which)}`,
    });
    go("operations", "runs", id);
  }, onClose);
  return (
    <Dialog title={texts("redrive.title", { count })} onClose={onClose}>
      <p>{texts("redrive.how")}</p>
      <div class="pair">
        <Field
          label={texts("redrive.rate")}
          value={rateText}
          onInput={setRate}
          inputMode="numeric"
          {...(rate === null ? { error: texts("redrive.wrong", { most: FASTEST }) } : {})}
        />
        <Field
          label={texts("redrive.stopAt")}
          value={stopText}
          onInput={setStop}
          inputMode="numeric"
          {...(stopAt === null ? { error: texts("redrive.wrong", { most: 100 }) } : {})}
        />
      </div>
      <SaveError error={error} />
      <div class="row">
        <Button kind="primary" disabled={rate === null || stopAt === null} onPress={save}>
          {texts("redrive.begin", { count })}
        </Button>
        <Button onPress={onClose}>{shared("cancel")}</Button>
      </div>
      {rate !== null && stopAt !== null && <Command text={commands.redrive(which, asked)} />}
    </Dialog>
  );
}
