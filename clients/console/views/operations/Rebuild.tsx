/** A rebuild or a replay: how far it is; of a rebuild, how what was built differs, and the switch to it. */

import { Button } from "../../../pages/design/Button.tsx";
import { Failed, Loading, Notice } from "../../../pages/design/states.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import type { RebuildShape, ReplayShape, RunShape } from "../../../pages/generated/api.ts";
import { dayAndTime, lasted, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { useLoad } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { Command } from "../../parts/Command.tsx";
import { Pair } from "../../parts/Pair.tsx";
import { SaveError } from "../../parts/SaveError.tsx";
import { useAnnounced } from "../../parts/useAnnounced.ts";
import { useSave } from "../../parts/useSave.ts";
import { texts } from "../../texts/texts.ts";
import { RunActs } from "./RunActs.tsx";

const STEPS = ["plan", "begin", "fill", "compare", "look again", "built", "switch", "drop", "over"] as const;

function stepWords(step: string): string {
  const known = STEPS.find((one) => one === step);
  return known ? texts(known === "begin" ? "rebuild.beginning" : `rebuild.${known}`) : step;
}

interface Props {
  readonly run: RunShape;
  readonly again: () => void;
  readonly every: number;
}

export function Rebuild({ run, again, every }: Props) {
  const { api } = useConsole();
  const path = { id: run.id };
  const loaded = useLoad<{ shown: ReplayShape; rebuild: RebuildShape | null }>(
    `history ${run.id}`,
    async (signal) => {
      if (run.kind === "replay") {
        const { replay } = await api.get("GET /api/operations/replays/{id}", { path, signal });
        return { shown: replay, rebuild: null };
      }
      const { rebuild } = await api.get("GET /api/operations/rebuilds/{id}", { path, signal });
      return { shown: rebuild, rebuild };
    },
    every,
  );
  const step = loaded.data?.shown.step;
  useAnnounced(step === undefined ? null : { step }, (told) => stepWords(told.step));
  if (!loaded.data) return loaded.error ? <Failed error={loaded.error} again={loaded.again} /> : <Loading />;
  const { shown, rebuild } = loaded.data;
  const changed = (): void => {
    again();
    loaded.again();
  };
  return (
    <>
      {shown.wrong && <Notice kind="warn">{shown.wrong}</Notice>}
      {run.state === "stopped" && <Notice kind="bad">{shown.why}</Notice>}
      <div class="columns">
        <Progress shown={shown} />
        <section class="card stack" aria-labelledby="run">
          <h2 id="run">{texts("run.id")}</h2>
          <dl class="facts">
            <Pair name={texts("run.begun")}>
              {dayAndTime(run.created)}, {texts("ops.by", { name: run.by })}
            </Pair>
            {run.ended && <Pair name={texts("run.ended")}>{dayAndTime(run.ended)}</Pair>}
          </dl>
          {rebuild?.mayBeSwitched ? <Decision id={run.id} again={changed} /> : <RunActs run={run} again={changed} />}
        </section>
      </div>
      {rebuild && rebuild.compared.rows.length > 0 && <Compared rebuild={rebuild} />}
    </>
  );
}

function Progress({ shown }: { readonly shown: ReplayShape }) {
  return (
    <section class="card stack" aria-labelledby="progress">
      <h2 id="progress">
        {shown.to} {shown.view}
      </h2>
      {shown.percent !== null && (
        <svg class="ramp" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
          <rect class="part-done" x="0" y="0" width={shown.percent} height="1" />
        </svg>
      )}
      <dl class="facts">
        <Pair name={texts("rebuild.step")}>
          {stepWords(shown.step)}
          {shown.percent !== null && shown.step === "fill" && ` · ${texts("robots.percent", { value: shown.percent })}`}
        </Pair>
        <Pair name={texts("rebuild.messages")}>{number(shown.messages)}</Pair>
        {shown.failed > 0 && <Pair name={texts("rebuild.letters")}>{number(shown.failed)}</Pair>}
      </dl>
      {shown.secondsLeft !== null && (
        <p class="soft">{texts("run.left", { time: lasted(shown.secondsLeft * 1000) })}</p>
      )}
    </section>
  );
}

function Decision({ id, again }: { readonly id: string; readonly again: () => void }) {
  const { api } = useConsole();
  const act = (name: "switch" | "abort") => () =>
    api.ask(`PUT /api/operations/runs/{id}/${name}`, { path: { id }, body: {}, intent: `${name} run ${id}` });
  const switched = useSave(act("switch"), again);
  const aborted = useSave(act("abort"), again);
  return (
    <div class="stack-close">
      <SaveError error={switched.error ?? aborted.error} />
      <div class="row">
        <Button kind="primary" onPress={switched.save}>
          {texts("rebuild.doSwitch")}
        </Button>
        <Button kind="danger" onPress={aborted.save}>
          {texts("rebuild.abort")}
        </Button>
      </div>
      <Command text={[commands.ofRun("switch", id), commands.ofRun("abort", id)]} />
    </div>
  );
}

function Compared({ rebuild }: { readonly rebuild: RebuildShape }) {
  const { compared } = rebuild;
  return (
    <section class="card stack-close" aria-labelledby="compared">
      <h2 id="compared">
        {texts("rebuild.different")}: {number(compared.different)}
      </h2>
      <p class="soft">
        {texts("rebuild.rows")}: {compared.rows.map(number).join(", ")}
      </p>
      {compared.samples.length > 0 && (
        <Table<(typeof compared.samples)[number]>
          caption={texts("rebuild.different")}
          columns={[
            { name: texts("rebuild.row"), cell: ({ partition, sort }) => `${partition} ${sort}` },
            { name: texts("rebuild.live"), cell: ({ live }) => <code>{live ?? "–"}</code> },
            { name: texts("rebuild.builtRow"), cell: ({ built }) => <code>{built ?? "–"}</code> },
          ]}
          rows={compared.samples}
          idOf={({ partition, sort }) => `${partition} ${sort}`}
        />
      )}
    </section>
  );
}
