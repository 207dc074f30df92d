/** Where the user is: the part of the address after #, such as #/orders/order-1/payment. */

import { computed, signal } from "@preact/signals";

const hash = signal(typeof location === "undefined" ? "" : location.hash);

/** Follows the address from now on. */
export function followAddress(): () => void {
  const heard = (): void => {
    hash.value = location.hash;
  };
  heard();
  window.addEventListener("hashchange", heard);
  return () => window.removeEventListener("hashchange", heard);
}

export interface Route {
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

/** Reads an address. A part that cannot be decoded is taken as it is. */
export function readRoute(address: string): Route {
  const [path = "", query = ""] = address.replace(/^#?\/?/, "").split("?", 2);
  return { parts: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = computed(() => readRoute(hash.value));

/** The address of a view: `to("orders", id, "payment")`. */
export const to = (...parts: readonly string[]): string => `#/${parts.map(encodeURIComponent).join("/")}`;

export function go(...parts: readonly string[]): void {
  location.hash = to(...parts);
}
