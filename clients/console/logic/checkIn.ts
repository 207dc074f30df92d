/** The check-in of a list: what was found of each item, and what is short. */

import type { ListContent, MissingItem } from "../../pages/generated/api.ts";

export interface Line {
  /** The name of its field: store and product. */
  readonly field: string;
  readonly storeId: string;
  readonly storeName: string;
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
  readonly picked: number;
}

export function linesOf(list: ListContent): Line[] {
  return list.stops.flatMap(({ storeId, storeName, items }) =>
    items.map(({ productId, name, quantity, picked }) => ({
      field: `${storeId} ${productId}`,
      storeId,
      storeName,
      productId,
      name,
      quantity,
      picked,
    })),
  );
}

/** What the form begins with: what the robot reports; all of it where no robot has begun. As the depot itself assumes. */
export function foundAtFirst(list: ListContent): Record<string, string> {
  const started = list.status === "active";
  return Object.fromEntries(linesOf(list).map((line) => [line.field, String(started ? line.picked : line.quantity)]));
}

/** The fields whose text is no whole number from 0 to what was ordered. */
export function wrongFields(lines: readonly Line[], found: Readonly<Record<string, string>>): string[] {
  return lines.filter((line) => numberOf(found[line.field], line.quantity) === null).map((line) => line.field);
}

export function shortages(lines: readonly Line[], found: Readonly<Record<string, string>>): MissingItem[] {
  return lines.flatMap(({ field, storeId, productId, quantity }) => {
    const missing = quantity - (numberOf(found[field], quantity) ?? quantity);
    return missing > 0 ? [{ storeId, productId, quantity: missing }] : [];
  });
}

function numberOf(text: string | undefined, most: number): number | null {
  if (!/^\d{1,6}$/.test(text?.trim() ?? "")) return null;
  const value = Number(text);
  return value <= most ? value : null;
}
