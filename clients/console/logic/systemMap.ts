/** The map of the system: services in columns, who publishes what to whom, and what is known of each now. The graph is
 * made by `make docs` of what services register.
 */

import type { ConsumerShape, GroupShape } from "../../pages/generated/api.ts";
import graph from "../../pages/generated/map.json";
import { placeOf, waitingOf } from "./operations.ts";

export interface Flow {
  readonly from: string;
  readonly to: string;
  /** The names of its messages. */
  readonly names: readonly string[];
  /** The consumers that take them. */
  readonly takers: readonly string[];
}

type Graph = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** What goes from one service to another, or back to itself. */
export function flowsOf(consumers: Graph): readonly Flow[] {
  const found = new Map<string, Flow>();
  for (const [consumer, sources] of Object.entries(consumers)) {
    const { service: to } = placeOf(consumer);
    for (const [from, names] of Object.entries(sources)) {
      const key = `${from} ${to}`;
      const known = found.get(key);
      const all = new Set([...(known?.names ?? []), ...names]);
      found.set(key, { from, to, names: [...all].sort(), takers: [...(known?.takers ?? []), consumer] });
    }
  }
  return [...found.values()];
}

/** Columns from left to right, such that as few messages as can be simply found go back (Eades, Lin and Smyth, 1993);
 * who only listens is in the last one.
 */
export function columnsOf(flows: readonly Flow[]): readonly (readonly string[])[] {
  const between = flows.filter(({ from, to }) => from !== to);
  const services = [...new Set(between.flatMap(({ from, to }) => [from, to]))].sort();
  const listeners = listenersOf(between, services);
  const among = between.filter(({ to }) => !listeners.has(to));
  const order = orderOf(
    services.filter((one) => !listeners.has(one)),
    among,
  );
  const column = new Map<string, number>();
  for (const service of order) {
    const before = among
      .filter(({ from, to }) => to === service && column.has(from))
      .map(({ from }) => column.get(from));
    column.set(service, Math.max(-1, ...before.map((one) => one ?? -1)) + 1);
  }
  const made: string[][] = [];
  for (const [service, at] of column) made[at] = [...(made[at] ?? []), service];
  return listeners.size === 0 ? made : [...made, [...listeners]];
}

/** Those of whom only such consume anything that consume without an effect on others. */
function listenersOf(flows: readonly Flow[], services: readonly string[]): Set<string> {
  const listeners = new Set<string>();
  for (let before = -1; before < listeners.size; ) {
    before = listeners.size;
    for (const one of services)
      if (flows.every(({ from, to }) => from !== one || listeners.has(to))) listeners.add(one);
  }
  return listeners;
}

function orderOf(services: readonly string[], flows: readonly Flow[]): readonly string[] {
  const left = new Set(services);
  const weight = (end: "from" | "to", one: string): number =>
    flows.reduce(
      (sum, flow) => (flow[end] === one && left.has(flow.from) && left.has(flow.to) ? sum + flow.names.length : sum),
      0,
    );
  const first: string[] = [];
  const last: string[] = [];
  while (left.size > 0) {
    const rest = [...left];
    const sink = rest.find((one) => weight("from", one) === 0);
    const next =
      sink ??
      rest.reduce((best, one) =>
        weight("from", one) - weight("to", one) > weight("from", best) - weight("to", best) ? one : best,
      );
    if (sink && weight("to", sink) > 0) last.unshift(sink);
    else first.push(next);
    left.delete(next);
  }
  return [...first, ...last];
}

export const FLOWS = flowsOf(graph);
export const COLUMNS = columnsOf(FLOWS);

export interface Facts {
  /** Messages that wait; null where SQS does not say. */
  readonly waits: number | null;
  /** Messages for it of the last minute, at least; null where none is counted. */
  readonly perMinute: number | null;
  /** Seconds until what waits is handled at the pace of now. */
  readonly lag: number | null;
  /** Open dead letters. */
  readonly dead: number;
  /** Consumers that do not run. */
  readonly halted: readonly string[];
  readonly mark: "good" | "warn" | "bad" | "plain";
}

const sum = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
};

const LATE = 60; // seconds

/** What is known of a service: all its consumers together. paces: those of the lines to it, its own to itself too. */
export function factsOf(
  service: string,
  paces: readonly (number | null)[],
  consumers: readonly ConsumerShape[],
  groups: readonly Pick<GroupShape, "consumer" | "counts">[],
): Facts {
  const own = consumers.filter(({ name }) => placeOf(name).service === service);
  const lags = own.map(({ drainedInSeconds }) => drainedInSeconds).filter((one) => one !== null);
  const dead = groups
    .filter(({ consumer }) => placeOf(consumer).service === service)
    .reduce((all, { counts }) => all + counts.open, 0);
  const halted = own.filter(({ state }) => state !== "running").map(({ name }) => name);
  const lag = lags.length === 0 ? null : Math.max(...lags);
  return {
    waits: sum(own.map(waitingOf)),
    perMinute: sum(paces),
    lag,
    dead,
    halted,
    mark: dead > 0 ? "bad" : halted.length > 0 || (lag ?? 0) > LATE ? "warn" : own.length > 0 ? "good" : "plain",
  };
}

/** In units of the drawing. */
export const NODE = { width: 150, height: 64, across: 220, down: 88 } as const;

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Where each service is drawn, and how large the drawing is. Columns are centred. */
export function layout(columns: readonly (readonly string[])[]): {
  readonly at: ReadonlyMap<string, Spot>;
  readonly width: number;
  readonly height: number;
} {
  const most = Math.max(...columns.map((one) => one.length));
  const at = new Map<string, Spot>();
  for (const [column, services] of columns.entries()) {
    const top = ((most - services.length) * NODE.down) / 2;
    for (const [row, one] of services.entries())
      at.set(one, { x: 12 + column * NODE.across, y: 12 + top + row * NODE.down });
  }
  return {
    at,
    width: 24 + (columns.length - 1) * NODE.across + NODE.width,
    height: 24 + (most - 1) * NODE.down + NODE.height,
  };
}

/** A point, to write at: the middle of a line. */
export function middle(from: Spot, to: Spot): Spot {
  const down = NODE.height * (to.x > from.x ? 0.35 : 0.65);
  return { x: (from.x + to.x + NODE.width) / 2, y: (from.y + to.y) / 2 + down };
}

/** A curve from one service to another: what goes on leaves at the right, what goes back at the left. */
export function curve(from: Spot, to: Spot): string {
  const forth = to.x > from.x;
  const [x1, x2] = forth ? [from.x + NODE.width, to.x - 6] : [from.x, to.x + NODE.width + 6];
  const [y1, y2] = [from.y + NODE.height * (forth ? 0.35 : 0.65), to.y + NODE.height * (forth ? 0.35 : 0.65)];
  const bend = (forth ? 1 : -1) * Math.max(40, Math.abs(x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
