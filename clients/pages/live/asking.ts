/** Subscriptions: asked for on each connection, again when they are not answered, and again when something is missing. */

import { emptyFeed, type Feed, isLacking, isWhole, keyOf } from "./feed.ts";
import { isTopic, MOST_ENTRIES, shardsOf } from "./protocol.ts";
import {
  doubling,
  type Lack,
  type Link,
  newestOpen,
  openLinks,
  type State,
  type Step,
  send,
  setLink,
  TIMES,
  without,
} from "./state.ts";

/** Takes the topics that are wanted from now on. */
export function takeTopics(step: Step, topics: readonly string[]): void {
  const wanted = [...new Set(topics)];
  const dropped = step.state.wanted.filter((topic) => !wanted.includes(topic));
  const feeds = new Map(step.state.feeds);
  for (const [key, feed] of feeds) if (dropped.includes(feed.topic)) feeds.delete(key);
  const known = wanted.filter(isTopic);
  for (const topic of known) {
    for (let shard = 0; shard < shardsOf(topic); shard += 1) {
      const key = keyOf(topic, shard);
      if (!feeds.has(key)) feeds.set(key, emptyFeed(topic, shard));
    }
  }
  const refused = new Set([...step.state.refused].filter((topic) => known.includes(topic)));
  for (const topic of wanted) if (!isTopic(topic)) refused.add(topic);
  step.state = { ...step.state, wanted, feeds, refused };
  for (const link of openLinks(step.state)) leave(step, link, dropped);
}

/** Unsubscribes from topics on a connection. */
export function leave(step: Step, link: Link, topics: readonly string[]): void {
  if (topics.length === 0) return;
  const leaving = new Map(link.leaving);
  for (const topic of topics) leaving.set(topic, step.now);
  const stays = (key: string): boolean => !topics.some((topic) => isOf(topic, key));
  const asked = new Map([...link.asked].filter(([key]) => stays(key)));
  const confirmed = new Set([...link.confirmed].filter(stays));
  setLink(step, { ...link, leaving, asked, confirmed });
  for (const entries of chunks(topics.map((topic) => ({ topic })))) {
    send(step, link, { action: "unsubscribe", topics: entries });
  }
}

const isOf = (topic: string, key: string): boolean => key.slice(0, key.lastIndexOf(" ")) === topic;

/** Asks for all that must be asked for now, on the newest open connection. An older one keeps what it has. */
export function ask(step: Step): void {
  settle(step);
  const link = newestOpen(step.state);
  if (link) askOn(step, dropOverdue(step, link));
}

/** An unsubscribe that was never answered holds up nothing for ever. */
function dropOverdue(step: Step, link: Link): Link {
  const leaving = new Map([...link.leaving].filter(([, at]) => step.now < at + TIMES.leaves));
  return leaving.size === link.leaving.size ? link : setLink(step, { ...link, leaving });
}

function askOn(step: Step, link: Link): void {
  const asked = new Map(link.asked);
  const entries: object[] = [];
  for (const [key, feed] of step.state.feeds) {
    const at = askAt(step.state, link, key, feed);
    if (at === null || step.now < at) continue;
    const tries = asked.get(key)?.tries ?? -1;
    asked.set(key, { again: answeredBy(step, link, tries + 1), tries: tries + 1 });
    entries.push(entry(feed));
    const lack = step.state.lacks.get(key);
    if (lack) {
      const lacks = new Map(step.state.lacks).set(key, {
        ...lack,
        askAt: askAgainAt(step.now, lack.tries + 1),
        tries: lack.tries + 1,
      });
      step.state = { ...step.state, lacks };
    }
  }
  if (entries.length === 0) return;
  setLink(step, { ...link, asked });
  for (const topics of chunks(entries)) send(step, link, { action: "subscribe", topics, packed: true });
}

/** When a feed is to be asked for on a connection; null where nothing is missing. */
export function askAt(state: State, link: Link, key: string, feed: Feed): number | null {
  if (state.refused.has(feed.topic)) return null;
  const leftAt = link.leaving.get(feed.topic);
  if (leftAt !== undefined) return leftAt + TIMES.leaves;
  const asked = link.asked.get(key);
  if (asked) return asked.again;
  if (!link.confirmed.has(key)) return link.since;
  return state.lacks.get(key)?.askAt ?? null;
}

/** Until when an answer is waited for. Who came back in the same moment does not ask again in the same moment. */
const answeredBy = ({ now, random }: Step, { opening }: Link, tries: number): number =>
  now + (1 + random / 2) * doubling(Math.max(TIMES.answers, 2 * opening), tries, TIMES.longestAnswer);

/** An answer that is coming in is waited for: to ask again would have it begin anew. */
export function progress(step: Step, link: Link, key: string): Link {
  const asked = link.asked.get(key);
  if (!asked) return link;
  const again = answeredBy(step, link, asked.tries);
  return setLink(step, { ...link, asked: new Map(link.asked).set(key, { ...asked, again }) });
}

/** The server has answered that a topic is unavailable: there is no other answer to wait for. */
export function postpone(step: Step, link: Link, topic: string): void {
  const wait = (1 + step.random) / 2;
  const asked = new Map(link.asked);
  for (const [key, { tries }] of link.asked) {
    const again = step.now + wait * doubling(TIMES.unavailable, tries, TIMES.longestAnswer);
    if (isOf(topic, key)) asked.set(key, { again, tries });
  }
  setLink(step, { ...link, asked });
}

const askAgainAt = (now: number, tries: number): number => now + doubling(TIMES.gap, tries, TIMES.longestGap);

function entry(feed: Feed): object {
  const { topic, shard, epoch, position } = feed;
  return isWhole(feed) ? { topic, shard, epoch, since: position } : { topic, shard };
}

/** Notes which feeds lack something, and since when. */
function settle(step: Step): void {
  const { now, state } = step;
  const lacks = new Map<string, Lack>();
  for (const [key, feed] of state.feeds) {
    if (!isLacking(feed) || state.refused.has(feed.topic)) continue;
    lacks.set(key, state.lacks.get(key) ?? { since: now, askAt: askAgainAt(now, 0), tries: 0 });
  }
  step.state = { ...step.state, lacks };
}

/** The subscription works: the feed's answer is complete. */
export function confirm(step: Step, link: Link, key: string, topic: string): void {
  if (link.leaving.has(topic)) return;
  setLink(step, { ...link, asked: without(link.asked, key), confirmed: new Set(link.confirmed).add(key) });
}

/** The subscription does not work (any more): it is asked for anew. */
export function doubt(step: Step, link: Link, key: string): void {
  setLink(step, { ...link, confirmed: new Set([...link.confirmed].filter((other) => other !== key)) });
}

function chunks<Entry>(entries: readonly Entry[]): Entry[][] {
  const found: Entry[][] = [];
  for (let at = 0; at < entries.length; at += MOST_ENTRIES) found.push(entries.slice(at, at + MOST_ENTRIES));
  return found;
}
