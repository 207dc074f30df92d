/** From lines on a screen to one order, whatever is lost on the way (clients/kiosk/README.md, "One order").
 *
 * The order's id is its basket's. So at most one basket of a visit may be checked out: a second one is made only when
 * the first is known to be cancelled or abandoned, or was never sent to be checked out.
 */

import type { Api } from "../../pages/api/api.ts";
import { ApiError, type Kind } from "../../pages/api/problem.ts";
import type { BasketContent, SomeItems } from "../../pages/generated/api.ts";
import type { Line } from "./basket.ts";

export interface Progress {
  readonly customerId: string;
  readonly basketId: string;
  /** Of the basket as it was read last: what the customer was shown. */
  readonly version: string;
  readonly total: number;
  readonly paymentId: string;
  /** The checkout was sent at least once: from then on it may have happened. */
  readonly sent: boolean;
  readonly orderId: string;
  /** Baskets of this visit that ended without an order. */
  readonly ended: number;
}

export const NOTHING: Progress = {
  customerId: "",
  basketId: "",
  version: "",
  total: 0,
  paymentId: "",
  sent: false,
  orderId: "",
  ended: 0,
};

/** Where the progress is kept: over a reload, until the visit ends. */
export interface Kept {
  readonly read: () => Progress;
  readonly write: (progress: Progress) => void;
}

/** A product that the mall does not sell any more, or whose store takes no orders any more. */
export class GoneError extends Error {
  override readonly name = "GoneError";

  constructor(readonly productId: string) {
    super(`${productId} is not sold any more`);
  }
}

/** The mall refused the order, and has none of this basket: what is held for it is not charged. */
export class NotOrderedError extends ApiError {
  override readonly name = "NotOrderedError";

  constructor({ kind, detail, status, retryAfter, correlation }: ApiError) {
    super(kind, detail, status, retryAfter, correlation);
  }
}

/** Answers to a checkout that are the same whenever the request comes, while the basket stays as it is. */
const DECIDED: readonly Kind[] = ["invalid", "refused", "stale", "not_found"];
/** Answers to an addition: the product, or its store, is gone. */
const GONE: readonly Kind[] = ["not_found", "refused"];
const PASSES = 4;

export class Checkout {
  /** api: with the customer's session. visit: its id, which keeps the keys of two customers apart. */
  constructor(
    private readonly api: Api,
    private readonly visit: string,
    private readonly kept: Kept,
  ) {}

  /** Whether the number may still be another: not once an order of this customer may exist. */
  get bound(): boolean {
    return this.kept.read().sent;
  }

  /** Makes the mall's basket hold these lines; answers it, with the mall's prices. Null where the order is placed.
   *
   * Throws ApiError, and GoneError for a product that is not sold any more.
   */
  async prepare(customerId: string, lines: readonly Line[]): Promise<BasketContent | null> {
    for (let pass = 0; pass < PASSES; pass += 1) {
      const basketId = await this.basket(customerId, lines);
      const found = await this.look(basketId);
      if (found === "placed") return null;
      if (found === "ended") continue;
      const missing = differences(found.basket, lines);
      if (missing.length === 0) {
        this.write({ version: found.version, total: found.basket.total });
        return found.basket;
      }
      for (const { productId, by } of missing) {
        if (!(await this.alter(basketId, found.version, productId, by))) break;
      }
    }
    throw new ApiError("conflict", "", 0);
  }

  /** Pays for what `prepare` answered last, and checks it out.
   *
   * Throws ApiError, and NotOrderedError where the mall refused the order: `stale` where the basket is another.
   */
  async pay(): Promise<void> {
    const { customerId, basketId, version, total, orderId, sent } = this.kept.read();
    if (orderId !== "") return;
    const payment = await this.api.get("POST /api/payments", {
      body: { customerId, amount: total },
      intent: this.named("pay for", basketId),
      keep: true,
    });
    this.write({ paymentId: payment.id, sent: true });
    try {
      await this.api.ask("PUT /api/baskets/{id}/checkout", {
        path: { id: basketId },
        body: { paymentId: payment.id },
        intent: this.named("check out", basketId),
        keep: true,
        ...(version ? { ifMatch: version } : {}),
      });
    } catch (error) {
      if (!(error instanceof ApiError) || !DECIDED.includes(error.kind)) throw error;
      const found = await this.look(basketId);
      // A copy of the request that is still on its way names the same version: it is refused as this one was.
      if (typeof found === "object" && version && !sent) this.write({ sent: false });
      if (found !== "placed") throw new NotOrderedError(error);
    }
    this.write({ orderId: basketId });
  }

