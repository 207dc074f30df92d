/** What the mall sells, as the kiosk keeps it: over stores that do not answer, and over a clock that was wrong. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, lacks, search } from "../../../clients/kiosk/logic/catalogue.ts";
import { Api } from "../../../clients/pages/api/api.ts";
import { Intents } from "../../../clients/pages/api/intents.ts";
import { memory } from "./memory.ts";

const STORES = ["a", "b", "c", "d", "e", "f"].map((id) => ({ id, name: id, location: "", participating: id !== "f" }));

const goods = (storeId: string, count = 1) =>
  Array.from({ length: count }, (_, at) => ({
    ...{ id: `${storeId} ${at}`, storeId, name: `Tea ${at}`, description: "", sku: "", price: 1 },
  }));

/** A mall of which some stores do not tell what they sell; answers what it was asked, too. */
function mall(failing: Set<string>, at = (): number => 0): { catalogue: Catalogue; asked: string[] } {
  const asked: string[] = [];
  globalThis.fetch = async (url) => {
    const [, , , store] = new URL(String(url)).pathname.split("/");
    asked.push(store ?? "stores");
    if (failing.has(store ?? "stores")) return new Response("{}", { status: 503 });
    return new Response(JSON.stringify(store ? { products: goods(store) } : { stores: STORES }));
  };
  const caller = { access: async () => "token", signedOut: () => undefined };
  const waits = { sleep: async () => undefined, random: () => 0.5 };
  const api = new Api("https://mall", caller, new Intents(memory()), waits);
  return { catalogue: new Catalogue(api, memory(), at), asked };
}

test("stores that do not answer keep no other one from being searched, and only they are asked again", async () => {
  const failing = new Set(["a", "b", "c", "d"]);
  const { catalogue, asked } = mall(failing);
  await assert.rejects(catalogue.openAll(), { kind: "unavailable" });
  assert.deepEqual(
    search(catalogue.shop.value, "tea").map(({ store }) => store.id),
    ["e"],
  );
  assert(lacks(catalogue.shop.value));
  failing.clear();
  asked.length = 0;
  await catalogue.openAll();
  assert.deepEqual(asked, ["a", "b", "c", "d"]);
  assert(!lacks(catalogue.shop.value));
});

test("while the list of stores does not come, those of before are searched", async () => {
  let now = 0;
  const failing = new Set<string>();
  const { catalogue } = mall(failing, () => now);
  assert(lacks(catalogue.shop.value));
  await catalogue.refresh();
  now = 120_000;
  failing.add("stores");
  await assert.rejects(catalogue.openAll(), { kind: "unavailable" });
  assert.equal(search(catalogue.shop.value, "tea").length, 5);
});

test("what is dated in the future is asked for again, as what is old", async () => {
  let now = 1_000_000;
  const { catalogue, asked } = mall(new Set(), () => now);
  for (const [at, times] of [
    [1_000_000, 1],
    [1_030_000, 1],
    [1_060_000, 2],
    [500_000, 3],
  ] as const) {
    now = at;
    await catalogue.refresh();
    assert.equal(asked.length, times, `at ${at}`);
  }
});

test("a search finds all that there is", () => {
  const stores = { at: 0, data: STORES };
  assert.equal(search({ stores, products: { a: { at: 0, data: goods("a", 400) } } }, "tea").length, 400);
});
