/** Follows an order by asking for it again and again: an unchanged one is answered without its content (ETag). */

import type { Api } from "../../pages/api/api.ts";
import { ApiError } from "../../pages/api/problem.ts";
import type { OrderingOrderContent as Order } from "../../pages/generated/api.ts";

export type { Order };

/** Milliseconds between two questions: while it is being checked, and later. */
const SOON = 2_000;
const LATER = 5_000;
const ENDED = ["completed", "rejected", "cancelled"];

export interface Told {
  readonly changed: (order: Order) => void;
  /** Whether the last question was answered. */
  readonly heard: (answered: boolean) => void;
  /** The customer's session is over: nothing more is heard. */
  readonly ended: () => void;
}

/** Until `signal` says to stop, nothing more can change, or the session is over. What is not there yet is about to be created. */
export async function follow(api: Api, id: string, told: Told, signal: AbortSignal): Promise<void> {
  let etag: string | null = null;
  let order: Order | null = null;
  while (!signal.aborted) {
    try {
      const ifNoneMatch: { ifNoneMatch?: string } = etag === null ? {} : { ifNoneMatch: etag };
      const answer = await api.ask("GET /api/ordering/{id}", { path: { id }, signal, ...ifNoneMatch });
      told.heard(true);
      if (answer.data) {
        order = answer.data.order;
        etag = answer.etag;
        told.changed(order);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.kind === "unauthenticated") return told.ended();
      told.heard(error instanceof ApiError && error.kind === "not_found");
    }
    if (order && ENDED.includes(order.status)) return;
    await pause(order && order.status !== "pending" ? LATER : SOON, signal);
  }
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });

export type Step = "placed" | "accepted" | "ready" | "paid" | "completed";
export type Reached = "done" | "now" | "later";

/** How far an order is; null before the mall has it. Money and goods come in either order. */
export function stepsOf(order: Order | null): readonly (readonly [Step, Reached])[] {
  const status = order?.status ?? "pending";
  const accepted = status !== "pending";
  const ready = order?.ready ?? false;
  const paid = order?.paid ?? false;
  const completed = status === "completed";
  const when = (done: boolean, before: boolean): Reached => (done ? "done" : before ? "now" : "later");
  return [
    ["placed", "done"],
    ["accepted", when(accepted, true)],
    ["ready", when(ready || completed, accepted)],
    ["paid", when(paid || completed, ready)],
    ["completed", when(completed, ready && paid)],
  ];
}
