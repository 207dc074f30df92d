/** An order's timeline: which message caused which, across services, growing as they come. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Api } from "../../pages/api/api.ts";
import { Empty, Failed, Loading } from "../../pages/design/states.tsx";
import type { InsightsMessageShape as MessageShape } from "../../pages/generated/api.ts";
import type { Message } from "../../pages/live/connection.ts";
import { useConsole } from "../context.ts";
import { isKind, useLoad, useLoadedAgain } from "../load.ts";
import { lines, merged } from "../logic/timeline.ts";
import { useIsOperator } from "../operations.ts";
import { MessageTree } from "../parts/MessageTree.tsx";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";

const SETTLES = 1_500; // milliseconds after which the archive has what was heard of; then twice as long each time
const LOOKS = 5;
const PAGES = 20; // of 100 messages: no order has so many

/** All messages of an order's flows, oldest first. One without any has none yet: the archive follows. */
async function archive(api: Api, id: string, signal: AbortSignal): Promise<readonly MessageShape[]> {
  const messages: MessageShape[] = [];
  let next: string | undefined;
  try {
    for (let page = 0; page < PAGES; page += 1) {
      const query = { limit: 100, ...(next === undefined ? {} : { next }) };
      const answer = await api.get("GET /api/insights/orders/{id}/timeline", { path: { id }, query, signal });
      messages.push(...answer.messages);
      next = answer.next;
      if (!next) break;
    }
  } catch (error) {
    if (!isKind(error, "not_found")) throw error;
  }
  return messages;
}

/** The messages that the stream told of since the view was opened. */
function useHeard(id: string): ReadonlyMap<string, Message> {
  const { live } = useConsole();
  const [heard, setHeard] = useState<ReadonlyMap<string, Message>>(new Map());
  useEffect(
    () =>
      live.onMessages((topic, messages) => {
        if (topic !== `order:${id}`) return;
        setHeard((before) => new Map([...before, ...messages.map((message) => [message.id, message] as const)]));
      }),
    [live, id],
  );
  return heard;
}

/** Asks the archive again after something was heard of that it does not have: later each time, a few times at most. */
function useReconciled(missing: number, heard: number, again: () => void): void {
  const looks = useRef({ heard: 0, times: 0 });
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    if (looks.current.heard !== heard) looks.current = { heard, times: 0 };
    if (missing === 0) return;
    let timer: number;
    const look = (): void => {
      if (looks.current.times >= LOOKS) return;
      looks.current = { heard, times: looks.current.times + 1 };
      latest.current();
      wait();
    };
    const wait = (): void => {
      timer = window.setTimeout(look, SETTLES * 2 ** looks.current.times);
    };
    wait();
    return () => window.clearTimeout(timer);
  }, [missing, heard]);
}

interface Props {
  readonly id: string;
  /** The newest known of the order: after a (re)connect the messages before are in the archive alone. */
  readonly version: number;
}

export function Timeline({ id, version }: Props) {
  const { api } = useConsole();
  const { data, error, again } = useLoad(`timeline ${id}`, (signal) => archive(api, id, signal));
  const heard = useHeard(id);
  const entries = merged(data ?? [], heard.values());
  useReconciled(entries.filter(({ fresh }) => fresh).length, heard.size, again);
  useLoadedAgain(version, again);
  const isOperator = useIsOperator();
  return (
    <section class="card stack-close timeline-card" aria-labelledby="timeline">
      <h2 id="timeline" class="row">
        {texts("timeline")}
        {isOperator && (
          <a class="small" href={to("operations", "orders", id)}>
            {texts("ops.past")}
          </a>
        )}
      </h2>
      {entries.length > 0 ? (
        <MessageTree lines={lines(entries)} />
      ) : error ? (
        <Failed error={error} again={again} />
      ) : data ? (
        <Empty>
          <p>{texts("timeline.empty")}</p>
        </Empty>
      ) : (
        <Loading />
      )}
      {entries.length > 0 && error ? <p class="soft small">{texts("timeline.behind")}</p> : null}
    </section>
  );
}
