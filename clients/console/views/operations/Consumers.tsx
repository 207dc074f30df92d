/** The consumers of all services: what waits for each, and pause and resume. */

import { useState } from "preact/hooks";
import { Badge } from "../../../pages/design/Badge.tsx";
import { Button } from "../../../pages/design/Button.tsx";
import { Dialog } from "../../../pages/design/Dialog.tsx";
import { Field } from "../../../pages/design/Field.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import { toast } from "../../../pages/design/toasts.tsx";
import type { ConsumerShape } from "../../../pages/generated/api.ts";
import { shared } from "../../../pages/text/shared.ts";
import { dayAndTime, lasted, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { useDraft } from "../../drafts.ts";
import { commands, ofStage } from "../../logic/commands.ts";
import { inOrder, placeOf, waitingOf } from "../../logic/operations.ts";
import { OFTEN, useConsumers } from "../../operations.ts";
import { Command } from "../../parts/Command.tsx";
import { Listed } from "../../parts/Listed.tsx";
import { SaveError } from "../../parts/SaveError.tsx";
import { useAnnounced } from "../../parts/useAnnounced.ts";
import { notDone, useSave } from "../../parts/useSave.ts";
import { texts } from "../../texts/texts.ts";

const KINDS = { running: "good", pausing: "warn", paused: "warn", resuming: "accent" } as const;

function State({ one }: { readonly one: ConsumerShape }) {
  const known = (Object.keys(KINDS) as (keyof typeof KINDS)[]).find((state) => state === one.state);
  return (
    <>
      <Badge kind={known ? KINDS[known] : "plain"}>{known ? texts(`consumer.${known}`) : one.state}</Badge>
      {one.state !== "running" && one.reason && (
        <span class="block soft small why">
          {one.reason} {one.by && `(${one.by})`}
        </span>
      )}
      {one.lostFrom && (
        <span class="block small warn why">{texts("consumer.lostFrom", { time: dayAndTime(one.lostFrom) })}</span>
      )}
    </>
  );
}

const orUnknown = (value: number | null): string => (value === null ? texts("consumer.unknown") : number(value));

export function Consumers() {
  const loaded = useConsumers(OFTEN);
  const rows = loaded.data && inOrder(loaded.data.consumers);
  const halted = rows?.filter(({ state }) => state !== "running").length;
  useAnnounced(halted === undefined ? null : { count: halted }, (told) => texts("consumer.announced", told));
  const [pausing, setPausing] = useState<string | null>(null);
  return (
    <section class="card stack-close" aria-labelledby="consumers">
      <h2 id="consumers">{texts("ops.consumers")}</h2>
      <Listed loaded={loaded} rows={rows ?? undefined} none={texts("consumer.none")}>
        {(shown) => (
          <Table<ConsumerShape>
            caption={texts("ops.consumers")}
            columns={[
              { name: texts("ops.consumer"), cell: ({ name }) => name },
              { name: texts("state"), cell: (one) => <State one={one} /> },
              { name: texts("consumer.waiting"), cell: (one) => orUnknown(waitingOf(one)), number: true },
              {
                name: texts("consumer.pace"),
                cell: ({ arrivesPerHour, drainsPerHour }) =>
                  `${arrivesPerHour === null ? "–" : number(arrivesPerHour)} / ${drainsPerHour === null ? "–" : number(drainsPerHour)}`,
                number: true,
              },
              {
                name: texts("consumer.drained"),
                cell: ({ drainedInSeconds }) => (drainedInSeconds === null ? "–" : lasted(drainedInSeconds * 1000)),
                number: true,
              },
              {
                name: texts("consumer.pause"),
                silent: true,
                number: true,
                cell: (one) => <Act one={one} again={loaded.again} onPause={() => setPausing(one.name)} />,
              },
            ]}
            rows={shown}
            idOf={({ name }) => name}
          />
        )}
      </Listed>
      <Command text={commands.consumers()} />
      {pausing !== null && <Pause name={pausing} again={loaded.again} onClose={() => setPausing(null)} />}
    </section>
  );
}

interface ActProps {
  readonly one: ConsumerShape;
  readonly again: () => void;
  readonly onPause: () => void;
}

function Act({ one, again, onPause }: ActProps) {
  const { api, config } = useConsole();
  const { name, state } = one;
  const resume = async (): Promise<void> => {
    const given = { path: placeOf(name), body: {}, intent: `resume ${name}` };
    try {
      await api.ask("PUT /api/operations/consumers/{service}/{queue}/resume", given);
      toast(texts("consumer.told", { name }));
    } catch (error) {
      notDone(texts("ops.failed"), error);
    }
    again();
  };
  if (state === "running" || state === "resuming") {
    return (
      <Button class="button-small" label={`${texts("consumer.pause")} ${name}`} onPress={onPause}>
        {texts("consumer.pause")}
      </Button>
    );
  }
  return (
    <>
      <Button class="button-small" label={`${texts("consumer.resume")} ${name}`} onPress={resume}>
        {texts("consumer.resume")}
      </Button>
      <code class="block small soft">{ofStage(commands.resume(name), config.stage)}</code>
    </>
  );
}

interface PauseProps {
  readonly name: string;
  readonly again: () => void;
  readonly onClose: () => void;
}

function Pause({ name, again, onClose }: PauseProps) {
  const { api } = useConsole();
  const draft = useDraft(`pause ${name}`);
  const text = draft.typed.reason ?? "";
  const reason = text.trim();
  const { error, save } = useSave(
    () =>
      api.ask("PUT /api/operations/consumers/{service}/{queue}/pause", {
        path: placeOf(name),
        body: { reason },
        intent: `pause ${name}`,
      }),
    () => {
      draft.clear();
      toast(texts("consumer.told", { name }));
      again();
      onClose();
    },
  );
  return (
    <Dialog title={texts("consumer.pauseTitle", { name })} onClose={onClose}>
      <p>{texts("consumer.pauseHow")}</p>
      <Field
        label={texts("ops.reason")}
        hint={texts("ops.reasonHint")}
        value={text}
        onInput={(value) => draft.set("reason", value)}
        rows={2}
        required
      />
      <SaveError error={error} />
      <div class="row">
        <Button kind="primary" disabled={reason === ""} onPress={save}>
          {texts("consumer.pause")}
        </Button>
        <Button onPress={onClose}>{shared("cancel")}</Button>
      </div>
      {reason !== "" && <Command text={commands.pause(name, reason)} />}
    </Dialog>
  );
}
