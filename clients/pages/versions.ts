/** Whether a newer version of this page was deployed, or another config.json.
 *
 * The console never reloads by itself: somebody may be typing.
 */

import { signal } from "@preact/signals";
import { isReplaced } from "./api/config.ts";

const LOOKS = 5 * 60_000; // milliseconds

export const isOutdated = signal(false);

/** The script that an index.html names; null for what is none. */
export const scriptOf = (html: string): string | null => /src="\.\/(main-[^"]+\.js)"/.exec(html)?.[1] ?? null;

const running = (): string | null =>
  document.querySelector<HTMLScriptElement>('script[src*="main-"]')?.getAttribute("src")?.replace("./", "") ?? null;

/** Asks for index.html and config.json, which are never cached, and compares. An answer that is none tells nothing. */
export async function lookForNewer(): Promise<void> {
  const answers = await Promise.all([hasOtherScript().catch(() => null), isReplaced().catch(() => null)]);
  if (answers.includes(true)) isOutdated.value = true;
  else if (!answers.includes(null)) isOutdated.value = false;
}

/** Null where that cannot be told. */
async function hasOtherScript(): Promise<boolean | null> {
  const own = running();
  if (own === null) return null;
  const response = await fetch("./index.html", { cache: "no-store" });
  const there = response.ok ? scriptOf(await response.text()) : null;
  return there === null ? null : there !== own;
}

/** Looks from now on, every five minutes. */
export function followVersions(): () => void {
  const timer = setInterval(() => void lookForNewer(), LOOKS);
  return () => clearInterval(timer);
}
