/** An order over time: a slider from event to event, the tree of the order's messages as far as they were sent then, and
 * every aggregate of the order as it was. The states come from their owners, each version once.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Api } from "../../../pages/api/api.ts";
import { Badge } from "../../../pages/design/Badge.tsx";
import { Button } from "../../../pages/design/Button.tsx";
import { Empty, Failed, Loading } from "../../../pages/design/states.tsx";
import type { CommittedTimeline, StateAnswer } from "../../../pages/generated/api.ts";
import { shortId } from "../../../pages/text/ids.ts";
import { clockTime, dayAndTime, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { isKind, useLoad } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { at, type Moment, momentsOf, nameOf, robotsOf, type Stream, streamsOf, type Then } from "../../logic/past.ts";
import { words } from "../../logic/timeline.ts";
import { Command } from "../../parts/Command.tsx";
import { Heading } from "../../parts/Heading.tsx";
import { Pair } from "../../parts/Pair.tsx";
import { to } from "../../route.ts";
import { said } from "../../texts/said.ts";
import { texts } from "../../texts/texts.ts";
import { commitsOf, PAGES } from "./commits.ts";
import { PastTree } from "./PastTree.tsx";

interface History {
  readonly moments: readonly Moment[];
  readonly messages: CommittedTimeline["messages"];
  /** Services that did not answer, and streams whose owner did not. */
  readonly gaps: readonly string[];
}

async function history(api: Api, order: string, signal: AbortSignal): Promise<History> {
  const told = await timeline(api, order, signal);
  const streams = streamsOf(order, told.messages);
  const asked = await Promise.allSettled(streams.map((stream) => commitsOf(api, stream, signal)));
  const silent = streams.filter((_, index) => {
    const one = asked[index];
    return one?.status === "rejected" && !isKind(one.reason, "not_found");
  });
  const gaps = [...new Set([...told.gaps, ...silent.map(nameOf)])];
  const known = streams.flatMap((stream, index) => {
    const one = asked[index];
    return one?.status === "fulfilled" ? [{ stream, commits: one.value }] : [];
  });
  return { moments: momentsOf(known), messages: told.messages, gaps };
}

/** The messages of the order's flows, as their owners have them, and who of these did not answer. */
async function timeline(api: Api, id: string, signal: AbortSignal): Promise<CommittedTimeline> {
  const told: CommittedTimeline = { messages: [], gaps: [] };
  let next: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const query = { limit: 100, ...(next === undefined ? {} : { next }) };
    const answer = await api.get("GET /api/operations/orders/{id}/timeline", { path: { id }, query, signal });
    told.messages.push(...answer.messages);
    told.gaps.push(...answer.gaps);
    next = answer.next;
    if (!next) break;
  }
  return told;
}

