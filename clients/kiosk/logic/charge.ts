/** Charging what an order holds on a card before it is picked up. */

import type { Api } from "../../pages/api/api.ts";
import { ApiError } from "../../pages/api/problem.ts";
import type { Order } from "./follow.ts";

/** charged: now. soon: the order has no invoice yet. Or the order as it is, where it needs no charge any more. */
export type Charged = "charged" | "soon" | Order;

/** In milliseconds: an invoice is there a moment after its order was accepted. */
const WAITS = [1_000, 2_000, 3_000];

const SLEEP = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Throws ApiError; `refused` where the order still is to be charged. */
export async function charge(api: Api, id: string, intent: string, sleep = SLEEP): Promise<Charged> {
  const given = { path: { id }, body: {}, intent, keep: true };
  for (const wait of [...WAITS, null]) {
    try {
      await api.ask("PUT /api/payments/invoices/{id}/pay", given);
      return "charged";
    } catch (error) {
      const kind = error instanceof ApiError ? error.kind : "";
      if (kind === "refused") return settled(api, id, error);
      if (kind !== "not_found") throw error;
      if (wait !== null) await sleep(wait);
    }
  }
  return "soon";
}

/** Somebody may have charged or cancelled it meanwhile. */
async function settled(api: Api, id: string, refused: unknown): Promise<Order> {
  const { order } = await api.get("GET /api/ordering/{id}", { path: { id } });
  if (order.paid || order.status === "cancelled" || order.status === "rejected") return order;
  throw refused;
}
