/** How rows are put on boards: orders by stage, lists by robot and age, invoices by what is waited for. */

import type { InvoiceRow, ListRow, OrderRow, RobotRow } from "../../pages/generated/frames.ts";

export interface Row<Data> {
  readonly id: string;
  readonly version: number;
  readonly data: Data;
}

export const STAGES = ["new", "collecting", "waiting", "ended"] as const;
export type Stage = (typeof STAGES)[number];

/** new: not approved yet. collecting: robots are at it. waiting: at the depot. ended: for better or worse. */
export function stageOf(order: Pick<OrderRow, "status" | "ready">): Stage {
  if (order.status === "pending") return "new";
  if (order.status === "approved") return order.ready ? "waiting" : "collecting";
  return order.status === "ready" ? "waiting" : "ended";
}

/** Orders by stage: who waits longest comes first, of those that ended the latest. */
export function byStage(orders: Iterable<Row<OrderRow>>): Readonly<Record<Stage, readonly Row<OrderRow>[]>> {
  const stages: Record<Stage, Row<OrderRow>[]> = { new: [], collecting: [], waiting: [], ended: [] };
  for (const order of orders) stages[stageOf(order.data)].push(order);
  const oldest = by<Row<OrderRow>>(({ data }) => data.createdAt);
  for (const stage of STAGES) stages[stage].sort(oldest);
  const latest = by<Row<OrderRow>>(({ data }) => data.endedAt ?? data.createdAt);
  stages.ended.sort((a, b) => latest(b, a));
  return stages;
}

export interface RobotLists {
  /** Null: no robot has them yet. */
  readonly botId: string | null;
  readonly robot: RobotRow | null;
  readonly lists: readonly Row<ListRow>[];
}

/** Open lists by robot: those without a robot first, then the robot whose list is oldest. A robot may be unknown yet. */
export function byRobot(lists: Iterable<Row<ListRow>>, robots: ReadonlyMap<string, Row<RobotRow>>): RobotLists[] {
  const groups = new Map<string | null, Row<ListRow>[]>();
  for (const list of [...lists].sort(by(({ data }) => data.since))) {
    groups.set(list.data.botId, [...(groups.get(list.data.botId) ?? []), list]);
  }
  const made = [...groups].map(([botId, own]) => ({
    botId,
    robot: botId === null ? null : (robots.get(botId)?.data ?? null),
    lists: own,
  }));
  return made.sort((a, b) => Number(a.botId !== null) - Number(b.botId !== null));
}

const STATES: Readonly<Record<RobotRow["status"], number>> = { active: 0, idle: 1, offline: 2, retired: 3 };

/** A robot that is offline with a list comes first, then by state and name. */
export function sortedRobots(robots: Iterable<Row<RobotRow>>): Row<RobotRow>[] {
  const rank = ({ status, listId }: RobotRow): number => (status === "offline" && listId ? -1 : STATES[status]);
  return [...robots].sort(
    (a, b) => rank(a.data) - rank(b.data) || compare(a.data.name, b.data.name) || compare(a.id, b.id),
  );
}

/** Invoices: of orders that are at the depot first, since their customers come; of each the oldest first. */
export function toBePaid(
  invoices: Iterable<Row<InvoiceRow>>,
  orders: ReadonlyMap<string, Row<OrderRow>>,
): Row<InvoiceRow>[] {
  const waits = ({ data }: Row<InvoiceRow>): boolean => orders.get(data.orderId)?.data.ready ?? false;
  const oldest = by<Row<InvoiceRow>>(({ data }) => data.since);
  return [...invoices]
    .filter(({ data }) => data.status === "pending")
    .sort((a, b) => Number(waits(b)) - Number(waits(a)) || oldest(a, b));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** By a text, and of equal ones by id, so that the order does not depend on which came first. */
const by =
  <Each extends { readonly id: string }>(text: (row: Each) => string) =>
  (a: Each, b: Each): number =>
    compare(text(a), text(b)) || compare(a.id, b.id);
