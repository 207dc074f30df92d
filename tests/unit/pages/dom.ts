/** A document for components: import it before them. */

import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><html lang='en'><body></body></html>", {
  url: "https://pages/console/",
  pretendToBeVisual: true,
});
for (const name of [
  "window",
  "document",
  "HTMLElement",
  "Element",
  "Node",
  "location",
  "localStorage",
  "sessionStorage",
  "history",
  "Event",
  "AbortController",
]) {
  Object.defineProperty(globalThis, name, { value: name === "window" ? window : window[name], configurable: true });
}

/** Waits until something is so. Throws where it does not come. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let times = 0; times < 400 && !isSo(); times += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  if (!isSo()) throw new Error(`it did not come to ${isSo}: ${document.body.innerHTML}`);
}

/** Lets effects, microtasks and what was rendered meanwhile happen. */
export async function settled(): Promise<void> {
  for (let times = 0; times < 4; times += 1) await new Promise((resolve) => setTimeout(resolve, 20));
}
