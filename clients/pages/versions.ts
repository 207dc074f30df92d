/** Whether a newer version of this page was deployed. The console never reloads by itself: somebody may be typing. */

import { signal } from "@preact/signals";

const LOOKS = 5 * 60_000; // milliseconds

export const isOutdated = signal(false);

/** The script that an index.html names; null for what is none. */
export const scriptOf = (html: string): string | null => /src="\.\/(main-[^"]+\.js)"/.exec(html)?.[1] ?? null;

const running = (): string | null =>
  document.querySelector<HTMLScriptElement>('script[src*="main-"]')?.getAttribute("src")?.replace("./", "") ?? null;

/** Asks for index.html, which is never cached, and compares. An answer that is none tells nothing. */
export async function lookForNewer(): Promise<void> {
  const own = running();
  if (own === null) return;
  try {
    const response = await fetch("./index.html", { cache: "no-store" });
    if (!response.ok) return;
    const there = scriptOf(await response.text());
    if (there !== null) isOutdated.value = there !== own;
  } catch {
    // Looked for again.
  }
}

/** Looks from now on, every five minutes. */
export function followVersions(): () => void {
  const timer = setInterval(() => void lookForNewer(), LOOKS);
  return () => clearInterval(timer);
}
