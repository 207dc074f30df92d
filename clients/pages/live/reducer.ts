/** The client's state machine for mallbots.v1, as a pure function: no clock, no random numbers, no I/O of its own.
 *
 * The page runs it (connection.ts), and the simulation runs the very same code (bridge.mjs). README.md has its rules.
 */

import { ask, askAt, confirm, doubt, leave, postpone, progress, takeTopics } from "./asking.ts";
import { confirmEpoch, type Feed, isWhole, keyOf, knowHead, takeChanges, takeSnapshot } from "./feed.ts";
import { close, hurry, isNeeded, keepLinks, lose, takeOpened, takeToken } from "./links.ts";
import { type Frame, read } from "./protocol.ts";
import {
  type Input,
  type Link,
  newestOpen,
  type Output,
  openLinks,
  type State,
  type Status,
  type Step,
  setFeed,
  setLink,
  TIMES,
  without,
} from "./state.ts";

export { type Input, initial, type Output, type State, type Status } from "./state.ts";

/** The next state, and what is to be done in this order. */
export function reduce(state: State, input: Input): [State, Output[]] {
  const step: Step = { state, now: input.now, random: input.random, outputs: [] };
  take(step, input);
  keepLinks(step);
  ask(step);
  showStatus(step);
  return [step.state, step.outputs];
}

/** When the next tick is due, in the milliseconds of the inputs; null: nothing is waited for. */
export function due(state: State): number | null {
  const times: number[] = [];
  for (const link of state.links) {
    if (link.phase !== "open") times.push(link.since + TIMES.opens);
    else times.push(link.ping === null ? link.pingedAt + TIMES.pings : link.ping.at + TIMES.pongs);
  }
  const link = newestOpen(state);
  for (const [key, feed] of link ? state.feeds : []) {
    const at = link && askAt(state, link, key, feed);
    if (typeof at === "number") times.push(at);
  }
  if (isNeeded({ state, now: Number.POSITIVE_INFINITY })) times.push(Math.max(state.retryAt, moveAt(state)));
  if (state.status.state === "reconnecting") times.push((state.freshAt ?? 0) + TIMES.stale);
  for (const lack of state.lacks.values()) if (state.status.state === "live") times.push(lack.since + TIMES.hides);
  return times.length === 0 ? null : Math.min(...times);
}

const moveAt = (state: State): number => state.links.at(-1)?.moveAt ?? 0;

function take(step: Step, input: Input): void {
  switch (input.type) {
    case "start":
      step.state = { ...step.state, url: input.url, signIn: false, retryAt: step.now };
      return;
    case "stop":
      for (const link of step.state.links) close(step, link);
      step.state = { ...step.state, url: null };
      return;
    case "topics":
      takeTopics(step, input.topics);
      return;
    case "online":
    case "offline":
      step.state = { ...step.state, online: input.type === "online" };
      hurry(step);
      return;
    case "visible":
      hurry(step);
      return;
    case "tick":
      return;
    default:
      takeOf(step, input);
  }
}

/** What happened on a connection; of one that is gone already nothing counts. */
function takeOf(step: Step, input: Extract<Input, { connection: number }>): void {
  const link = step.state.links.find((other) => other.id === input.connection);
  if (!link) return;
  switch (input.type) {
    case "token":
      takeToken(step, link, input.token, input.refused === true);
      return;
    case "opened":
      takeOpened(step, link);
      return;
    case "closed":
      if (step.state.status.state === "live") step.state = { ...step.state, freshAt: step.now };
      lose(step, link);
      return;
    case "frame": {
      if (link.phase !== "open") return;
      const frame = read(input.text);
      const heard = setLink(step, { ...link, heardAt: step.now });
      if (frame) takeFrame(step, heard, frame);
    }
  }
}

function takeFrame(step: Step, link: Link, frame: Frame): void {
  switch (frame.type) {
    case "pong":
      takePong(step, link, frame);
      return;
    case "unsubscribed":
      takeUnsubscribed(step, link, frame.topic);
      return;
    case "error":
      takeError(step, link, frame);
      return;
    default:
      takePlaced(step, link, frame);
  }
}

type Placed = Extract<Frame, { type: "snapshot" | "changes" | "subscribed" }>;

