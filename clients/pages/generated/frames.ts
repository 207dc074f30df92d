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
 * The message that changed a row. traceparent: its W3C trace context, which an item of earlier code lacks.
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
  traceparent?: string | null;
}
/**
 * One item of a shard's log, whole.
 */
export interface Item {
  position: number;
  changes: Change[];
}
/**
 * A part of one item of a shard's log. more: whole items that follow that one, where `packed` was asked for.
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
  more?: Item[] | null;
}
/**
 * What was not done, and why; the connection stays.
 *
 * unreadable: the frame breaks the protocol, or a limit of it. unavailable: try again. topic: which one it is about,
 * if one.
 */
export interface Error {
  type: "error";
  code: "unreadable" | "unavailable";
  message: string;
  topic?: string | null;
}
/**
 * An invoice. amount: what is owed.
 */
export interface InvoiceRow {
  orderId: string;
  paymentId: string;
  amount: number;
  status: "pending" | "paid" | "cancelled";
  /**
   * When it last changed.
   */
  since: string;
  /**
   * When the row leaves its board, which no other change tells.
   */
  leavesAt: string | null;
}
/**
 * A shopping list. stops: the stores on its route; quantity, picked: of all items.
 *
 * since: of an active list, when the robot started; earlier events do not say so, there it is the last pick.
 */
export interface ListRow {
  listId: string;
  orderId: string;
  status: "pending" | "available" | "assigned" | "active" | "completed" | "cancelled";
  botId: string | null;
  assignment: number;
  byStaff: boolean;
  stops: number;
  quantity: number;
  picked: number;
  /**
   * When it got its status.
   */
  since: string;
  /**
   * When the row leaves its board, which no other change tells.
   */
  leavesAt: string | null;
}
/**
 * An order. lines and quantity: of its items, without what robots could not find. reason: of a bad end.
 */
export interface OrderRow {
  orderId: string;
  customerId: string;
  paymentId: string;
  status: "pending" | "approved" | "ready" | "completed" | "rejected" | "cancelled";
  ready: boolean;
  paid: boolean;
  total: number;
  lines: number;
  quantity: number;
  /**
   * RFC 3339, in UTC.
   */
  createdAt: string;
  approvedAt: string | null;
  readiedAt: string | null;
  endedAt: string | null;
  reason: string | null;
  cancelledBy: ("customer" | "staff" | "system") | null;
  /**
   * When the row leaves its board, which no other change tells.
   */
  leavesAt: string | null;
}
/**
 * The payment of an order, from its confirmation on, as far as the messages that name the order tell.
 */
export interface PaymentRow {
  paymentId: string;
  status: "authorized" | "confirmed" | "settled" | "voided" | "refunded";
  authorized: number;
  captured: number;
  released: number;
  refunded: number;
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
 * A robot, with the list that it has. One that retired has left its board.
 */
export interface RobotRow {
  botId: string;
  name: string;
  status: "offline" | "idle" | "active" | "retired";
  listId: string | null;
  /**
   * When it got its status.
   */
  since: string;
  /**
   * When the row leaves its board, which no other change tells.
   */
  leavesAt: string | null;
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
 *
 * id: of the snapshot. Parts of two may come between each other, and only those of one are a board.
 */
export interface Snapshot {
  topic: string;
  shard: number;
  epoch: string;
  position: number;
  type: "snapshot";
  id: string;
  part: number;
  parts: number;
  rows: BoardRow[];
}
/**
 * A store.
 */
export interface StoreRow {
  storeId: string;
  name: string;
  location: string;
  participating: boolean;
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
 *
 * packed: whether `changes` that answer may hold what follows in `more`. Pages of before read one item of each.
 */
export interface Subscribe {
  action: "subscribe";
  topics: Wanted[];
  packed?: boolean;
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
