/** The kiosk's order: over every lost answer and every reload, at most one order, and of what was shown. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, type Line, totalOf } from "../../../clients/kiosk/logic/basket.ts";
import { differences, GoneError } from "../../../clients/kiosk/logic/checkout.ts";
import { LINES, line, Mall, Page, TOTAL } from "./checkout_mall.ts";

test("an order is one basket, one payment of its total, one checkout", async () => {
  const page = new Page(new Mall());
  await page.order(LINES);
  assert.deepEqual(page.mall.orders, [{ id: "basket 1", total: TOTAL, paid: TOTAL }]);
  assert.deepEqual([page.mall.payments.length, page.progress.orderId], [1, "basket 1"]);
});

/** How many requests an undisturbed order takes. */
async function length(): Promise<number> {
  const page = new Page(new Mall());
  await page.order(LINES);
  return page.mall.requests;
}

test("whichever answers are lost in a row, and however often the page is loaded again, there is one order", async () => {
  const requests = await length();
  for (let first = 0; first < requests; first += 1) {
    for (const inRow of [1, 2, 3, 4, 7]) {
      const page = new Page(new Mall());
      for (let number = first; number < first + inRow; number += 1) page.mall.lost.add(number);
      await page.insist(LINES);
      const { orders, payments } = page.mall;
      assert.deepEqual(orders, [{ id: "basket 1", total: TOTAL, paid: TOTAL }], `${inRow} lost from ${first}`);
      assert.deepEqual([payments.length, page.mall.baskets.size], [1, 1], `${inRow} lost from ${first}`);
    }
  }
});

test("whichever requests never arrive, there is one order in the end", async () => {
  const requests = await length();
  for (let first = 0; first < requests; first += 1) {
    for (const inRow of [1, 3, 5]) {
      const page = new Page(new Mall());
      for (let number = first; number < first + inRow; number += 1) page.mall.dropped.add(number);
      await page.insist(LINES);
      assert.deepEqual([page.mall.orders.length, page.mall.payments.length], [1, 1], `${inRow} from ${first}`);
    }
  }
});

test("a random mixture of losses never orders twice", async () => {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  };
  for (let run = 0; run < 500; run += 1) {
    const page = new Page(new Mall());
    for (let number = 0; number < 60; number += 1) {
      const chance = random();
      if (chance < 0.3) page.mall.lost.add(number);
      else if (chance < 0.45) page.mall.dropped.add(number);
    }
    await page.insist(LINES);
    assert.deepEqual([page.mall.orders.length, page.mall.payments.length], [1, 1], `run ${run}`);
  }
});

test("a basket begins with its items in one request, and is read once", async () => {
  const page = new Page(new Mall());
  const basket = await page.checkout().prepare("ada", LINES);
  assert.deepEqual([basket?.total, page.mall.requests], [TOTAL, 2]);
});

test("two presses at once are one order", async () => {
  const page = new Page(new Mall());
  const checkout = page.checkout();
  await checkout.prepare("ada", LINES);
  await Promise.all([checkout.pay(), checkout.pay()]);
  assert.deepEqual([page.mall.orders.length, page.mall.payments.length], [1, 1]);
});

test("after a lost checkout the page looks before it sends anything, and finds the order", async () => {
  const page = new Page(new Mall());
  const checkout = page.checkout();
  await checkout.prepare("ada", LINES);
  for (let number = page.mall.requests + 1; number < page.mall.requests + 4; number += 1) page.mall.lost.add(number);
  await assert.rejects(checkout.pay(), { kind: "offline" });
  const sent = page.mall.requests;
  assert.equal(await page.checkout().prepare("ada", LINES), null);
  assert.deepEqual([page.mall.requests - sent, page.progress.orderId], [1, "basket 1"]);
});

test("once an order may exist, the visit makes none for another customer", async () => {
  const page = new Page(new Mall());
  const checkout = page.checkout();
  await checkout.prepare("ada", LINES);
  for (let number = page.mall.requests + 1; number < page.mall.requests + 4; number += 1) page.mall.dropped.add(number);
  await assert.rejects(checkout.pay(), { kind: "offline" });
  await assert.rejects(page.checkout().prepare("grace", LINES), /another customer/);
  await page.insist(LINES);
  assert.equal(page.mall.orders.length, 1);
});

test("before that, another customer gets a basket of its own", async () => {
  const page = new Page(new Mall());
  await page.checkout().prepare("ada", LINES);
  await page.order(LINES, "grace");
  assert.deepEqual(
    page.mall.orders.map(({ id }) => id),
    ["basket 2"],
  );
});

test("the basket follows what the customer changes, there and back again", async () => {
  const page = new Page(new Mall());
  for (const count of [2, 3, 2, 3, 1]) await page.checkout().prepare("ada", [line("tea", count)]);
  const basket = await page.checkout().prepare("ada", [line("atlas", 1), line("tea", 3)]);
  const held = Object.fromEntries((basket?.items ?? []).map(({ productId, quantity }) => [productId, quantity]));
  assert.deepEqual([held, page.mall.baskets.size], [{ tea: 3, atlas: 1 }, 1]);
});

test("what is paid is the mall's price, which the customer was shown", async () => {
  const page = new Page(new Mall());
  page.mall.prices.tea = 20;
  const basket = await page.checkout().prepare("ada", LINES);
  assert.equal(basket?.total, 72);
  await page.checkout().pay();
  assert.equal(page.mall.orders[0]?.paid, 72);
});

