/** Rows that do not jump under the pointer, and for how long. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { render } from "preact";
import { List } from "../../../clients/pages/design/List.tsx";
import { hold, LEFT } from "../../../clients/pages/design/steady.ts";
import { Table } from "../../../clients/pages/design/Table.tsx";
import { passes, startClock, stopClock } from "./clock.ts";
import "./dom.ts";

const texts = (selector: string): (string | null)[] =>
  [...document.querySelectorAll(selector)].map(({ textContent }) => textContent);

const table = (ids: string[]) => (
  <Table caption="Orders" columns={[{ name: "Order", cell: (id: string) => id }]} rows={ids} idOf={(id) => id} />
);
const list = (ids: string[]) => <List label="Orders" items={ids.map((id) => ({ id, href: `#${id}`, content: id }))} />;

const VIEWS = [
  { name: "a table", view: table, around: ".scrolls", rows: "tbody th", left: "tr.left" },
  { name: "a list", view: list, around: "ul", rows: "li", left: "li.left" },
] as const;

beforeEach(stopClock);

afterEach(() => {
  render(null, document.body);
  startClock();
});

async function show(what: ReturnType<typeof table>): Promise<void> {
  render(what, document.body);
  await passes(50);
}

async function does(selector: string, event: string): Promise<void> {
  document.querySelector(selector)?.dispatchEvent(new Event(event, { bubbles: true }));
  await passes(50);
}

test("an order that is held keeps known rows where they are, and puts new ones at the end", () => {
  assert.deepEqual(hold(["a", "b", "c"], ["d", "c", "a"]), ["a", "b", "c", "d"]);
});

for (const { name, view, around, rows, left } of VIEWS) {
  test(`${name} is held while the pointer is over it, until it leaves`, async () => {
    await show(view(["a", "b"]));
    await does(around, "pointerenter");
    await show(view(["c", "b"]));
    assert.deepEqual([texts(rows), texts(left)], [["a", "b", "c"], ["a"]]);
    await does(around, "pointerleave");
    assert.deepEqual(texts(rows), ["c", "b"]);
  });

  for (const [what, begin, go] of [
    ["pointer that does not move", "pointerenter", "pointermove"],
    ["focus without a key", "focusin", "keydown"],
  ] as const) {
    test(`${name} is held by a ${what} for 15 seconds, and again when somebody is back`, async () => {
      await show(view(["a", "b"]));
      await does(around, begin);
      await passes(10_000);
      await does(around, go);
      await show(view(["c", "b"]));
      await passes(14_000);
      assert.deepEqual(texts(rows), ["a", "b", "c"]);
      await passes(1_000);
      assert.deepEqual(texts(rows), ["c", "b"]);
      await does(around, go);
      await show(view(["d", "c"]));
      assert.deepEqual(texts(rows), ["c", "b", "d"]);
    });
  }

  test(`${name} over which somebody moves the pointer all the time keeps the last rows that left`, async () => {
    await show(view(["0"]));
    await does(around, "pointerenter");
    for (let order = 1; order <= 100; order += 1) {
      await does(around, "pointermove");
      await show(view([`${order}`]));
    }
    const last = Array.from({ length: LEFT }, (_, at) => `${100 - LEFT + at}`);
    assert.deepEqual([texts(rows), texts(left)], [[...last, "100"], last]);
  });
}