  /** Looks whether an order whose answer was lost was placed: nothing is sent again for it. Throws ApiError. */
  async placed(): Promise<boolean> {
    const { basketId, orderId, sent } = this.kept.read();
    if (orderId !== "") return true;
    if (!sent) return false;
    return (await this.look(basketId)) === "placed";
  }

  private async basket(customerId: string, lines: readonly Line[]): Promise<string> {
    const progress = this.kept.read();
    if (progress.basketId !== "" && progress.customerId === customerId) return progress.basketId;
    if (progress.sent) throw new Error("this visit has sent an order for another customer");
    const id = await this.begun(customerId, lines, `${progress.ended}`);
    this.write({ customerId, basketId: id, version: "", total: 0, paymentId: "" });
    return id;
  }

  /** Where a product is gone, or its store, the basket begins empty: adding each of them tells which. */
  private async begun(customerId: string, lines: readonly Line[], number: string): Promise<string> {
    const items = lines.map(({ productId, quantity }) => ({ productId, quantity }));
    try {
      const intent = this.named("filled basket", number);
      const filled = { body: { customerId, items }, intent, keep: true };
      return (await this.api.get("POST /api/baskets/withItems", filled)).id;
    } catch (error) {
      if (!(error instanceof ApiError) || !GONE.includes(error.kind)) throw error;
      const empty = { body: { customerId }, intent: this.named("basket", number), keep: true };
      return (await this.api.get("POST /api/baskets", empty)).id;
    }
  }

  private async look(id: string): Promise<"placed" | "ended" | { basket: BasketContent; version: string }> {
    const { data, etag } = await this.api.ask("GET /api/baskets/{id}", { path: { id } });
    if (data === null) throw new ApiError("internal_error", "", 0);
    const { basket } = data;
    if (basket.status === "open") return { basket, version: etag ?? "" };
    if (basket.status === "checked_out") {
      this.write({ orderId: id });
      return "placed";
    }
    this.kept.write({ ...NOTHING, ended: this.kept.read().ended + 1 });
    return "ended";
  }

  /** Answers whether the basket is still open. Throws ApiError, and GoneError.
   *
   * The version is a part of what is meant, so a repeated change is one, and the same change later another.
   */
  private async alter(id: string, version: string, productId: string, by: number): Promise<boolean> {
    const body: SomeItems = { productId, quantity: Math.abs(by) };
    const name = by > 0 ? "PUT /api/baskets/{id}/addItem" : "PUT /api/baskets/{id}/removeItem";
    try {
      const intent = this.named("alter", id, version, productId, `${by}`);
      await this.api.ask(name, { path: { id }, body, intent, keep: true });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || !GONE.includes(error.kind)) throw error;
      if (error.kind === "refused" && typeof (await this.look(id)) === "string") return false;
      if (by > 0) throw new GoneError(productId);
      throw error;
    }
  }

  private named(...parts: readonly string[]): string {
    return [this.visit, ...parts].join(" ");
  }

  private write(change: Partial<Progress>): void {
    this.kept.write({ ...this.kept.read(), ...change });
  }
}

/** What to add (or, below 0, to take away) so that a basket holds these lines. */
export function differences(
  basket: Pick<BasketContent, "items">,
  lines: readonly Pick<Line, "productId" | "quantity">[],
): { productId: string; by: number }[] {
  const wanted = new Map(lines.map(({ productId, quantity }) => [productId, quantity]));
  const had = new Map(basket.items.map(({ productId, quantity }) => [productId, quantity]));
  return [...new Set([...had.keys(), ...wanted.keys()])]
    .map((productId) => ({ productId, by: (wanted.get(productId) ?? 0) - (had.get(productId) ?? 0) }))
    .filter(({ by }) => by !== 0);
}
