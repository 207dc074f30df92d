/** The products of a store, whose list follows what is written 2 seconds later. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { signal } from "@preact/signals";
import { render } from "preact";
import { type Context, Place } from "../../../clients/console/context.ts";
import { Products } from "../../../clients/console/views/Products.tsx";
import type { ProductShape } from "../../../clients/pages/generated/api.ts";
import { passes, startClock, stopClock } from "./clock.ts";
import "./dom.ts";

const product = (id: string, name: string, price: number): ProductShape => ({
  ...{ id, name, price },
  ...{ storeId: "tea", description: "", sku: "" },
});

/** What the store has, and what its list shows. */
let there = new Map<string, ProductShape>();
let listed: readonly ProductShape[] = [];
let follows = 2_000;
let reads = 0;

function write(id: string, now: ProductShape | null): void {
  if (now) there.set(id, now);
  else there.delete(id);
  const next = [...there.values()];
  setTimeout(() => (listed = next), follows);
}

interface Given {
  readonly path: { readonly id: string };
  readonly body: { readonly name: string; readonly price: number };
}

async function ask(name: string, { path, body }: Given) {
  const known = there.get(path.id);
  if (name === "GET /api/stores/{storeId}/products") {
    reads += 1;
    return { data: { products: listed }, etag: null };
  }
  if (name.startsWith("GET ")) return { data: { product: known }, etag: '"1"' };
  if (name.startsWith("POST ")) {
    write("cup", product("cup", body.name, body.price));
    return { data: { id: "cup" }, etag: null };
  }
  write(path.id, name.startsWith("DELETE ") || !known ? null : { ...known, ...body });
  return { data: {}, etag: '"2"' };
}

const context = {
  api: { ask, get: async (name: string, given: Given) => (await ask(name, given)).data },
  config: { stage: "test" },
  session: { presence: signal("in"), user: { name: "clerk", role: "staff" }, access: async () => "token" },
} as unknown as Context;

beforeEach(async () => {
  stopClock();
  Object.assign(window.HTMLDialogElement.prototype, { showModal: () => undefined, close: () => undefined });
  there = new Map([["pot", product("pot", "Pot", 10)]]);
  [listed, follows, reads] = [[...there.values()], 2_000, 0];
  render(
    <Place.Provider value={context}>
      <Products storeId="tea" />
    </Place.Provider>,
    document.body,
  );
  await passes(200);
});

afterEach(() => {
  render(null, document.body);
  startClock();
});

const shown = (): string[] =>
  [...document.querySelectorAll("tbody tr:not(.left)")].map((row) =>
    [...row.querySelectorAll("th, .number")].map(({ textContent }) => textContent).join(" "),
  );

async function press(label: string): Promise<void> {
  const found = [...document.querySelectorAll<HTMLElement>("button")].filter(
    (button) => (button.getAttribute("aria-label") ?? button.textContent) === label,
  );
  assert.equal(found.length, 1, `${label}: ${found.length}`);
  found[0]?.click();
  await passes(200);
}

async function type(label: string, text: string, within = "form.card"): Promise<void> {
  const found = [...document.querySelectorAll(`${within} label`)].find(({ textContent }) =>
    textContent?.startsWith(label),
  );
  const input = document.getElementById((found as HTMLLabelElement).htmlFor) as HTMLInputElement;
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await passes(200);
}

async function add(): Promise<void> {
  await type("Name", "Cup");
  await type("Price", "4");
  await press("Add the product");
}

/** What is shown at each half second. */
async function during(milliseconds: number): Promise<string[]> {
  const seen = new Set([shown().join(", ")]);
  for (let passed = 0; passed < milliseconds; passed += 500) {
    await passes(500);
    seen.add(shown().join(", "));
  }
  return [...seen];
}

test("a product that was added is there at once and stays, while its list follows", async () => {
  await add();
  assert.deepEqual(await during(30_000), ["Cup $4.00, Pot $10.00"]);
});

test("a list is read 1, 2, 4 and 8 seconds after a change until it has it, and then each 10 seconds", async () => {
  const before = reads;
  follows = 3_000;
  await add();
  await passes(5_000);
  assert.equal(reads - before, 3);
  await passes(60_000);
  assert.equal(reads - before, 3 + 6);
});

test("a product that was changed is shown as it is at once, and not again as it was", async () => {
  await press("Change Pot");
  await type("Price", "12", "dialog");
  await press("Save");
  assert.deepEqual(await during(30_000), ["Pot $12.00"]);
});

test("a product that was added, changed and removed before its list follows is never what it was", async () => {
  await add();
  await press("Change Cup");
  await type("Price", "5", "dialog");
  await press("Save");
  assert.deepEqual(await during(30_000), ["Cup $5.00, Pot $10.00"]);
  await press("Remove Pot");
  await press("Remove");
  assert.deepEqual(await during(30_000), ["Cup $5.00"]);
});

test("an own change stays for as long as the list lags behind", async () => {
  follows = 120_000;
  await add();
  await press("Remove Pot");
  await press("Remove");
  assert.deepEqual(await during(180_000), ["Cup $4.00"]);
});

test("what another changes is shown within 10 seconds, also of an own product", async () => {
  follows = 0;
  await add();
  await passes(10_000);
  write("cup", product("cup", "Cup", 9));
  write("tin", product("tin", "Tin", 1));
  await passes(10_500);
  assert.deepEqual(shown(), ["Cup $9.00", "Pot $10.00", "Tin $1.00"]);
  write("cup", product("cup", "Cup", 4));
  await passes(10_500);
  write("cup", null);
  await passes(10_500);
  assert.deepEqual(shown(), ["Pot $10.00", "Tin $1.00"]);
});
