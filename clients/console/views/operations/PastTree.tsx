/** The tree of an order's messages, seen from a moment: what was sent later is dimmed, and what its commit sent is marked. */

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { CommittedTimeline } from "../../../pages/generated/api.ts";
import { type Moment, sentAt } from "../../logic/past.ts";
import { type Entry, lines, merged } from "../../logic/timeline.ts";
import { MessageTree, type Place } from "../../parts/MessageTree.tsx";
import { said } from "../../texts/said.ts";

/** What scrolls can be moved by the keyboard. */
const REACHED = { tabIndex: 0 };

interface Props {
  readonly moments: readonly Moment[];
  readonly messages: CommittedTimeline["messages"];
  readonly chosen: number;
}

export function PastTree({ moments, messages, chosen }: Props) {
  const tree = useMemo(() => lines(merged(messages, [])), [messages]);
  const sent = useMemo(() => sentAt(moments, messages), [moments, messages]);
  const own = new Set(moments[chosen]?.commit.messages.map(({ id }) => id));
  const until = messages.filter(({ id }) => (sent.get(id) ?? 0) <= chosen).length;
  const placeOf = ({ id }: Entry): Place => (own.has(id) ? "now" : (sent.get(id) ?? 0) <= chosen ? "sent" : "later");
  const place = useInSight(chosen);
  return (
    <section class="stack-close" aria-labelledby="tree">
      <h2 id="tree">{said("past.tree")}</h2>
      <p class="soft small">
        {said("past.sent", { at: until, all: messages.length })} {own.size === 0 && said("past.silent")}
      </p>
      {/* biome-ignore lint/a11y/useSemanticElements: what is shown in it is no field of a form */}
      <div class="past-tree" ref={place} role="group" aria-labelledby="tree" {...REACHED}>
        <MessageTree lines={tree} placeOf={placeOf} />
      </div>
    </section>
  );
}

/** Moves what scrolls, and not the page, until the messages of the moment are in sight. */
function useInSight(chosen: number): preact.RefObject<HTMLDivElement | null> {
  const place = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: chosen: other messages are those of the moment
  useLayoutEffect(() => {
    const now = place.current?.querySelector(".node-now");
    if (!place.current || !now) return;
    const [shown, line] = [place.current.getBoundingClientRect(), now.getBoundingClientRect()];
    if (line.top < shown.top || line.bottom > shown.bottom)
      place.current.scrollTop += line.top - shown.top - (shown.height - line.height) / 2;
  }, [chosen]);
  return place;
}