export function Past({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const { data, error, again } = useLoad(`past ${id}`, (signal) => history(api, id, signal));
  const back = { label: texts("order.title", { id: shortId(id) }), parts: ["orders", id] };
  return (
    <>
      <Heading title={said("past.title", { id: shortId(id) })} back={back} />
      {data && data.moments.length > 0 ? (
        <Slider order={id} history={data} />
      ) : error ? (
        <Failed error={error} again={again} />
      ) : data ? (
        <Empty>
          <p>{texts("order.none", { id })}</p>
        </Empty>
      ) : (
        <Loading />
      )}
    </>
  );
}

function Slider({
  order,
  history: { moments, messages, gaps },
}: {
  readonly order: string;
  readonly history: History;
}) {
  const [chosen, setChosen] = useState(moments.length - 1);
  const cache = useRef<Cache>(new Map());
  const moment = moments[chosen];
  const settled = useSettled(chosen);
  if (!moment) return null;
  const label = `${clockTime(moment.time)} · ${eventsOf(moment)} · ${moment.stream.service}`;
  return (
    <section class="card stack-close" aria-label={said("past.moment")}>
      <div class="past-slider">
        <Button label={said("past.earlier")} disabled={chosen === 0} onPress={() => setChosen(chosen - 1)}>
          ←
        </Button>
        <input
          type="range"
          min={0}
          max={moments.length - 1}
          value={chosen}
          aria-label={said("past.moment")}
          aria-valuetext={label}
          onInput={(event) => setChosen(Number(event.currentTarget.value))}
        />
        <Button
          label={said("past.later")}
          disabled={chosen === moments.length - 1}
          onPress={() => setChosen(chosen + 1)}
        >
          →
        </Button>
      </div>
      <p>
        <strong lang="en">{eventsOf(moment)}</strong>{" "}
        <span class="soft">
          {moment.stream.service} ·{" "}
          <time dateTime={moment.time} title={dayAndTime(moment.time)}>
            {clockTime(moment.time)}
          </time>{" "}
          · {said("past.of", { at: number(chosen + 1), all: number(moments.length) })}
        </span>
      </p>
      {gaps.length > 0 && <p class="warn">{said("past.gaps", { names: gaps.join(", ") })}</p>}
      <div class="past-columns">
        <PastTree moments={moments} messages={messages} chosen={chosen} />
        <div class="past-states">
          {at(moments, chosen).map((then) => (
            <State key={nameOf(then.stream)} then={then} settled={settled} cache={cache.current} />
          ))}
        </div>
      </div>
      <Others robots={robotsOf(messages)} />
      <Command
        text={[commands.at(moment.time, nameOf(moment.stream)), commands.history(order), commands.trace(order)]}
      />
    </section>
  );
}

/** What is not shown as it was, since it outlives the order. */
function Others({ robots }: { readonly robots: readonly string[] }) {
  return (
    <p class="soft small">
      {said("past.others")}{" "}
      {robots.map((id, index) => (
        <span key={id}>
          {index > 0 && ", "}
          <a href={to("robots", id)}>{said("past.robot", { id: shortId(id) })}</a>
        </span>
      ))}
    </p>
  );
}

const eventsOf = ({ commit }: Moment): string => commit.events.map(({ name }) => words(name)).join(", ");

const SETTLES = 200; // milliseconds

/** Whether the slider has stood still for a moment: until then nothing is asked. */
function useSettled(value: number): boolean {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLES);
    return () => clearTimeout(timer);
  }, [value]);
  return settled === value;
}

/** States by stream and version: what an aggregate was never changes. */
type Cache = Map<string, StateAnswer>;

interface StateProps {
  readonly cache: Cache;
  readonly then: Then;
  readonly settled: boolean;
}

function State({ then: { stream, version, changed }, settled, cache }: StateProps) {
  const { answer, error, again } = useStateOf(cache, stream, version, settled);
  return (
    <section class={changed ? "past-state past-changed" : "past-state"} aria-label={nameOf(stream)}>
      <h2 class="row row-tight small" lang="en">
        {words(stream.kind)} <span class="service">{stream.service}</span>
        <span class="soft">{said("past.version", { version: number(version) })}</span>
        {changed && <Badge kind="accent">{said("past.changed")}</Badge>}
      </h2>
      {answer ? (
        <Fields state={answer.state} />
      ) : error ? (
        <Failed error={error} again={again} />
      ) : (
        <p class="soft">…</p>
      )}
    </section>
  );
}

/** The state of an aggregate at a version, asked for once. */
function useStateOf(cache: Cache, stream: Stream, version: number, settled: boolean) {
  const { api } = useConsole();
  const [, drawn] = useState(0);
  const key = `${nameOf(stream)} ${version}`;
  const [failed, setFailed] = useState<{ key: string; error: unknown } | null>(null);
  const answer = cache.get(key);
  useEffect(() => {
    if (!settled || cache.has(key) || failed?.key === key) return;
    const aborting = new AbortController();
    const { signal } = aborting;
    const { service, kind, id } = stream;
    const given = { path: { service, kind, id }, query: { version }, signal };
    api.get("GET /api/operations/streams/{service}/{kind}/{id}/state", given).then(
      (found) => {
        cache.set(key, found);
        drawn((times) => times + 1);
      },
      (error: unknown) => signal.aborted || setFailed({ key, error }),
    );
    return () => aborting.abort();
  }, [api, cache, key, stream, version, settled, failed]);
  return { answer, error: failed?.key === key ? failed.error : null, again: () => setFailed(null) };
}

function Fields({ state }: { readonly state: Readonly<Record<string, unknown>> }) {
  return (
    <dl class="facts small" lang="en">
      {Object.entries(state).map(([name, value]) => (
        <Pair key={name} name={name}>
          <Value value={value} />
        </Pair>
      ))}
    </dl>
  );
}

/** A list has a line for each of its entries: whole, and still short enough to be compared with another. */
function Value({ value }: { readonly value: unknown }) {
  if (Array.isArray(value) && value.length > 0) return <pre>{value.map((one) => JSON.stringify(one)).join("\n")}</pre>;
  return <>{typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "–")}</>;
}
