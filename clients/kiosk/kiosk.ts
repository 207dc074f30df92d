/** What every screen works with: the mall as the kiosk and as its customer asks it, and what is told meanwhile. */

import { signal } from "@preact/signals";
import type { Api } from "../pages/api/api.ts";
import type { Config } from "../pages/api/config.ts";
import { Intents } from "../pages/api/intents.ts";
import type { Session } from "../pages/sign_in/session.ts";
import { money } from "../pages/text/text.ts";
import { changed, totalOf } from "./logic/basket.ts";
import { Catalogue, type Found } from "./logic/catalogue.ts";
import { Checkout } from "./logic/checkout.ts";
import { customerOf } from "./logic/customer.ts";
import { NotedApi, network } from "./logic/network.ts";
import { change, type Screen, still, visit } from "./logic/visit.ts";
import { t } from "./texts.ts";

export interface Kiosk {
  /** As the device. */
  readonly api: Api;
  /** As the customer of now. */
  readonly mine: Api;
  /** Renews the customer's session where it ends soon. Throws ApiError. */
  readonly stay: () => Promise<unknown>;
  readonly catalogue: Catalogue;
}

export function kioskOf(config: Config, session: Session): Kiosk {
  const intents = new Intents(sessionStorage);
  const api = new NotedApi(config.api, session, intents);
  const { api: mine, access } = customerOf(config.api, intents);
  return { api, mine, stay: () => access(), catalogue: new Catalogue(api, localStorage) };
}

/** The customer's checkout. What comes after the visit has ended is not kept. */
export function checkoutOf({ mine }: Kiosk): Checkout {
  const { id, progress } = visit.value;
  let own = progress;
  return new Checkout(mine, id, {
    read: () => own,
    write: (next) => {
      own = next;
      if (still(id)) change({ progress: next });
    },
  });
}

/** What is read out when nobody asked: `said` politely, `failed` at once. Both are shown, too. */
export const said = signal("");
export const failed = signal("");

let comingBack = 0;

function show(politely: string, atOnce: string): void {
  cancelAnimationFrame(comingBack);
  said.value = politely;
  failed.value = atOnce;
}

export const tell = (text: string): void => show(text, "");

export const quiet = (): void => show("", "");

/** An equal text is removed and shown again in the next frame: otherwise neither the screen nor a screen reader changes. */
export function fail(text: string): void {
  const stays = failed.value === text;
  show("", stays ? "" : text);
  if (stays) comingBack = requestAnimationFrame(() => show("", text));
}

export function go(screen: Screen, more: Partial<Parameters<typeof change>[0]> = {}): void {
  quiet();
  change({ ...more, screen });
}

export function put({ store, product }: Found, by: number): void {
  const before = visit.value.lines;
  const lines = changed(before, store, product, by);
  if (lines === before) {
    fail(t("wrong.full", { name: product.name }));
    return;
  }
  change({ lines });
  const count = lines.find(({ productId }) => productId === product.id)?.quantity ?? 0;
  const total = money(totalOf(lines));
  const { name } = product;
  tell(count > 0 ? t("said.changed", { name, count, total }) : t("said.removed", { name, total }));
}

/** Whether the mall may be asked to take money: now, or not at all. Nothing that was pressed waits for the network. */
export async function reachable({ catalogue }: Kiosk): Promise<boolean> {
  if (network.value === "lost") await catalogue.look().catch(() => undefined);
  return network.value !== "lost";
}

export const nameOf = (productId: string): string =>
  visit.value.lines.find((line) => line.productId === productId)?.name ?? productId;
