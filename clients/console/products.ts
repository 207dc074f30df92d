/** The products of a store. Their list follows what is written some time later, and no stream tells of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Api } from "../pages/api/api.ts";
import type { ProductShape } from "../pages/generated/api.ts";
import { useConsole } from "./context.ts";
import { type Loaded, useLoad } from "./load.ts";
import { type OwnChanges, pending, withChange, withChanges } from "./logic/ownChanges.ts";

// In milliseconds. SOON: after a change, until the list has it.
const LOOKS = 10_000;
const SOON = [1_000, 2_000, 4_000, 8_000];

export interface StoreProducts extends Loaded<readonly ProductShape[]> {
  /** Shows an own change at once. now: null where the product was removed. */
  readonly change: (id: string, now: ProductShape | null) => void;
}

export function useProducts(storeId: string): StoreProducts {
  const { api } = useConsole();
  const loaded = useLoad(`products ${storeId}`, (signal) => allProducts(api, storeId, signal), LOOKS);
  const { data, look } = loaded;
  const [own, setOwn] = useState<OwnChanges>(new Map());
  const ahead = data ? pending(own, data) : own;
  if (ahead.size !== own.size) setOwn(ahead);
  const [writes, setWrites] = useState(0);
  const latest = useRef(look);
  latest.current = look;
  const waits = ahead.size > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: writes: each begins the looks anew
  useEffect(() => {
    if (!waits) return;
    const timers = SOON.map((after) => setTimeout(() => latest.current(), after));
    return () => timers.forEach(clearTimeout);
  }, [waits, writes]);
  const change = (id: string, now: ProductShape | null): void => {
    setOwn((before) => withChange(before, data ?? [], id, now));
    setWrites((before) => before + 1);
  };
  return { ...loaded, data: data && withChanges(data, ahead), change };
}

async function allProducts(api: Api, storeId: string, signal: AbortSignal): Promise<readonly ProductShape[]> {
  const products: ProductShape[] = [];
  let next: string | undefined;
  do {
    const query = next === undefined ? {} : { next };
    const answer = await api.get("GET /api/stores/{storeId}/products", { path: { storeId }, query, signal });
    products.push(...answer.products);
    next = answer.next;
  } while (next);
  return products;
}
