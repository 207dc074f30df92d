/** A redrive: how far its ramp is, what became of its letters, and beside it what was forecast of them. */

import { Notice } from "../../../pages/design/states.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import type { AnswerBesideOutcomes, RunAnswer } from "../../../pages/generated/api.ts";
import { dayAndTime, lasted, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { useLoad } from "../../load.ts";
import { partsOf, readStep } from "../../logic/operations.ts";
import { Pair } from "../../parts/Pair.tsx";
import { useAnnounced } from "../../parts/useAnnounced.ts";
import { texts } from "../../texts/texts.ts";
import { answerWords } from "./Forecast.tsx";
import { RunActs } from "./RunActs.tsx";

interface Props {
  readonly shown: RunAnswer;
  readonly again: () => void;
  readonly every: number;
}

export function Redrive({ shown, again, every }: Props) {
  const { run, skipped, secondsLeft } = shown;
  const told = { done: run.counts.done ?? 0, total: run.total };
  useAnnounced(told, (counts) => texts("run.progress", counts));
  const parts = partsOf(run.counts);
  return (
    <>
      {run.state === "stopped" && (
        <Notice kind="bad">
          {texts("run.stopped")}: {run.why}
        </Notice>
      )}
      <div class="columns">
        <section class="card stack" aria-labelledby="progress">
          <h2 id="progress">{texts("run.progress", told)}</h2>
          <Bar parts={parts} total={run.total} />
          <dl class="facts">
            {parts.map(({ part, letters }) => (
              <Pair
                key={part}
                name={
                  <>
                    <span class={`swatch part-${part}`} aria-hidden="true" /> {texts(`part.${part}`)}
                  </>
                }
              >
                {number(letters)}
              </Pair>
            ))}
          </dl>
          {Object.entries(skipped).map(([why, letters]) => (
            <p key={why} class="soft small">
              {texts("run.skipped")}: {why} · {number(letters)}
            </p>
          ))}
        </section>
        <section class="card stack" aria-labelledby="run">
          <h2 id="run">{texts("run.id")}</h2>
          <dl class="facts">
            {run.ended === null && (
              <Pair name={texts("run.step")}>
                <Ramp step={shown.step} />
              </Pair>
            )}
            <Pair name={texts("run.begun")}>
              {dayAndTime(run.created)}, {texts("ops.by", { name: run.by })}
            </Pair>
            {run.ended && <Pair name={texts("run.ended")}>{dayAndTime(run.ended)}</Pair>}
            {run.why && run.state !== "stopped" && <Pair name={texts("run.why")}>{run.why}</Pair>}
          </dl>
          {secondsLeft !== null && run.ended === null && (
            <p class="soft">{texts("run.left", { time: lasted(secondsLeft * 1000) })}</p>
          )}
          <RunActs run={run} again={again} />
        </section>
      </div>
      {shown.asked.forecast ? <Beside id={run.id} every={every} /> : null}
    </>
  );
}

function Ramp({ step }: { readonly step: string }) {
  const known = readStep(step);
  if (known?.kind === "ramp") {
    const { step: at, steps, letters } = known;
    return <>{texts("run.ramp", { step: at, steps, letters })}</>;
  }
  return <>{known ? texts("run.rate", { rate: known.rate }) : step}</>;
}

/** Its numbers are beside it: a picture for who can see it. */
function Bar({ parts, total }: { readonly parts: ReturnType<typeof partsOf>; readonly total: number }) {
  let at = 0;
  return (
    <svg class="ramp" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      {parts.map(({ part, letters }) => {
        const width = total === 0 ? 0 : (letters / total) * 100;
        const x = at;
        at += width;
        return <rect key={part} class={`part-${part}`} x={x} y="0" width={width} height="1" />;
      })}
    </svg>
  );
}

function Beside({ id, every }: { readonly id: string; readonly every: number }) {
  const { api } = useConsole();
  const loaded = useLoad(
    `forecast of ${id}`,
    (signal) => api.get("GET /api/operations/runs/{id}/forecast", { path: { id }, signal }),
    every,
  );
  const answers = loaded.data?.answers ?? [];
  if (answers.length === 0) return null;
  const count = (name: "done" | "failing" | "dead" | "open", words: string) => ({
    name: words,
    number: true,
    cell: (row: AnswerBesideOutcomes) => number(row[name]),
  });
  return (
    <section class="card stack-close" aria-labelledby="beside">
      <h2 id="beside">{texts("run.beside")}</h2>
      <Table<AnswerBesideOutcomes>
        caption={texts("run.beside")}
        columns={[
          { name: texts("run.answer"), cell: ({ answer }) => answerWords(answer) },
          count("done", texts("part.done")),
          count("dead", texts("part.dead")),
          count("failing", texts("part.failing")),
          count("open", texts("part.open")),
        ]}
        rows={answers}
        idOf={({ answer }) => answer}
      />
    </section>
  );
}