function takePlaced(step: Step, link: Link, frame: Placed): void {
  const key = keyOf(frame.topic, frame.shard);
  const feed = step.state.feeds.get(key);
  if (!feed) {
    // Nobody wants it: the server did not hear, or it was on its way. Once at a time: `leaving` says so.
    const strange = !step.state.wanted.includes(frame.topic) && !link.leaving.has(frame.topic);
    if (strange) leave(step, link, [frame.topic]);
    return;
  }
  const current = progress(step, link, key);
  switch (frame.type) {
    case "snapshot": {
      const [next, whole, changed] = takeSnapshot(feed, frame, link.id, step.state.lastPing);
      setFeed(step, key, next);
      if (changed) step.outputs.push({ type: "rows", topic: feed.topic, shard: feed.shard, ...changed });
      if (whole) confirm(step, current, key, feed.topic);
      return;
    }
    case "changes": {
      const [next, changed] = takeChanges(feed, frame);
      setFeed(step, key, next);
      if (changed) step.outputs.push({ type: "rows", topic: feed.topic, shard: feed.shard, ...changed });
      return;
    }
    case "subscribed":
      if (frame.epoch !== feed.epoch) return;
      setFeed(step, key, confirmEpoch(knowHead(feed, frame.position)));
      confirm(step, current, key, feed.topic);
  }
}

function takePong(step: Step, link: Link, frame: Extract<Frame, { type: "pong" }>): void {
  const answered = link.ping !== null && frame.id >= link.ping.id;
  let current = answered ? setLink(step, { ...link, ping: null }) : link;
  for (const place of frame.positions) {
    const key = keyOf(place.topic, place.shard);
    const feed = step.state.feeds.get(key);
    // The ping was sent before these rows' epoch was taken up: it asked about another.
    if (!feed || !isWhole(feed) || frame.id <= feed.asOfPing) continue;
    if (place.epoch === feed.epoch) {
      setFeed(step, key, knowHead(feed, place.position));
      continue;
    }
    setFeed(step, key, { ...feed, retired: [] });
    doubt(step, current, key);
    current = step.state.links.find((other) => other.id === link.id) ?? current;
  }
}

function takeUnsubscribed(step: Step, link: Link, topic: string): void {
  if (link.leaving.has(topic)) {
    setLink(step, { ...link, leaving: without(link.leaving, topic) });
    return;
  }
  // Late: it was wanted again meanwhile, and this may have ended the newer subscription.
  for (const [key, feed] of step.state.feeds) {
    const current = step.state.links.find((other) => other.id === link.id);
    if (feed.topic === topic && current) doubt(step, current, key);
  }
}

function takeError(step: Step, link: Link, frame: Extract<Frame, { type: "error" }>): void {
  const topic = frame.topic ?? null;
  step.outputs.push({ type: "problem", code: frame.code, message: frame.message, topic });
  if (topic === null || !step.state.wanted.includes(topic)) return;
  if (frame.code !== "unreadable") {
    postpone(step, link, topic);
    return;
  }
  // What breaks the protocol does so each time.
  step.state = { ...step.state, refused: new Set(step.state.refused).add(topic) };
}

function showStatus(step: Step): void {
  const { state, now } = step;
  const feeds = [...state.feeds.values()].filter((feed) => !state.refused.has(feed.topic));
  const loading = [...new Set(feeds.filter((feed) => !isWhole(feed)).map((feed) => feed.topic))];
  const shown = feeds.filter(isWhole);
  const heard = openLinks(state).map((link) => link.heardAt);
  const open = heard.length > 0;
  let { freshAt } = state;
  let word: Status["state"];
  if (open && (shown.length > 0 || feeds.length === 0) && shown.every((feed) => isCurrent(state, feed, now))) {
    word = "live";
    freshAt = Math.max(freshAt ?? 0, ...heard);
  } else if (freshAt === null || (open && shown.length === 0)) word = "connecting";
  else word = now >= freshAt + TIMES.stale ? "stale" : "reconnecting";
  const { online, signIn } = state;
  const since = word === "live" || word === "connecting" ? null : freshAt;
  const status: Status = { state: word, since, loading, refused: [...state.refused], online, signIn };
  step.state = { ...state, freshAt };
  if (JSON.stringify(status) === JSON.stringify(state.status)) return;
  step.state = { ...step.state, status };
  step.outputs.push({ type: "status", status });
}

/** Whether a feed's rows are current: subscribed, and nothing lacking for longer than a moment. */
function isCurrent(state: State, feed: Feed, now: number): boolean {
  const key = keyOf(feed.topic, feed.shard);
  const lack = state.lacks.get(key);
  if (lack && now >= lack.since + TIMES.hides) return false;
  return openLinks(state).some((link) => link.confirmed.has(key));
}
