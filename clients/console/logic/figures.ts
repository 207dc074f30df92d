/** Today's figures as points of plots. */

import type { FunnelAnswer, SalesAnswer } from "../../pages/generated/api.ts";

export interface Point {
  readonly label: string;
  readonly value: number;
}

/** From the beginning of the day here until now. */
export function today(now: Date): { from: string; to: string } {
  const from = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  return { from: from.toISOString(), to: now.toISOString() };
}

/** A value for each hour of the day here from the first sale until now, also for hours in which nothing was sold. */
export function byHour(sales: Pick<SalesAnswer, "byHour">, now: Date, of: "orders" | "revenue"): Point[] {
  const sold = new Map<number, number>();
  for (const row of sales.byHour) {
    const at = new Date(row.hour);
    if (at.toDateString() === now.toDateString()) sold.set(at.getHours(), (sold.get(at.getHours()) ?? 0) + row[of]);
  }
  const first = Math.min(now.getHours(), ...sold.keys());
  return Array.from({ length: now.getHours() - first + 1 }, (_, at) => ({
    label: `${String(first + at).padStart(2, "0")}:00`,
    value: Math.round((sold.get(first + at) ?? 0) * 100) / 100,
  }));
}

export const FUNNEL = ["basketsStarted", "checkedOut", "approved", "ready", "paid", "completed"] as const;
export const LOST = ["abandoned", "rejected", "cancelled"] as const;

export function funnelPoints(
  funnel: FunnelAnswer,
  stages: readonly (keyof FunnelAnswer)[],
  name: (stage: keyof FunnelAnswer) => string,
): Point[] {
  return stages.map((stage) => ({ label: name(stage), value: funnel[stage] }));
}
