/** Own changes of products whose list follows later: each is shown until the list has moved on from what was before. */

import type { ProductShape } from "../../pages/generated/api.ts";

export interface OwnChange {
  /** Null: it was removed. */
  readonly now: ProductShape | null;
  /** What the list may show of it until it follows. */
  readonly older: readonly string[];
}

/** By product. */
export type OwnChanges = ReadonlyMap<string, OwnChange>;

type Products = readonly ProductShape[];

const contentOf = (product: ProductShape | null | undefined): string =>
  product ? JSON.stringify([product.name, product.description, product.sku, product.price]) : "";

const contentIn = (list: Products, id: string): string => contentOf(list.find((product) => product.id === id));

export function withChange(changes: OwnChanges, list: Products, id: string, now: ProductShape | null): OwnChanges {
  const before = changes.get(id);
  const older = [...(before ? [...before.older, contentOf(before.now)] : []), contentIn(list, id)];
  return new Map([...changes, [id, { now, older }]]);
}

/** Those that the list does not show yet. A product that was removed never comes back. */
export function pending(changes: OwnChanges, list: Products): OwnChanges {
  const isPending = (id: string, { now, older }: OwnChange): boolean => {
    const there = contentIn(list, id);
    return now === null ? there !== "" : older.includes(there) && there !== contentOf(now);
  };
  return new Map([...changes].filter(([id, change]) => isPending(id, change)));
}

/** The list with changes that it does not show yet, by name as the API sorts it. */
export function withChanges(list: Products, changes: OwnChanges): Products {
  const others = list.filter(({ id }) => !changes.has(id));
  const own = [...changes.values()].flatMap(({ now }) => (now ? [now] : []));
  return [...others, ...own].sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
}

const placeOf = ({ name, id }: ProductShape): string => `${name.toLowerCase()}\0${id}`;
