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

/** Lets effects, microtasks and what was rendered meanwhile happen. */
export async function settled(): Promise<void> {
  for (let times = 0; times < 4; times += 1) await new Promise((resolve) => setTimeout(resolve, 20));
}
