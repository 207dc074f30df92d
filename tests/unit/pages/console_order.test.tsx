/** An order that changes while the API does not answer. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { type ReadonlySignal, signal } from "@preact/signals";
import { render } from "preact";
import { type Context, Place } from "../../../clients/console/context.ts";
import { Order } from "../../../clients/console/views/Order.tsx";
import { ApiError } from "../../../clients/pages/api/problem.ts";
import { passes, startClock, stopClock } from "./clock.ts";
import "./dom.ts";

const order = (total: number, status = "approved") => ({
  ...{ id: "o1", customerId: "ada", paymentId: "p1", status, ready: false, paid: false, total },
  items: [{ storeId: "s", storeName: "Tea", productId: "p", productName: "Pot", price: total, quantity: 1 }],
});

let version = 1;
let answers = true;
const rows = signal<ReadonlyMap<string, unknown>>(new Map());

async function ask() {
  if (!answers) throw new ApiError("offline", "", 0);
  return { data: { order: order(10 * version) }, etag: `"${version}"` };
}

async function get(name: string) {
  if (name === "GET /api/insights/orders/{id}/timeline") return { messages: [] };
  throw new ApiError("not_found", "", 404);
}

const context = {
  api: { ask, get },
  config: { stage: "test" },
  session: { presence: signal("in"), user: { name: "clerk", role: "staff" }, access: async () => "token" },
  live: {
    watch: () => () => undefined,
    onMessages: () => () => undefined,
    rows: (topic: string): ReadonlySignal<unknown> => (topic === "order:o1" ? rows : signal(new Map())),
    status: signal({ loading: [] }),
  },
} as unknown as Context;

/** The order changes, and the stream tells of it. */
function changes(): void {
  version += 1;
  rows.value = new Map([["order", { id: "order", version, data: order(10 * version) }]]);
}

beforeEach(stopClock);

afterEach(() => {
  render(null, document.body);
  startClock();
});

test("items that could not be read again are said to be old, and are read until they are there", async () => {
  const total = (): string | null | undefined => document.querySelector(".total strong")?.textContent;
  const notice = (): string | null | undefined => document.querySelector(".notice-warn")?.textContent;
  render(
    <Place.Provider value={context}>
      <Order id="o1" />
    </Place.Provider>,
    document.body,
  );
  await passes(200);
  assert.deepEqual([total(), notice()], ["$10.00", undefined]);
  answers = false;
  changes();
  await passes(60_000);
  assert.deepEqual([total(), notice()], ["$10.00", "This could not be loaded again. What is shown is older."]);
  answers = true;
  await passes(6_000);
  assert.deepEqual([total(), notice()], ["$20.00", undefined]);
});
