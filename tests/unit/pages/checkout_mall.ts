/** A mall for the kiosk's order, and a kiosk there, whose page may be loaded again. */

import assert from "node:assert/strict";
import type { Line } from "../../../clients/kiosk/logic/basket.ts";
import { Checkout, NOTHING, type Progress } from "../../../clients/kiosk/logic/checkout.ts";
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
export class Mall {
  baskets = new Map<string, Basket>();
  payments: { id: string; amount: number }[] = [];
  orders: { id: string; total: number; paid: number }[] = [];
  requests = 0;
  /** The numbers of the requests whose answers are lost (effect: they took place), or which never arrive. */
  lost = new Set<number>();
  dropped = new Set<number>();
  prices = { ...PRICES };
  declines = 0;
  /** Products whose stores do not take part any more. */
  left = new Set<string>();
  /** Whether a basket is too large for one order. */
  tooLarge = false;
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
      if (items.some(({ productId }) => this.left.has(productId))) return [409, "refused"];
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
    if (what === "addItem" && this.left.has(String(body.productId))) return [409, "refused"];
    if (what === "checkout") {
      if (this.tooLarge) return [400, "invalid"];
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
export class Page {
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

export const line = (productId: string, quantity: number): Line => ({
  ...{ productId, quantity, storeId: "s", storeName: "Store", name: productId, price: PRICES[productId] ?? 0 },
});
export const LINES = [line("tea", 2), line("atlas", 1)];
export const TOTAL = 69.8;
