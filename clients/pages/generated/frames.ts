// Generated from events/live/schemas by `make docs`: change that, not this.

/**
 * A row's new state. data: None where it left the board.
 */
export interface Change {
  id: string;
  version: number;
  data: {
    [k: string]: unknown;
  } | null;
  message: ChangedBy;
}
/**
 * The message that changed a row.
 */
export interface ChangedBy {
  id: string;
  name: string;
  time: string;
  source: string;
  stream: string;
  causationId: string | null;
  correlationId: string;
  actor: string;
}
/**
 * A part of one item of a shard's log.
 */
export interface Changes {
  topic: string;
  shard: number;
  epoch: string;
  position: number;
  type: "changes";
  part: number;
  parts: number;
  changes: Change[];
}
/**
 * What was not done, and why; the connection stays.
 *
 * unreadable: the frame breaks the protocol. unavailable: try again. topic: which one it is about, if one.
 */
export interface Error {
  type: "error";
  code: "unreadable" | "unavailable";
  message: string;
  topic?: string | null;
}
/**
 * A position in the log of a topic's shard.
 *
 * epoch: of that log; empty in an answer where nobody's watch is held any more: then subscribe again.
 */
export interface Place {
  topic: string;
  shard: number;
  epoch: string;
  position: number;
}
/**
 * Keep the connection and its watches, and compare positions; every 30 s. Answered by `pong`.
 */
export interface Ping {
  action: "ping";
  id: number;
  positions?: Place[];
}
/**
 * The answer to a ping: the heads of the logs as of now, in the order of what was asked.
 */
export interface Pong {
  type: "pong";
  id: number;
  positions: Place[];
}
/**
 * A row of a board. version: that of the stream that it is made from.
 */
export interface BoardRow {
  id: string;
  version: number;
  data: {
    [k: string]: unknown;
  };
}
/**
 * A part of a shard's rows, as they were at the position or later; no rows where the board is empty.
 */
export interface Snapshot {
  topic: string;
  shard: number;
  epoch: string;
  position: number;
  type: "snapshot";
  part: number;
  parts: number;
  rows: BoardRow[];
}
/**
 * What is subscribed to: a topic (all its shards where none is named).
 *
 * epoch, since: of a client that has what came up to this position of this epoch; then the shard is named too.
 */
export interface Wanted {
  topic: string;
  shard?: number | null;
  epoch?: string | null;
  since?: number | null;
}
/**
 * Subscribe to topics: each shard is answered by what was missed and `subscribed`, or by a snapshot.
 */
export interface Subscribe {
  action: "subscribe";
  topics: Wanted[];
}
/**
 * A resume is complete: all changes after `since`, up to this position, were sent before.
 */
export interface Subscribed {
  topic: string;
  shard: number;
  epoch: string;
  position: number;
  type: "subscribed";
}
/**
 * A topic of no more interest.
 */
export interface Unwanted {
  topic: string;
}
/**
 * End subscriptions; each is answered by `unsubscribed`.
 */
export interface Unsubscribe {
  action: "unsubscribe";
  topics: Unwanted[];
}
/**
 * A subscription ended; changes that were on their way may still come.
 */
export interface Unsubscribed {
  type: "unsubscribed";
  topic: string;
}
