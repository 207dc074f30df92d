/** One customer's visit: all that the kiosk knows of it, over a reload, and nothing of it afterwards. */

import { signal } from "@preact/signals";
import type { Keep } from "../../pages/api/intents.ts";
import { choose, language, type Shown } from "../../pages/text/text.ts";
import type { Line } from "./basket.ts";
import { NOTHING, type Progress } from "./checkout.ts";

export const SCREENS = [
  "attract",
  "stores",
  "store",
  "search",
  "basket",
  "review",
  "who",
  "phone",
  "name",
  "code",
  "pay",
  "order",
] as const;
export type Screen = (typeof SCREENS)[number];

/** What a customer set for itself. Sizes, and volumes of speech: 1 to 3. */
export interface Help {
  readonly size: number;
  readonly contrast: boolean;
  readonly speech: boolean;
  readonly volume: number;
  /** What is private is spoken, too: the customer says that it wears headphones. */
  readonly aloud: boolean;
}

export interface Visit {
  readonly id: string;
  readonly screen: Screen;
  readonly language: Shown;
  readonly storeId: string;
  readonly lines: readonly Line[];
  readonly returning: boolean;
  readonly customerId: string;
  readonly token: string;
  /** When the token ends (RFC 3339); "" without one. */
  readonly expiresAt: string;
  readonly progress: Progress;
  readonly help: Help;
}

/** What is typed: in memory alone. It is never stored, so a reload asks for it again. */
export interface Typed {
  readonly phone: string;
  readonly name: string;
  readonly code: string;
  readonly search: string;
}

const KEPT = "visit";
const HELP: Help = { size: 1, contrast: false, speech: false, volume: 2, aloud: false };
const UNTYPED: Typed = { phone: "", name: "", code: "", search: "" };

/** Screens that need what was typed, and the one to begin again with. */
const AGAIN: Partial<Record<Screen, Screen>> = { name: "phone", code: "phone" };

/** The language in which the kiosk waits for a customer. */
const usual = language.value;

const fresh = (): Visit => ({
  id: crypto.randomUUID(),
  screen: "attract",
  language: usual,
  storeId: "",
  lines: [],
  returning: false,
  customerId: "",
  token: "",
  expiresAt: "",
  progress: NOTHING,
  help: HELP,
});

export const visit = signal<Visit>(fresh());
export const typed = signal<Typed>(UNTYPED);

let store: Keep & { clear: () => void };

/** Takes up the visit that a reload interrupted. kept: the tab's store, which is the visit's alone. */
export function begin(kept: typeof store): void {
  store = kept;
  const found = stored();
  visit.value = found ? { ...fresh(), ...found, screen: AGAIN[found.screen] ?? found.screen } : fresh();
  choose(visit.value.language, false);
}

export function change(what: Partial<Visit>): void {
  visit.value = { ...visit.value, ...what };
  store.setItem(KEPT, JSON.stringify(visit.value));
}

/** Whether somebody has begun: even who only made the text larger leaves something behind. */
export const begun = (): boolean => store.getItem(KEPT) !== null;

export function type(what: Partial<Typed>): void {
  typed.value = { ...typed.value, ...what };
}

export const help = (what: Partial<Help>): void => change({ help: { ...visit.value.help, ...what } });

/** Ends the visit: the stores, the memory and the screen have nothing of the customer any more. */
export function end(): void {
  store.clear();
  typed.value = UNTYPED;
  visit.value = fresh();
  choose(usual, false);
}

/** Whether an answer that comes now is still for the customer who asked. */
export const still = (id: string): boolean => visit.value.id === id;

function stored(): Visit | null {
  try {
    const found = JSON.parse(store.getItem(KEPT) ?? "null") as Visit | null;
    return found && SCREENS.includes(found.screen) ? found : null;
  } catch {
    return null;
  }
}
