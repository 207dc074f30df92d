/** One saga: where it stands, what it awaits, what it did until now, and the two acts: send again, and resume. */

import { Failed, Loading, Notice } from "../../../pages/design/states.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import type { WholeSaga } from "../../../pages/generated/api.ts";
import { shortId } from "../../../pages/text/ids.ts";
import { clockTime, dayAndTime, lasted, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { isKind, useLoad, useLoadedAgain, useNow } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { stepsOf } from "../../logic/sagas.ts";
import { OFTEN } from "../../operations.ts";
import { Command } from "../../parts/Command.tsx";
import { Heading } from "../../parts/Heading.tsx";
import { Listed } from "../../parts/Listed.tsx";
import { Pair } from "../../parts/Pair.tsx";
import { to } from "../../route.ts";
import { said } from "../../texts/said.ts";
import { texts } from "../../texts/texts.ts";
import { commitsOf } from "./commits.ts";
import { SagaActs } from "./SagaActs.tsx";
import { SagaState } from "./Sagas.tsx";

export function Saga({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const loaded = useLoad(
    `saga ${id}`,
    (signal) => api.get("GET /api/checkout/sagas/{orderId}", { path: { orderId: id }, signal }),
    OFTEN,
  );
  const saga = loaded.data?.saga;
  return (
    <>
      <Heading
        title={said("saga.one", { id: shortId(id) })}
        back={{ label: texts("ops.sagas"), parts: ["operations", "sagas"] }}
      >
        {saga && <SagaState status={saga.status} />}
      </Heading>
      {saga ? (
        <div class="columns columns-even">
          <div class="stack">
            <Facts saga={saga} />
            <SagaActs saga={saga} again={loaded.again} />
          </div>
          <div class="stack">
            <Awaited saga={saga} />
            <Steps saga={saga} />
          </div>
        </div>
      ) : isKind(loaded.error, "not_found") ? (
        <Notice>{said("saga.missing", { id })}</Notice>
      ) : loaded.error ? (
        <Failed error={loaded.error} again={loaded.again} />
      ) : (
        <Loading />
      )}
    </>
  );
}

interface Props {
  readonly saga: WholeSaga;
}

function Facts({ saga: { orderId, status, since, compensating, step, reason } }: Props) {
  const hasEnded = status !== "running" && status !== "parked";
  return (
    <section class="card stack" aria-labelledby="facts">
      <h2 id="facts">{said("saga.facts")}</h2>
      {reason && <p class="quoted">{reason}</p>}
      <dl class="facts">
        <Pair name={texts("order")}>
          <a href={to("orders", orderId)} class="mono">
            {shortId(orderId)}
          </a>
        </Pair>
        <Pair name={said("saga.since")}>
          <time dateTime={since}>{dayAndTime(since)}</time>
        </Pair>
        {!hasEnded && (
          <>
            <Pair name={said("saga.way")}>{said(compensating ? "saga.undoing" : "saga.forward")}</Pair>
            <Pair name={said("saga.lowest")}>{number(step)}</Pair>
          </>
        )}
        <Pair name={texts("ops.past")}>
          <a href={to("operations", "orders", orderId)}>{said("past.title", { id: shortId(orderId) })}</a>
        </Pair>
      </dl>
      <Command text={commands.saga(orderId)} />
    </section>
  );
}

function Awaited({ saga: { awaited } }: Props) {
  const now = useNow(5_000);
  return (
    <section class="card stack-close" aria-labelledby="awaits">
      <h2 id="awaits">{said("saga.awaits")}</h2>
      {awaited.length === 0 ? (
        <p class="soft">{said("saga.nothing")}</p>
      ) : (
        <Table<WholeSaga["awaited"][number]>
          caption={said("saga.awaits")}
          columns={[
            { name: said("saga.command"), cell: ({ command }) => <span lang="en">{command}</span> },
            { name: said("saga.try"), cell: ({ attempt }) => number(attempt), number: true },
            { name: said("saga.due"), cell: ({ due }) => <Due at={due} now={now} />, number: true },
          ]}
          rows={awaited}
          idOf={({ command }) => command}
        />
      )}
    </section>
  );
}

/** When a try times out, or did. */
function Due({ at, now }: { readonly at: string; readonly now: number }) {
  const left = Date.parse(at) - now;
  if (Number.isNaN(left)) return <>–</>;
  return (
    <time dateTime={at} title={dayAndTime(at)}>
      {said(left > 0 ? "saga.in" : "saga.ago", { time: lasted(Math.abs(left)) })}
    </time>
  );
}

/** What its stream says, which its owner is asked for again when the saga has changed. */
function Steps({ saga }: Props) {
  const { api } = useConsole();
  const { orderId } = saga;
  const loaded = useLoad(`steps of ${orderId}`, async (signal) => {
    const stream = { service: "checkout", kind: "CreateOrderSaga", id: orderId };
    return stepsOf(await commitsOf(api, stream, signal));
  });
  useLoadedAgain(JSON.stringify(saga), loaded.again);
  return (
    <section class="card stack-close" aria-labelledby="steps">
      <h2 id="steps">{said("saga.steps")}</h2>
      <Listed loaded={loaded} rows={loaded.data ?? undefined} none={said("saga.noneSuch")}>
        {(rows) => (
          <ol class="timeline plain">
            {rows.map(({ version, time, events, sent }) => (
              <li key={version} class="node">
                {/* Names of events and commands are what the system calls them, in each language. */}
                <span class="node-name" lang="en">
                  {events.join(", ")}
                </span>
                <span class="soft small">
                  <time dateTime={time} title={dayAndTime(time)}>
                    {clockTime(time)}
                  </time>
                  {sent.length > 0 && ` · ${said("saga.sent", { names: sent.join(", ") })}`}
                </span>
              </li>
            ))}
          </ol>
        )}
      </Listed>
      <Command text={commands.history(`CreateOrderSaga#${orderId}`)} />
    </section>
  );
}
