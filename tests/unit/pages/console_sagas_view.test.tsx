/** The list of sagas, as operators see it when many run. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { render } from "preact";
import { type Context, Place } from "../../../clients/console/context.ts";
import { followAddress } from "../../../clients/console/route.ts";
import { Sagas } from "../../../clients/console/views/operations/Sagas.tsx";
import type { SagaView } from "../../../clients/pages/generated/api.ts";
import { settled } from "./dom.ts";

afterEach(() => render(null, document.body));

const PAGE = 100;

/** Numbered by how long it waits: 0 for the shortest time. */
const saga = (number: number, status: SagaView["status"]): SagaView => ({
  ...{ orderId: `${status}-${number}`, status, step: 1, compensating: false, reason: "" },
  since: new Date(Date.parse("2026-03-01T12:00:00Z") - number * 1000).toISOString(),
});

interface Query {
  readonly status?: SagaView["status"];
  readonly next?: string;
}

/** A mall of so many sagas by status, the newest first, and how often it was asked. */
function mallOf(counts: Partial<Record<SagaView["status"], number>>) {
  const mall = { asked: 0, get };
  async function get(_: string, { query: { status = "completed", next = "0" } }: { readonly query: Query }) {
    mall.asked += 1;
    const [from, count] = [Number(next), counts[status] ?? 0];
    const sagas = Array.from({ length: Math.min(PAGE, count - from) }, (_, place) => saga(from + place, status));
    return { sagas, ...(from + PAGE < count ? { next: `${from + PAGE}` } : {}) };
  }
  return mall;
}

async function listed(api: ReturnType<typeof mallOf>, query = ""): Promise<readonly string[]> {
  location.hash = `#/operations/sagas${query}`;
  followAddress()();
  const context = { api, config: { stage: "test" } } as unknown as Context;
  render(
    <Place.Provider value={context}>
      <Sagas />
    </Place.Provider>,
    document.body,
  );
  await settled();
  return [...document.querySelectorAll("[data-item]")].map((item) => item.getAttribute("href")?.split("/").pop() ?? "");
}

test("those that wait the longest come first among more than the mall gives at once", async () => {
  const found = await listed(mallOf({ parked: 130, running: 250 }));
  assert.deepEqual([found[0], found[130], found.length], ["parked-129", "running-249", 380]);
  assert(!document.body.textContent?.includes("Only"));
});

test("of very many the newest 1,000 are read, and the page says that others have waited for longer", async () => {
  const mall = mallOf({ running: 1_234 });
  assert.equal((await listed(mall, "?status=running")).length, 1_000);
  assert.equal(mall.asked, 10);
  assert.match(document.body.textContent ?? "", /Only the newest 1,000 of each status are listed. Others have waited/);
});

test("of those that have ended one page is read", async () => {
  const mall = mallOf({ completed: 1_234 });
  assert.equal((await listed(mall, "?status=completed")).length, 100);
  assert.equal(mall.asked, 1);
  assert.match(document.body.textContent ?? "", /Only 100 of each status are listed/);
});
