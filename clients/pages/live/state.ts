/** What the client's state machine is made of: its state, what comes in, what goes out, and its times. */

import type { Changed, Feed } from "./feed.ts";

/** All in milliseconds. */
export const TIMES = {
  /** For a token, and for a connection to open. */
  opens: 15_000,
  /** API Gateway ends a connection after 2 hours; the next is opened at 110 minutes, 5 earlier or later. */
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
  moves: 110 * 60_000,
  movesAround: 5 * 60_000,
  /** A ping each 30 s; API Gateway ends a connection that is idle for 10 minutes. */
  pings: 30_000,
  /** A pong must come within, or another ping is sent; when nothing at all came for twice as long, the socket is dead. */
  pongs: 10_000,
  /** A subscribe without an answer is sent again, after twice as long each time and up to half of that more: within */
  /** this time the server's function has ended, and until then to ask twice would only have it work twice. Where the */
  /** connection took long to open, many came at once, and the answer takes at least as long: twice that is waited. */
  answers: 10_000,
  longestAnswer: 30_000,
  /** What the server calls unavailable is asked for again after half of this to all of it, doubled in the same way. */
  unavailable: 5_000,
  /** For an unsubscribe to be answered. */
  leaves: 5_000,
  /** How long a gap may last before it is a reason to resume: two posts may overtake each other. */
  gap: 500,
  longestGap: 30_000,
  /** Full jitter: a random part of the first, doubled with each try up to the longest. */
  firstRetry: 500,
  longestRetry: 30_000,
  /** A connection that was open for so long had been a good one: the next retry begins at the first again. */
  good: 10_000,
  /** What is shown is called stale when it was not current for so long. */
  stale: 10_000,
  /** A gap shorter than this is not shown. */
  hides: 2_000,
} as const;

export interface Asked {
  /** When it is asked for again, unless it is answered before. */
  readonly again: number;
  readonly tries: number;
}

/** A connection, from the request for its token on. */
export interface Link {
  readonly id: number;
  readonly phase: "token" | "opening" | "open";
  /** When the phase began. */
  readonly since: number;
  /** How long it took to open. */
  readonly opening: number;
  /** When the next connection is to be opened. */
  readonly moveAt: number;
  /** Feeds that were subscribed to here and are not answered yet. */
  readonly asked: ReadonlyMap<string, Asked>;
  /** Feeds whose subscription works here. */
  readonly confirmed: ReadonlySet<string>;
  /** Topics that were unsubscribed from here, and when: not asked for again until the server has answered. */
  readonly leaving: ReadonlyMap<string, number>;
  /** The ping that has no pong yet. first: when the first of a row of such pings was sent. */
  readonly ping: { readonly id: number; readonly at: number; readonly first: number } | null;
  readonly pingedAt: number;
  readonly heardAt: number;
}

/** That a feed lacks something: since when, when that is a reason to resume, and how often it was. */
export interface Lack {
  readonly since: number;
  readonly askAt: number;
  readonly tries: number;
}

export interface Status {
  readonly state: "connecting" | "live" | "reconnecting" | "stale";
  /** When what is shown was current last; null while it is. */
  readonly since: number | null;
  /** Topics that have no rows yet. */
  readonly loading: readonly string[];
  /** Topics that the server refused. */
  readonly refused: readonly string[];
  readonly online: boolean;
  /** Nobody is signed in any more: no connection can be opened until somebody is. */
  readonly signIn: boolean;
}

export interface State {
  readonly url: string | null;
  readonly wanted: readonly string[];
  readonly refused: ReadonlySet<string>;
  readonly feeds: ReadonlyMap<string, Feed>;
  readonly lacks: ReadonlyMap<string, Lack>;
  /** One, or two at a hand-over; the newest last. */
  readonly links: readonly Link[];
  readonly lastLink: number;
  readonly lastPing: number;
  readonly retryAt: number;
  readonly attempt: number;
  readonly freshAt: number | null;
  readonly online: boolean;
  readonly signIn: boolean;
  readonly status: Status;
}

export const initial: State = {
  url: null,
  wanted: [],
  refused: new Set(),
  feeds: new Map(),
  lacks: new Map(),
  links: [],
  lastLink: 0,
  lastPing: 0,
  retryAt: 0,
  attempt: 0,
  freshAt: null,
  online: true,
  signIn: false,
  status: { state: "connecting", since: null, loading: [], refused: [], online: true, signIn: false },
};

/** What happened. now: in milliseconds, of any clock that does not go back. random: from 0 to less than 1. */
export type Input = { readonly now: number; readonly random: number } & (
  | { readonly type: "start"; readonly url: string }
  | { readonly type: "stop" }
  | { readonly type: "topics"; readonly topics: readonly string[] }
  /** token: null where none could be had; refused: nobody is signed in. */
  | { readonly type: "token"; readonly connection: number; readonly token: string | null; readonly refused?: boolean }
  | { readonly type: "opened"; readonly connection: number }
  | { readonly type: "closed"; readonly connection: number }
  | { readonly type: "frame"; readonly connection: number; readonly text: string }
  | { readonly type: "tick" }
  | { readonly type: "online" }
  | { readonly type: "offline" }
  | { readonly type: "visible" }
);

/** What is to be done. Of a connection that was closed, `closed` need not be reported. */
export type Output =
  | { readonly type: "token"; readonly connection: number }
  | { readonly type: "open"; readonly connection: number; readonly url: string; readonly protocols: readonly string[] }
  | { readonly type: "send"; readonly connection: number; readonly text: string }
  | { readonly type: "close"; readonly connection: number }
  | ({ readonly type: "rows"; readonly topic: string; readonly shard: number } & Changed)
  | { readonly type: "status"; readonly status: Status }
  | { readonly type: "problem"; readonly code: string; readonly message: string; readonly topic: string | null };

/** One step under way: the state so far, and the outputs so far. It never leaves `reduce`. */
export interface Step {
  state: State;
  readonly now: number;
  readonly random: number;
  readonly outputs: Output[];
}

export function setLink(step: Step, link: Link): Link {
  step.state = { ...step.state, links: step.state.links.map((other) => (other.id === link.id ? link : other)) };
  return link;
}

export function setFeed(step: Step, key: string, feed: Feed): void {
  step.state = { ...step.state, feeds: new Map(step.state.feeds).set(key, feed) };
}

export function send(step: Step, link: Link, message: object): void {
  step.outputs.push({ type: "send", connection: link.id, text: JSON.stringify(message) });
}

export const openLinks = (state: State): Link[] => state.links.filter((link) => link.phase === "open");

export const newestOpen = (state: State): Link | undefined => openLinks(state).at(-1);

export const doubling = (first: number, times: number, longest: number): number =>
  Math.min(longest, first * 2 ** Math.min(times, 20));

export function without<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
