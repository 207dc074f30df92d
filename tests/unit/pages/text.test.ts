/** Texts, money, times and the pseudo-locale. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isMeant, numberIn, shortId } from "../../../clients/pages/text/ids.ts";
import {
  ago,
  choose,
  clockTime,
  day,
  dayAndTime,
  dictionary,
  LANGUAGES,
  lasted,
  locale,
  money,
  number,
  pseudo,
  say,
} from "../../../clients/pages/text/text.ts";

const TEXTS = {
  en: { hello: "Hello {name}", items: { one: "{count} item", other: "{count} items" }, only: "Only here" },
  es: { hello: "Hola, {name}", items: { one: "{count} artículo", other: "{count} artículos" }, only: "Solo aquí" },
};

test("a text has its values, in the language that is shown", () => {
  assert.equal(dictionary(TEXTS)("hello", { name: "Ada" }), "Hello Ada");
  assert.equal(say(TEXTS, "hello", { name: "Ada" }, "es"), "Hola, Ada");
});

test("a count chooses between one and many, and is written as people there write it", () => {
  assert.equal(say(TEXTS, "items", { count: 1 }, "en"), "1 item");
  assert.equal(say(TEXTS, "items", { count: 12_345 }, "en"), "12,345 items");
  assert.equal(say(TEXTS, "items", { count: 12_345 }, "es"), "12.345 artículos");
});

test("the pseudo-locale is longer, accented and in brackets, and leaves values alone", () => {
  assert.equal(pseudo("Pay {name}"), "[Páý {name}····]");
  assert.equal(say(TEXTS, "hello", { name: "Ada" }, "pseudo"), "[Ĥéļļö Ada····]".replace("Ĥ", "H"));
});

test("money has its currency", () => {
  assert.equal(money(1204.5), "$1,204.50");
});

test("a duration changes its unit at two of the next", () => {
  assert.deepEqual([0, 95_000, 119_000, 130_000, 7_300_000].map(lasted), [
    "0 sec",
    "95 sec",
    "119 sec",
    "2 min",
    "2 hr",
  ]);
});

test("an order's number is the beginning of its id, and is found by it in any case, also when it is read out", () => {
  const id = "019aa1c2-7d3e-4f00-8000-0000000abcde";
  assert.equal(shortId(id), "019aa1c2");
  assert.equal(shortId("order-1"), "order-1");
  for (const typed of ["019aa1c2", "019AA1C2", " 019a a1c2 ", "019aa", id]) assert(isMeant(typed, id), typed);
  for (const typed of ["", " ", "7d3e", "0abcde"]) assert(!isMeant(typed, id), typed);
  assert.equal(numberIn(" 019A a1c2"), "019aa1c2");
  for (const typed of ["", "019aa1c", "019aa1c2-", "order-12", id]) assert.equal(numberIn(typed), null, typed);
});

test("a formatter is built once for each language, however many cells are written with it", () => {
  Object.assign(globalThis, { document: { documentElement: {} } });
  let built = 0;
  const construct = (kind: new () => object, given: [], own: new () => object): object => {
    built += 1;
    return Reflect.construct(kind, given, own);
  };
  for (const name of ["DateTimeFormat", "NumberFormat", "PluralRules", "RelativeTimeFormat"] as const)
    Object.assign(Intl, { [name]: new Proxy(Intl[name], { construct }) });
  const cell = (): readonly string[] => [
    ...[say(TEXTS, "items", { count: 12_345 }, locale.value), money(12_345.5), number(12_345)],
    ...[day(0), dayAndTime(0), clockTime(0), ago(95_000), lasted(95_000)],
  ];
  const both = (): readonly string[] =>
    LANGUAGES.flatMap((language) => {
      choose(language, false);
      return cell();
    });
  const written = both();
  assert.deepEqual([written[1], written[9]], ["$12,345.50", "12.345,50\u00a0US$"]);
  assert(built > 0);
  built = 0;
  for (let times = 0; times < 100; times += 1) assert.deepEqual(both(), written);
  assert.equal(built, 0);
});
