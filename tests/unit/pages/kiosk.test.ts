/** The kiosk's other logic: arrows, search, the steps of an order, what is read aloud, and what is typed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { type Arrow, next, type Stop } from "../../../clients/kiosk/logic/arrows.ts";
import { search } from "../../../clients/kiosk/logic/catalogue.ts";
import { GoneError } from "../../../clients/kiosk/logic/checkout.ts";
import { phoneOf } from "../../../clients/kiosk/logic/customer.ts";
import { stepsOf } from "../../../clients/kiosk/logic/follow.ts";
import { described, findVoices, listen, textOf } from "../../../clients/kiosk/logic/speech.ts";
import { type Doing, en, wrong } from "../../../clients/kiosk/texts.ts";
import { es } from "../../../clients/kiosk/texts_es.ts";
import { ApiError, type Kind } from "../../../clients/pages/api/problem.ts";

/** Two buttons, a grid of 3 columns with 11 keys, a button. */
const STOPS: Stop[] = [{}, {}, ...Array.from({ length: 11 }, () => ({ grid: "keys", columns: 3 })), {}];

const walk = (at: number, ...arrows: Arrow[]): number => arrows.reduce((here, arrow) => next(STOPS, here, arrow), at);

test("the first arrow goes to an end, and outside of grids all go on or back", () => {
  assert.deepEqual([walk(-1, "ArrowDown"), walk(-1, "ArrowUp")], [0, 13]);
  assert.deepEqual(
    [walk(0, "ArrowRight"), walk(1, "ArrowLeft"), walk(0, "ArrowUp"), walk(13, "ArrowDown")],
    [1, 0, 0, 13],
  );
});

test("in a grid the arrows go where they point to, and out of it at its edges", () => {
  assert.equal(walk(1, "ArrowDown"), 2);
  assert.equal(walk(2, "ArrowDown"), 5);
  assert.equal(walk(2, "ArrowRight", "ArrowRight"), 4);
  assert.equal(walk(4, "ArrowRight"), 13);
  assert.equal(walk(3, "ArrowUp"), 1);
  assert.equal(walk(5, "ArrowLeft"), 1);
  assert.equal(walk(10, "ArrowDown"), 12); // the last row is not full
  assert.equal(walk(11, "ArrowDown"), 13);
  assert.equal(walk(13, "ArrowUp"), 12);
});

test("every place is reached by four arrows from every other one", () => {
  const arrows: Arrow[] = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];
  for (let from = 0; from < STOPS.length; from += 1) {
    const reached = new Set([from]);
    for (const at of reached) for (const arrow of arrows) reached.add(next(STOPS, at, arrow));
    assert.equal(reached.size, STOPS.length, `from ${from}`);
  }
});

test("a search finds every word, without accents, by name first, and only what may be ordered", () => {
  const store = (id: string, participating: boolean) => ({ id, name: `Store ${id}`, location: "", participating });
  const product = (id: string, storeId: string, name: string, description: string) => ({
    ...{ id, storeId, name, description, sku: "", price: 1 },
  });
  const shop = {
    stores: { at: 0, data: [store("a", true), store("b", false)] },
    products: {
      a: { at: 0, data: [product("1", "a", "Cup", "for café"), product("2", "a", "Café", "beans")] },
      b: { at: 0, data: [product("3", "b", "Cafe", "")] },
    },
  };
  const found = (words: string): string[] => search(shop, words).map(({ product: { id } }) => id);
  assert.deepEqual([found("CAFE"), found("cup store"), found(" "), found("cafe tea")], [["2", "1"], ["1"], [], []]);
});

test("a phone number has its digits, and nothing else is one", () => {
  assert.deepEqual(["555 010-0199", "+1 (555) 0100", "123", "12345678901234567"].map(phoneOf), [
    "5550100199",
    "+15550100",
    null,
    null,
  ]);
});

test("an order's steps come in either order", () => {
  const order = { id: "", customerId: "", paymentId: "", items: [], total: 1 };
  const marks = (status: string, ready: boolean, paid: boolean): string =>
    stepsOf({ ...order, status: status as "ready", ready, paid })
      .map(([, reached]) => reached[0])
      .join("");
  assert.equal(marks("pending", false, false), "dnlll");
  assert.equal(marks("approved", false, false), "ddnll");
  assert.equal(marks("approved", false, true), "ddndl");
  assert.equal(marks("ready", true, false), "dddnl");
  assert.equal(marks("completed", true, true), "ddddd");
  assert.equal(stepsOf(null)[1]?.[1], "now");
});

const WORDS = {
  ...{ button: "button", heading: "heading", field: "text field", unavailable: "not available", on: "on" },
  ...{ empty: "empty", characters: (count: number) => `${count} characters` },
};

function spoken(html: string, aloud = false): string {
  const { document } = new JSDOM(html).window;
  const element = document.querySelector<HTMLElement>("[data-here]");
  assert(element);
  return described(element, WORDS, aloud);
}

test("what has the focus is spoken with its name, what it is, and what is said of it", () => {
  assert.equal(
    spoken('<h1 data-here aria-describedby="i">Your basket</h1><p id="i">2 items.</p>'),
    "Your basket, heading, 2 items.",
  );
  assert.equal(
    spoken('<button data-here aria-pressed="true"><i aria-hidden="true">✓</i>Read aloud</button>'),
    "Read aloud, button, on",
  );
  assert.equal(spoken('<button data-here aria-disabled="true">Pay</button>'), "Pay, button, not available");
});

