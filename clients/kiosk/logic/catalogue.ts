/** What the mall sells, with the age of what is shown: the last that was heard stays usable while the network is lost. */

import { signal } from "@preact/signals";
import type { Api } from "../../pages/api/api.ts";
import type { Keep } from "../../pages/api/intents.ts";
import type { ProductShape, ProductsAnswer, StoreShape, StoresAnswer } from "../../pages/generated/api.ts";

interface Aged<Data> {
  /** A time in milliseconds. */
  readonly at: number;
  readonly data: Data;
}

export interface Shop {
  readonly stores: Aged<readonly StoreShape[]> | null;
  readonly products: Readonly<Record<string, Aged<readonly ProductShape[]>>>;
}

export interface Found {
  readonly store: StoreShape;
  readonly product: ProductShape;
}

const KEPT = "catalogue";
const FRESH = 60_000; // milliseconds
const AT_ONCE = 4;

export class Catalogue {
  readonly shop = signal<Shop>({ stores: null, products: {} });

  /** store: the browser's; a catalogue is nobody's own, so it stays when a visit ends. */
  constructor(
    private readonly api: Api,
    private readonly store: Keep,
    private readonly now: () => number = Date.now,
  ) {
    try {
      this.shop.value = { ...this.shop.value, ...(JSON.parse(store.getItem(KEPT) ?? "{}") as Partial<Shop>) };
    } catch {
      // As if there were none.
    }
  }

  /** The stores, those that take part first. Throws ApiError; the stores of before stay. */
  async refresh(): Promise<void> {
    if (!this.fresh(this.shop.value.stores)) await this.look();
  }

  /** Asks for the stores, however old they are: whether the mall answers. Throws ApiError. */
  async look(): Promise<void> {
    const found: StoreShape[] = [];
    let next: string | undefined;
    do {
      const page: StoresAnswer = await this.api.get("GET /api/stores", { query: next ? { next } : {} });
      found.push(...page.stores);
      next = page.next;
    } while (next);
    this.keep({ ...this.shop.value, stores: { at: this.now(), data: found.sort(first) } });
  }

  /** The products of a store. Throws ApiError; those of before stay. */
  async open(storeId: string): Promise<void> {
    if (this.fresh(this.shop.value.products[storeId])) return;
    const found: ProductShape[] = [];
    let next: string | undefined;
    do {
      const given = { path: { storeId }, query: next ? { next } : {} };
      const page: ProductsAnswer = await this.api.get("GET /api/stores/{storeId}/products", given);
      found.push(...page.products);
      next = page.next;
    } while (next);
    const data = found.sort((one, other) => one.name.localeCompare(other.name));
    this.keep({ ...this.shop.value, products: { ...this.shop.value.products, [storeId]: { at: this.now(), data } } });
  }

  /** The products of all stores that take part, for a search. A store that fails leaves the others: throws its ApiError
   * when all were asked.
   */
  async openAll(): Promise<void> {
    const failures: unknown[] = [];
    const note = (error: unknown): unknown => failures.push(error);
    await this.refresh().catch(note);
    const waiting = (this.shop.value.stores?.data ?? []).filter(({ participating }) => participating);
    const next = async (): Promise<void> => {
      for (let store = waiting.shift(); store; store = waiting.shift()) await this.open(store.id).catch(note);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    if (failures.length > 0) throw failures[0];
  }

  /** How old the older of the stores and this store's products is; 0 while both are fresh. */
  age(storeId = ""): number {
    const { stores, products } = this.shop.value;
    const parts = [stores, storeId ? products[storeId] : null].filter((part) => part != null);
    const oldest = Math.min(...parts.map(({ at }) => at), this.now());
    const age = this.now() - oldest;
    return age < FRESH ? 0 : age;
  }

  /** Takes out a product that is not sold any more. */
  drop(productId: string): void {
    const { products } = this.shop.value;
    const without = Object.entries(products).map(([id, { at, data }]) => [
      id,
      { at, data: data.filter((product) => product.id !== productId) },
    ]);
    this.keep({ ...this.shop.value, products: Object.fromEntries(without) });
  }

  private fresh(part: Aged<unknown> | null | undefined): boolean {
    if (part == null) return false;
    const age = this.now() - part.at;
    return age >= 0 && age < FRESH; // below 0: the clock was set back since
  }

  private keep(shop: Shop): void {
    this.shop.value = shop;
    try {
      this.store.setItem(KEPT, JSON.stringify(shop));
    } catch {
      // More than the browser keeps: it is in memory.
    }
  }
}

const first = (one: StoreShape, other: StoreShape): number =>
  Number(other.participating) - Number(one.participating) || one.name.localeCompare(other.name);

const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Whether there is nothing yet of a store that takes part, so that a search cannot find all. */
export const lacks = ({ stores, products }: Shop): boolean =>
  stores === null || stores.data.some(({ id, participating }) => participating && !products[id]);

/** The products of stores that take part whose name, description or store has every word; by name first. */
export function search(shop: Shop, words: string): Found[] {
  const wanted = plain(words).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const all = (shop.stores?.data ?? [])
    .filter(({ participating }) => participating)
    .flatMap((store) => (shop.products[store.id]?.data ?? []).map((product) => ({ store, product })));
  const has = (text: string): boolean => wanted.every((word) => plain(text).includes(word));
  const named = all.filter(({ product }) => has(product.name));
  const told = all.filter(
    ({ store, product }) => !has(product.name) && has(`${product.name} ${product.description} ${store.name}`),
  );
  return [...named, ...told];
}