test("a basket that changed since it was shown is not checked out", async () => {
  const page = new Page(new Mall());
  await page.checkout().prepare("ada", LINES);
  const basket = page.mall.baskets.get("basket 1");
  assert(basket);
  basket.lines.set("key", 5);
  basket.version += 1;
  await assert.rejects(page.checkout().pay(), { kind: "stale" });
  assert.equal(page.mall.orders.length, 0);
  await page.insist(LINES);
  assert.deepEqual(
    page.mall.orders.map(({ total }) => total),
    [TOTAL],
  );
});

test("a basket that was abandoned is replaced", async () => {
  const page = new Page(new Mall());
  await page.checkout().prepare("ada", LINES);
  const basket = page.mall.baskets.get("basket 1");
  assert(basket);
  basket.status = "abandoned";
  await page.order(LINES);
  assert.deepEqual(
    page.mall.orders.map(({ id }) => id),
    ["basket 2"],
  );
});

test("a declined payment orders nothing, and may be tried again", async () => {
  const page = new Page(new Mall());
  page.mall.declines = 1;
  await page.checkout().prepare("ada", LINES);
  await assert.rejects(page.checkout().pay(), { kind: "refused" });
  assert.deepEqual([page.mall.orders.length, page.checkout().bound], [0, false]);
  await page.checkout().pay();
  assert.equal(page.mall.orders.length, 1);
});

test("an order that the mall refuses for good leaves the customer free to change the basket, and to order", async () => {
  const page = new Page(new Mall());
  page.mall.tooLarge = true;
  await page.checkout().prepare("ada", LINES);
  await assert.rejects(page.checkout().pay(), { name: "NotOrderedError", kind: "invalid" });
  assert.deepEqual([page.checkout().bound, page.progress.orderId, page.mall.baskets.size], [false, "", 1]);
  page.mall.tooLarge = false;
  await page.order([line("tea", 1)]);
  assert.deepEqual(page.mall.orders, [{ id: "basket 1", total: 18.9, paid: 18.9 }]);
});

test("a refusal that comes after a try without an answer does not undo that an order may exist", async () => {
  const page = new Page(new Mall());
  page.mall.tooLarge = true;
  const checkout = page.checkout();
  await checkout.prepare("ada", LINES);
  for (let number = page.mall.requests + 1; number < page.mall.requests + 4; number += 1) page.mall.dropped.add(number);
  await assert.rejects(checkout.pay(), { kind: "offline" });
  await assert.rejects(checkout.pay(), { name: "NotOrderedError", kind: "invalid" });
  assert(checkout.bound);
});

test("a basket that changed since it was shown binds nobody, and one that ended is replaced", async () => {
  for (const [change, refusal] of [
    [{ version: 7 }, "stale"],
    [{ status: "abandoned" }, "refused"],
  ] as const) {
    const page = new Page(new Mall());
    await page.checkout().prepare("ada", LINES);
    Object.assign(page.mall.baskets.get("basket 1") ?? {}, change);
    await assert.rejects(page.checkout().pay(), { name: "NotOrderedError", kind: refusal });
    assert(!page.checkout().bound);
    await page.order(LINES);
    assert.equal(page.mall.orders.length, 1);
  }
});

/** The product that the mall does not take, for which the basket is not made. */
async function refusedOf(page: Page, lines: readonly Line[]): Promise<string> {
  const error: unknown = await page
    .checkout()
    .prepare("ada", lines)
    .catch((error) => error);
  assert(error instanceof GoneError, String(error));
  return error.productId;
}

test("a product that is not sold any more is named, and so is one whose store has left", async () => {
  for (const begun of [false, true]) {
    for (const end of [(mall: Mall) => delete mall.prices.atlas, (mall: Mall) => mall.left.add("atlas")]) {
      const page = new Page(new Mall());
      if (begun) await page.checkout().prepare("ada", [line("tea", 1)]);
      end(page.mall);
      assert.equal(await refusedOf(page, LINES), "atlas");
      await page.order([line("tea", 2)]);
      assert.deepEqual(page.mall.orders, [{ id: page.progress.orderId, total: 37.8, paid: 37.8 }]);
    }
  }
});

test("a basket that ends while it is filled is no product that is gone: another is filled", async () => {
  const page = new Page(new Mall());
  await page.checkout().prepare("ada", [line("tea", 1), line("key", 1)]);
  globalThis.fetch = (async (url: string, request: RequestInit) => {
    const basket = page.mall.baskets.get("basket 1");
    if (request.method === "PUT" && basket) basket.status = "abandoned";
    return page.mall.fetch(url, request);
  }) as typeof fetch;
  const basket = await page.checkout().prepare("ada", LINES);
  assert.deepEqual([basket?.id, basket?.total, page.mall.baskets.size], ["basket 2", TOTAL, 2]);
});

test("differences take away what is not wanted", () => {
  const item = { storeId: "s", storeName: "S", productName: "P", productPrice: 1 };
  const had = { items: [{ ...item, productId: "tea", quantity: 3 }] };
  assert.deepEqual(differences(had, [{ productId: "atlas", quantity: 2 }]), [
    { productId: "tea", by: -3 },
    { productId: "atlas", by: 2 },
  ]);
});

test("lines add up in cents, and stay within what the mall takes", () => {
  const store = { id: "s", name: "Store" };
  const product = { id: "p", name: "P", price: 0.1 };
  let lines: readonly Line[] = [];
  for (let times = 0; times < 3; times += 1) lines = changed(lines, store, product, 1);
  assert.equal(totalOf(lines), 0.3);
  assert.equal(changed(lines, store, product, 997), lines);
  assert.deepEqual(changed(lines, store, product, -3), []);
});
