/** The kiosk's screens as a customer finds them when the mall fails. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { render } from "preact";
import { failed, type Kiosk, put, said } from "../../../clients/kiosk/kiosk.ts";
import { Catalogue } from "../../../clients/kiosk/logic/catalogue.ts";
import { NotedApi } from "../../../clients/kiosk/logic/network.ts";
import { findVoices, listen } from "../../../clients/kiosk/logic/speech.ts";
import { begin, change, type, visit } from "../../../clients/kiosk/logic/visit.ts";
import { App } from "../../../clients/kiosk/views/App.tsx";
import { Intents } from "../../../clients/pages/api/intents.ts";
import { settled, until } from "./dom.ts";
import { memory } from "./memory.ts";

type Answer = readonly [status: number, body: object];

const STORES = ["a", "b"].map((id) => ({ id, name: `Store ${id}`, location: "", participating: true }));
const GOODS = "GET /api/stores/a/products";

/** What the mall answers to a request, unless it is replaced; what was asked; what waits for seconds. */
let answers: Record<string, Answer> = {};
let asked: string[] = [];
let later = new Map<number, () => void>();
let spoken: string[] = [];

const usual = globalThis.setTimeout;
const clear = globalThis.clearTimeout;
Object.assign(globalThis, {
  scrollTo: () => undefined,
  requestAnimationFrame: (run: () => void) => usual(run, 16),
  cancelAnimationFrame: (frame: number) => clear(frame),
  MutationObserver: (window as unknown as { MutationObserver: unknown }).MutationObserver,
  SpeechSynthesisUtterance: class {
    constructor(readonly text: string) {}
  },
  speechSynthesis: {
    getVoices: () => [{ lang: "en-US", localService: true }],
    addEventListener: () => undefined,
    cancel: () => undefined,
    speak: (utterance: { text: string }) => spoken.push(utterance.text),
  },
  // Only what waits for 5 seconds is held, until the test lets them pass.
  setTimeout: (run: () => void, after = 0) => {
    if (after !== 5_000) return usual(run, after);
    later.set(-later.size - 1, run);
    return -later.size;
  },
  clearTimeout: (timer: number) => later.delete(timer) || clear(timer),
  fetch: async (url: string, request: RequestInit) => {
    const what = `${request.method} ${new URL(url).pathname}`;
    asked.push(what);
    const [status, body] = answers[what] ?? [404, {}];
    return new Response(JSON.stringify(body), { status, headers: { etag: '"1"' } });
  },
});

const plain = { button: "", heading: "", field: "", unavailable: "", on: "", empty: "", characters: () => "" };
const voice = { on: () => true, language: () => "en", volume: () => 1, aloud: () => false, words: () => plain };
findVoices();
listen(document, voice);

async function fiveSecondsPass(): Promise<void> {
  await until(() => later.size > 0);
  const due = [...later.values()];
  later = new Map();
  for (const run of due) run();
}

const goods = (storeId: string, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    ...{ id: `${storeId} ${at}`, storeId, name: `Tea ${at}`, description: "", sku: "", price: 1 },
  }));

function shows(): Kiosk {
  const caller = { access: async () => "token", signedOut: () => undefined };
  const waits = { sleep: async () => undefined, random: () => 0.5 };
  const api = new NotedApi("https://mall", caller, new Intents(memory()), waits);
  const kiosk = { api, mine: api, stay: async () => undefined, catalogue: new Catalogue(api, memory()) };
  render(<App kiosk={kiosk} onEnd={() => undefined} onMoreTime={() => undefined} />, document.body);
  return kiosk;
}

const text = (selector: string): string => document.querySelector(selector)?.textContent ?? "";

const press = (name: string): void => {
  const found = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === name);
  assert(found, name);
  found.click();
};

beforeEach(() => {
  begin({ ...memory(), clear: () => undefined });
  asked = [];
  later = new Map();
  spoken = [];
  answers = {
    "GET /api/stores": [200, { stores: STORES }],
    [GOODS]: [200, { products: goods("a", 400) }],
    "GET /api/stores/b/products": [200, { products: goods("b", 1) }],
  };
});

afterEach(() => render(null, document.body));

test("a store whose products do not come says so, asks again by itself, and by a press", async () => {
  for (const status of [503, 500, 429]) {
    answers[GOODS] = [status, {}];
    change({ screen: "store", storeId: "a" });
    const { catalogue } = shows();
    await catalogue.refresh();
    await until(() => text(".screen").includes("This does not work right now."));
    asked = [];
    await fiveSecondsPass();
    await until(() => asked.filter((what) => what === GOODS).length === 3);
    answers[GOODS] = [200, { products: goods("a", 2) }];
    if (status === 503) await fiveSecondsPass();
    else press("Try again");
    await until(() => document.querySelectorAll(".product").length === 2);
    assert(!text(".screen").includes("does not work") && text(".told").includes("2 products"));
    render(null, document.body);
  }
});

