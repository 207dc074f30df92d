/** The frames of mallbots.v1 as the client reads and writes them (functions/live/frames.py is their source). */

import type {
  Change,
  Changes,
  Error as Failure,
  Pong,
  Snapshot,
  Subscribed,
  Unsubscribed,
} from "../generated/frames.ts";

export const PROTOCOL = "mallbots.v1";
/** Entries of one subscribe or unsubscribe, and positions of one ping: the server refuses more. */
export const MOST_ENTRIES = 50;
export const MOST_POSITIONS = 100;

/** How many shards a wide topic has; a part of the protocol, so another number is another protocol. */
const SHARDS: Readonly<Record<string, number>> = { orders: 4 };

export const shardsOf = (topic: string): number => SHARDS[topic] ?? 1;

/** As the server reads a topic. One that it cannot read would have it refuse all that is asked for in the same frame. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an id has none, as on the REST wire
const TOPIC = /^(orders|lists|robots|invoices|stores|order:[^\x00-\x1f\x7f#/]{1,200})$/;

export const isTopic = (topic: string): boolean => TOPIC.test(topic);

export type Frame = Snapshot | Changes | Subscribed | Unsubscribed | Pong | Failure;

/** The message that changed a row. */
export type Message = Change["message"];

const TYPES = new Set(["snapshot", "changes", "subscribed", "unsubscribed", "pong", "error"]);
const PLACED = new Set(["snapshot", "changes", "subscribed"]);

/** A frame, or null for a text that is none that this client knows: a newer server may send more. */
export function read(text: string): Frame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || typeof value.type !== "string" || !TYPES.has(value.type)) return null;
  if (PLACED.has(value.type) && !isPlace(value)) return null;
  if (value.type === "snapshot" && !(typeof value.id === "string" && isPart(value, "rows"))) return null;
  if (value.type === "changes" && !(isPart(value, "changes") && isList(value.more ?? [], isItem))) return null;
  if (value.type === "unsubscribed" && typeof value.topic !== "string") return null;
  if (value.type === "pong" && !(typeof value.id === "number" && isList(value.positions, isPlace))) return null;
  return value as unknown as Frame;
}

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isList = (value: unknown, holds: (entry: Fields) => boolean): boolean =>
  Array.isArray(value) && value.every((entry) => isObject(entry) && holds(entry));

const isPlace = (value: Fields): boolean =>
  typeof value.topic === "string" &&
  Number.isInteger(value.shard) &&
  typeof value.epoch === "string" &&
  Number.isInteger(value.position);

const isItem = (value: Fields): boolean => Number.isInteger(value.position) && isRows(value.changes);

const isRows = (value: unknown): boolean =>
  isList(value, (row) => typeof row.id === "string" && Number.isInteger(row.version));

const isPart = (value: Fields, rows: string): boolean =>
  Number.isInteger(value.part) && Number.isInteger(value.parts) && isRows(value[rows]);
