/** Connections: opened, pinged, replaced before they end, and opened again when they are lost. */

import { forgetParts, isWhole } from "./feed.ts";
import { MOST_POSITIONS, PROTOCOL } from "./protocol.ts";
import { doubling, type Link, newestOpen, openLinks, type Step, send, setLink, TIMES } from "./state.ts";

/** Begins a connection by asking for a token of its own. */
function begin(step: Step): void {
  const id = step.state.lastLink + 1;
  const link: Link = {
    id,
    phase: "token",
    since: step.now,
    opening: 0,
    moveAt: 0,
    asked: new Map(),
    confirmed: new Set(),
    leaving: new Map(),
    ping: null,
    pingedAt: 0,
    heardAt: 0,
  };
  step.state = { ...step.state, lastLink: id, links: [...step.state.links, link] };
  step.outputs.push({ type: "token", connection: id });
}

export function takeToken(step: Step, link: Link, token: string | null, refused: boolean): void {
  if (link.phase !== "token") return;
  if (token === null) {
    if (refused) step.state = { ...step.state, signIn: true };
    lose(step, link);
    return;
  }
  const url = step.state.url ?? "";
  step.outputs.push({ type: "open", connection: link.id, url, protocols: [PROTOCOL, token] });
  setLink(step, { ...link, phase: "opening", since: step.now });
}

export function takeOpened(step: Step, link: Link): void {
  if (link.phase !== "opening") return;
  const { now, random } = step;
  const moveAt = now + TIMES.moves + (random * 2 - 1) * TIMES.movesAround;
  setLink(step, { ...link, phase: "open", since: now, opening: now - link.since, moveAt, pingedAt: now, heardAt: now });
}

/** Takes a connection out. The next is begun after a random part of a time that doubles while none is a good one. */
export function lose(step: Step, link: Link): void {
  const { state, now, random } = step;
  const good = link.phase === "open" && now - link.since >= TIMES.good;
  const attempt = good ? 0 : state.attempt;
  const retryAt = now + random * doubling(TIMES.firstRetry, attempt, TIMES.longestRetry);
  drop(step, link);
  step.state = { ...step.state, attempt: attempt + 1, retryAt };
}

function drop(step: Step, link: Link): void {
  const feeds = new Map(step.state.feeds);
  for (const [key, feed] of feeds) feeds.set(key, forgetParts(feed, link.id));
  step.state = { ...step.state, feeds, links: step.state.links.filter((other) => other.id !== link.id) };
}

export function close(step: Step, link: Link): void {
  step.outputs.push({ type: "close", connection: link.id });
  drop(step, link);
}

/** Retries at once, but for a short random wait, and asks the open connection whether it still is one. */
export function hurry(step: Step): void {
  const soon = step.now + step.random * TIMES.firstRetry;
  step.state = { ...step.state, retryAt: Math.min(step.state.retryAt, soon) };
  const link = newestOpen(step.state);
  if (link && link.ping === null) ping(step, link);
}

/** Does what is due about connections. */
export function keepLinks(step: Step): void {
  for (const link of step.state.links) {
    if (link.phase !== "open" && step.now >= link.since + TIMES.opens) {
      step.outputs.push({ type: "close", connection: link.id });
      lose(step, link);
    } else if (link.phase === "open") keepAlive(step, link);
  }
  closeReplaced(step);
  if (isNeeded(step) && step.now >= step.state.retryAt) begin(step);
}

/** Whether another connection is wanted: there is none, or the newest is near its end. */
export function isNeeded({ state, now }: Pick<Step, "state" | "now">): boolean {
  if (state.url === null || state.signIn) return false;
  const newest = state.links.at(-1);
  return newest === undefined || (newest.phase === "open" && now >= newest.moveAt);
}

function keepAlive(step: Step, link: Link): void {
  const { now } = step;
  if (link.ping === null) {
    if (now >= link.pingedAt + TIMES.pings) ping(step, link);
    return;
  }
  const dead = link.heardAt < link.ping.first && now >= link.ping.first + 2 * TIMES.pongs;
  if (dead) {
    step.outputs.push({ type: "close", connection: link.id });
    lose(step, link);
  } else if (now >= link.ping.at + TIMES.pongs) ping(step, link);
}

function ping(step: Step, link: Link): void {
  const id = step.state.lastPing + 1;
  const positions = [...step.state.feeds.values()]
    .filter(isWhole)
    .slice(0, MOST_POSITIONS)
    .map(({ topic, shard, epoch, position }) => ({ topic, shard, epoch, position }));
  send(step, link, { action: "ping", id, positions });
  step.state = { ...step.state, lastPing: id };
  const first = link.ping !== null && link.heardAt < link.ping.first ? link.ping.first : step.now;
  setLink(step, { ...link, ping: { id, at: step.now, first }, pingedAt: step.now });
}

/** Closes the older connections once all feeds came up to date by the newest. */
function closeReplaced(step: Step): void {
  const newest = newestOpen(step.state);
  if (!newest) return;
  for (const [key, feed] of step.state.feeds) {
    if (!newest.confirmed.has(key) && !step.state.refused.has(feed.topic)) return;
  }
  for (const link of openLinks(step.state)) if (link.id < newest.id) close(step, link);
}
