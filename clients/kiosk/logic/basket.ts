/** What a customer has chosen, before the mall knows who it is. */

import type { ProductShape, StoreShape } from "../../pages/generated/api.ts";

export interface Line {
  readonly productId: string;
  readonly storeId: string;
  readonly storeName: string;
  readonly name: string;
  readonly price: number;
  readonly quantity: number;
}

/** As the mall limits an order: lines, and how many of one product. */
export const MOST_LINES = 100;
export const MOST_OF_ONE = 999;

/** The lines with one product more (or fewer, below 0) of it; unchanged where the mall would not take it. */
export function changed(
  lines: readonly Line[],
  store: Pick<StoreShape, "id" | "name">,
  product: Pick<ProductShape, "id" | "name" | "price">,
  by: number,
): readonly Line[] {
  const line = lines.find(({ productId }) => productId === product.id);
  const quantity = (line?.quantity ?? 0) + by;
  if (quantity > MOST_OF_ONE || (!line && lines.length >= MOST_LINES)) return lines;
  if (quantity <= 0) return lines.filter(({ productId }) => productId !== product.id);
  if (line) return lines.map((other) => (other === line ? { ...line, quantity, price: product.price } : other));
  const { id: productId, name, price } = product;
  return [...lines, { productId, storeId: store.id, storeName: store.name, name, price, quantity }];
}

/** In major units, as on the wire. */
export const totalOf = (lines: readonly Line[]): number =>
  lines.reduce((cents, { price, quantity }) => cents + Math.round(price * 100) * quantity, 0) / 100;

export const countOf = (lines: readonly Line[]): number => lines.reduce((sum, { quantity }) => sum + quantity, 0);
