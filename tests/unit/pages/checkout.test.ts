/** The kiosk's order: over every lost answer and every reload, at most one order, and of what was shown. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, type Line, totalOf } from "../../../clients/kiosk/logic/basket.ts";
import { Checkout, differences, GoneError, NOTHING, type Progress } from "../../../clients/kiosk/logic/checkout.ts";
import { Api } from "../../../clients/pages/api/api.ts";
import { Intents } from "../../../clients/pages/api/intents.ts";
import { ApiError } from "../../../clients/pages/api/problem.ts";
import { memory } from "./memory.ts";

interface Basket {
  status: string;
  version: number;
  lines: Map<string, number>;
}

const PRICES: Record<string, number> = { tea: 18.9, atlas: 32, key: 4.5 };

/** The mall's side: keys are honoured, refusals are not remembered, answers may be lost. */
class Mall {
  baskets = new Map<string, Basket>();
  payments: { id: string; amount: number }[] = [];
  orders: { id: string; total: number; paid: number }[] = [];
  requests = 0;
  /** The numbers of the requests whose answers are lost (effect: they took place), or which never arrive. */
  lost = new Set<number>();
  dropped = new Set<number>();
  prices = { ...PRICES };
  declines = 0;
  private answers = new Map<string, { request: string; answer: unknown }>();

  fetch = async (url: unknown, request: RequestInit = {}): Promise<Response> => {
    const number = this.requests++;
    if (this.dropped.has(number)) throw new TypeError("never arrived");
    const { method = "GET", headers = {}, body } = request;
    const response = this.answer(
      method,
      new URL(String(url)).pathname,
      headers as Record<string, string>,
      String(body),
    );
    if (this.lost.has(number)) throw new TypeError("the answer was lost");
    return response;
  };

  private answer(method: string, path: string, headers: Record<string, string>, body: string): Response {
    const key = `${headers["idempotency-key"]} ${method} ${path}`;
    const before = this.answers.get(key);
    if (method !== "GET" && before) {
      return before.request === body ? json(before.answer) : problem(422, "idempotency_key_reused");
    }
    const [status, answer, etag] = this.done(method, path, headers, method === "GET" ? {} : JSON.parse(body));
    if (status !== 200) return problem(status, String(answer));
    if (method !== "GET") this.answers.set(key, { request: body, answer });
    return json(answer, etag === undefined ? {} : { etag });
  }

  private done(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Record<string, unknown>,
  ): [number, unknown, string?] {
    if (path === "/api/baskets" || path === "/api/baskets/withItems") {
      const id = `basket ${this.baskets.size + 1}`;
      const items = (body.items ?? []) as { productId: string; quantity: number }[];
      if (items.some(({ productId }) => !(productId in this.prices))) return [404, "not_found"];
      const lines = new Map(items.map(({ productId, quantity }) => [productId, quantity]));
      this.baskets.set(id, { status: "open", version: 1, lines });
      return [200, { id }];
    }
    if (path === "/api/payments") {
      if (this.declines-- > 0) return [409, "refused"];
      const id = `payment ${this.payments.length + 1}`;
      this.payments.push({ id, amount: Number(body.amount) });
      return [200, { id }];
    }
    const [, , , name = "", what = ""] = path.split("/");
    const id = decodeURIComponent(name);
    const basket = this.baskets.get(id);
    if (!basket) return [404, "not_found"];
    if (method === "GET") return [200, { basket: this.shown(id, basket) }, `"${basket.version}"`];
    if (what === "checkout" && (headers["if-match"] ?? `"${basket.version}"`) !== `"${basket.version}"`) {
      return [412, "stale"];
    }
    if (basket.status !== "open") return [409, "refused"];
    if (what === "checkout") {
      const paid = this.payments.find((payment) => payment.id === body.paymentId)?.amount ?? 0;
      this.orders.push({ id, total: this.shown(id, basket).total, paid });
      basket.status = "checked_out";
    } else this.alter(basket, String(body.productId), Number(body.quantity) * (what === "addItem" ? 1 : -1));
    if (what === "addItem" && !(String(body.productId) in this.prices)) return [404, "not_found"];
    basket.version += 1;
    return [200, {}];
  }

  private alter(basket: Basket, product: string, by: number): void {
    if (!(product in this.prices)) return;
    const count = (basket.lines.get(product) ?? 0) + by;
    if (count > 0) basket.lines.set(product, count);
    else basket.lines.delete(product);
  }

  private shown(id: string, { status, lines }: Basket) {
    const items = [...lines].map(([productId, quantity]) => ({
      ...{ productId, quantity, productPrice: this.prices[productId] ?? 0 },
      ...{ storeId: "s", storeName: "Store", productName: productId },
    }));
    const total = items.reduce((sum, item) => sum + Math.round(item.productPrice * 100) * item.quantity, 0) / 100;
    return { id, customerId: "ada", status, items, total };
  }
}

const json = (body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status: 200, headers });
const problem = (status: number, code: string): Response =>
  new Response(JSON.stringify({ code, status, detail: code }), { status });

/** A kiosk whose page may be loaded again: what it keeps is in the store alone. */
class Page {
  store = memory();
  patient = true;

  constructor(readonly mall: Mall) {
    globalThis.fetch = mall.fetch as typeof fetch;
  }

  get progress(): Progress {
    return JSON.parse(this.store.getItem("progress") ?? JSON.stringify(NOTHING)) as Progress;
  }

  /** As after a reload: nothing of before but the store. */
  checkout(): Checkout {
    const caller = { access: async () => "token", signedOut: () => undefined };
    const waits = { sleep: async () => undefined, random: () => 0.5 };
    const api = new Api("https://mall", caller, new Intents(this.store, () => `key ${keys++}`), waits);
    return new Checkout(api, "visit", {
      read: () => this.progress,
      write: (progress) => this.store.setItem("progress", JSON.stringify(progress)),
    });
  }

  /** Prepares and pays, once. */
  async order(lines: readonly Line[], customer = "ada"): Promise<void> {
    const checkout = this.checkout();
    if ((await checkout.prepare(customer, lines)) !== null) await checkout.pay();
  }

  /** Until it works, loading the page anew after each failure; gives up after some. */
  async insist(lines: readonly Line[]): Promise<void> {
    for (let attempt = 0; attempt < 20 && this.progress.orderId === ""; attempt += 1) {
      try {
        await this.order(lines);
      } catch (error) {
        assert(error instanceof ApiError, String(error));
      }
    }
  }
}

let keys = 0;

const line = (productId: string, quantity: number): Line => ({
  ...{ productId, quantity, storeId: "s", storeName: "Store", name: productId, price: PRICES[productId] ?? 0 },
});
const LINES = [line("tea", 2), line("atlas", 1)];
const TOTAL = 69.8;

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

test("a product that is not sold any more is named", async () => {
  const page = new Page(new Mall());
  delete page.mall.prices.atlas;
  try {
    await page.checkout().prepare("ada", LINES);
    assert(false, "it was accepted");
  } catch (error) {
    assert(error instanceof GoneError);
    assert.equal(error.productId, "atlas");
  }
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