test("what is private is counted, and spoken only where the customer asked for it", () => {
  const field = '<label for="p">Phone</label><input id="p" data-here data-private value="5550199">';
  assert.equal(spoken(field), "Phone, text field, 7 characters");
  assert.equal(spoken(field, true), "Phone, text field, 5 5 5 0 1 9 9");
  assert.equal(textOf(new JSDOM("<p>Hi <b data-private>Ada</b></p>").window.document.body).trim(), "Hi");
});

/** Lets a page speak that has keys and a field; answers the page, and what was said with which voice. */
function speaking(aloud: boolean, voices: readonly object[]): [Document, string[]] {
  const { document } = new JSDOM('<div class="keys"><button>7</button></div><input data-private>').window;
  const said: string[] = [];
  const speak = (utterance: { text: string; voice: { name: string } }) =>
    said.push(`${utterance.voice?.name}: ${utterance.text}`);
  const usual = { cancel: () => undefined, addEventListener: () => undefined };
  Object.assign(globalThis, {
    speechSynthesis: { ...usual, speak, getVoices: () => voices },
    MutationObserver: class {
      observe(): void {}
    },
    SpeechSynthesisUtterance: class {
      constructor(readonly text: string) {}
    },
  });
  findVoices();
  const [on, language, volume] = [() => true, () => "en", () => 1];
  listen(document, { on, language, volume, aloud: () => aloud, words: () => WORDS });
  return [document, said];
}

const LOCAL = { name: "here", lang: "en-GB", localService: true };
const REMOTE = { name: "away", lang: "en-US", localService: false };

function touch(page: Document, what: string, event: "pointerdown" | "keydown"): void {
  const element = page.querySelector<HTMLElement>(what);
  assert(element && page.defaultView);
  element.dispatchEvent(new page.defaultView.Event(event, { bubbles: true }));
  element.focus();
}

test("a key that is tapped is not spoken, unless the customer listens alone; one that the arrows reach is", () => {
  const [page, said] = speaking(false, [LOCAL]);
  touch(page, "button", "pointerdown");
  assert.deepEqual(said, []);
  touch(page, "input", "pointerdown");
  touch(page, "button", "keydown");
  assert.deepEqual(said, ["here: text field, empty", "here: 7, button"]);

  const [alone, heard] = speaking(true, [LOCAL]);
  touch(alone, "button", "pointerdown");
  assert.deepEqual(heard, ["here: 7, button"]);
});

test("only a voice of the device and of the language speaks, so nothing is sent away", () => {
  const spoken = (...voices: object[]): string[] => {
    const [page, said] = speaking(false, voices);
    touch(page, "button", "keydown");
    return said;
  };
  assert.deepEqual(spoken(REMOTE, LOCAL), ["here: 7, button"]);
  assert.deepEqual(spoken(REMOTE), []);
  assert.deepEqual(spoken({ name: "otra", lang: "es-ES", localService: true }), []);
});

/** The sentence (of "wrong.") for each kind of error: always, or by what the customer was doing. */
const SENTENCES: Record<Kind, string | Record<Doing, string>> = {
  offline: "offline",
  unavailable: "again",
  internal_error: "again",
  conflict: "again",
  stale: "again",
  too_many: {
    ...{ request: "attempts", code: "attempts" },
    ...{ register: "again", pay: "again", order: "again", any: "again" },
  },
  refused: { request: "again", code: "again", register: "again", pay: "declined", order: "again", any: "again" },
  invalid: { request: "phone", code: "phone", register: "phone", pay: "declined", order: "basket", any: "other" },
  forbidden: {
    ...{ request: "session", code: "code", register: "session" },
    ...{ pay: "session", order: "session", any: "session" },
  },
  unauthenticated: "session",
  not_found: "other",
  method_not_allowed: "other",
  too_large: "other",
  idempotency_key_reused: "other",
};
const DOINGS: Doing[] = ["request", "code", "register", "pay", "order", "any"];

test("every error has the words that are true of what the customer was doing", () => {
  for (const [kind, expected] of Object.entries(SENTENCES)) {
    for (const doing of DOINGS) {
      const error = new ApiError(kind as Kind, "DETAIL", 400, 0, "c-1");
      const key = `wrong.${typeof expected === "string" ? expected : expected[doing]}` as keyof typeof en;
      const words = String(en[key]).replace("{correlation}", "c-1");
      assert.equal(
        wrong(error, doing, (id) => id),
        words,
        `${kind}, ${doing}`,
      );
    }
  }
  assert.match(
    wrong(new GoneError("tea"), "pay", () => "Tea"),
    /^Tea is sold out/,
  );
});

test("both languages have every text, with the same values", () => {
  const values = (entry: unknown): string => [...new Set(JSON.stringify(entry).match(/\{\w+\}/g))].sort().join();
  assert.deepEqual(Object.keys(es).sort(), Object.keys(en).sort());
  for (const key of Object.keys(en) as (keyof typeof en)[]) assert.equal(values(es[key]), values(en[key]), key);
});