test("a list of stores that does not come is asked for again, and then told", async () => {
  answers["GET /api/stores"] = [503, {}];
  change({ screen: "stores" });
  shows();
  await until(() => text(".screen").includes("This does not work right now."));
  answers["GET /api/stores"] = [200, { stores: STORES }];
  await fiveSecondsPass();
  await until(() => text(".told").includes("2 stores"));
});

test("a search tells how many it found only when it has searched every store", async () => {
  answers[GOODS] = [503, {}];
  change({ screen: "search" });
  type({ search: "tea" });
  shows();
  await until(() => text(".found").startsWith("Still loading"));
  await until(() => text(".found").startsWith("Some stores do not answer"));
  assert.equal(document.querySelectorAll(".product").length, 1);
  answers[GOODS] = [200, { products: goods("a", 1) }];
  await fiveSecondsPass();
  await until(() => text(".found") === "2 products found");
});

test("a search that finds more than it shows says both numbers", async () => {
  change({ screen: "search" });
  type({ search: "tea" });
  shows();
  await until(() => text(".found").startsWith("401 products found. Here are the first 30"));
  assert.equal(document.querySelectorAll(".product").length, 30);
});

const timesSpoken = (words: string): number => spoken.filter((one) => one.includes(words)).length;

/** How often a text is shown anew from now on. */
function shownAnew(words: string): () => number {
  let times = 0;
  new MutationObserver(() => {
    if (text(".told-failed").includes(words)) times += 1;
  }).observe(document.querySelector(".told-failed") as Element, {
    childList: true,
    characterData: true,
    subtree: true,
  });
  return () => times;
}

test("a code that is wrong twice is told twice, on the screen and aloud", async () => {
  answers["POST /api/customers/sessions"] = [403, { code: "forbidden" }];
  change({ screen: "code" });
  type({ phone: "5550199", code: "000000" });
  shows();
  const times = shownAnew("This code is wrong");
  for (const count of [1, 2]) {
    press("Continue");
    await until(() => times() === count && timesSpoken("This code is wrong") === count);
    await settled();
  }
  assert.deepEqual([times(), timesSpoken("This code is wrong")], [2, 2]);
});

test("a code that is too short is told each time", async () => {
  change({ screen: "code" });
  type({ phone: "5550199", code: "00" });
  shows();
  const times = shownAnew("The code has 6 digits");
  for (const count of [1, 2]) {
    press("Continue");
    await until(() => times() === count && timesSpoken("The code has 6 digits") === count);
  }
});

test("a product that a full basket does not take is told so, each time, and not as in it or out of it", async () => {
  const [product] = goods("a", 1);
  const [store] = STORES;
  assert(product && store);
  const line = { productId: "x", storeId: "a", storeName: "Store a", name: "X", price: 1, quantity: 1 };
  const many = Array.from({ length: 100 }, (_, at) => ({ ...line, productId: `x ${at}` }));
  for (const lines of [many, [{ ...line, productId: product.id, name: product.name, quantity: 999 }]]) {
    change({ screen: "store", storeId: "a", lines });
    shows();
    const times = shownAnew("Your basket is full: it holds no more of Tea 0.");
    for (const count of [1, 2]) {
      put({ store, product }, 1);
      await until(() => times() === count);
    }
    assert.deepEqual([visit.value.lines, said.value], [lines, ""]);
    put({ store, product: { ...product, id: lines[0]?.productId ?? "" } }, -1);
    assert.deepEqual([failed.value, visit.value.lines.length], ["", lines.length === 1 ? 1 : 99]);
    render(null, document.body);
  }
});

test("an order that is too large says so, and leads back to the basket", async () => {
  const line = { productId: "a 0", storeId: "a", storeName: "Store a", productName: "Tea 0", quantity: 1 };
  const basket = { id: "1", customerId: "ada", status: "open", items: [{ ...line, productPrice: 1 }], total: 1 };
  answers["POST /api/baskets/withItems"] = [200, { id: "1" }];
  answers["GET /api/baskets/1"] = [200, { basket }];
  answers["POST /api/payments"] = [200, { id: "p" }];
  answers["PUT /api/baskets/1/checkout"] = [400, { code: "invalid" }];
  change({ screen: "pay", customerId: "ada", lines: [{ ...line, name: "Tea 0", price: 1 }] });
  shows();
  await until(() => text(".told").includes("You can pay now"));
  press("Order and pay $1.00");
  await until(() => text(".told-failed").startsWith("The mall cannot take this basket in one order."));
  press("Change the basket");
  await until(() => text("h1") === "Your basket");
});
