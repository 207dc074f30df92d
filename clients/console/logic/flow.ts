/** What flows on the map: the messages that the boards told of in the last minute, counted for each line. */

import type { ConsumerShape, GroupShape } from "../../pages/generated/api.ts";
import graph from "../../pages/generated/map.json";
import type { Message } from "../../pages/live/protocol.ts";
import type { Flow } from "./systemMap.ts";
import { serviceOf } from "./timeline.ts";

/** The boards whose messages are counted: all that there are. */
export const BOARDS = ["orders", "lists", "robots", "invoices", "stores"] as const;

const MINUTE = 60_000; // milliseconds

/** Messages that live takes for the page of one order: no board has them (functions/live/views.py). */
export const ON_NO_BOARD = ["PaymentConfirmed", "PaymentRefunded", "PaymentVoided"];

const TOLD = new Set(
  Object.entries(graph["live/inbox"]).flatMap(([from, names]) =>
    names.filter((name) => !ON_NO_BOARD.includes(name)).map((name) => `${from} ${name}`),
  ),
);

/** Whether a board tells of a service's messages of a name. */
export const isTold = (from: string, name: string): boolean => TOLD.has(`${from} ${name}`);

/** A message that a board told of. */
export interface Seen {
  readonly id: string;
  readonly from: string;
  readonly name: string;
  /** When it was sent; when it came, if the browser's clock is behind. */
  readonly at: number;
}

/** Those of the last minute. Nothing left: the same list. */
export function recent(seen: readonly Seen[], now: number): readonly Seen[] {
  const left = seen.filter(({ at }) => at > now - MINUTE);
  return left.length === seen.length ? seen : left;
}

/** With what a board told of now. One that comes twice counts once, and one that comes late counts by its own time. */
export function noted(seen: readonly Seen[], messages: readonly Message[], now: number): readonly Seen[] {
  const known = new Map(seen.map((one) => [one.id, one]));
  for (const { id, source, name, time } of messages)
    if (!known.has(id)) known.set(id, { id, from: serviceOf(source), name, at: Math.min(Date.parse(time), now) });
  return recent([...known.values()], now);
}

/** What is known of a line now. */
export interface Line extends Flow {
  /** Messages of the last minute, at least; null where no board tells of any, or none is counted now. */
  readonly pace: number | null;
  /** Consumers at its end that take none now, so that they wait. */
  readonly held: readonly string[];
  /** Open dead letters of its messages. */
  readonly dead: number;
}

/** seen: null while the boards are not live. */
export function lineOf(
  flow: Flow,
  seen: readonly Seen[] | null,
  consumers: readonly Pick<ConsumerShape, "name" | "state">[],
  groups: readonly Pick<GroupShape, "consumer" | "message" | "counts">[],
): Line {
  const { from, names, takers } = flow;
  const told = names.some((name) => isTold(from, name));
  return {
    ...flow,
    pace: seen && told ? seen.filter((one) => one.from === from && names.includes(one.name)).length : null,
    held: consumers.filter(({ name, state }) => takers.includes(name) && state !== "running").map(({ name }) => name),
    dead: groups
      .filter(({ consumer, message }) => takers.includes(consumer) && names.includes(message))
      .reduce((all, { counts }) => all + counts.open, 0),
  };
}

/** Whether it moves: something went along, and was taken at its end. */
export const moves = ({ pace, held }: Line): boolean => pace !== null && pace > 0 && held.length === 0;

/** Whether there is anything to say of it now. */
export const isBusy = ({ pace, held, dead }: Line): boolean => (pace ?? 0) > 0 || held.length > 0 || dead > 0;
