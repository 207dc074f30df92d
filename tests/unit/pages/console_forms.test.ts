/** Forms: two people at one thing, and the check-in of a list. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { foundAtFirst, linesOf, shortages, wrongFields } from "../../../clients/console/logic/checkIn.ts";
import { isBehind, merge, versionOf } from "../../../clients/console/logic/conflict.ts";
import type { ListContent } from "../../../clients/pages/generated/api.ts";
import { scriptOf } from "../../../clients/pages/versions.ts";

test("a version is read off an ETag, strong or weak, and off nothing else", () => {
  assert.deepEqual(['"7"', 'W/"12"', '"x"', "7", null].map(versionOf), [7, 12, null, null, null]);
});

test("a form is behind when the stream tells of a newer version; an ETag ahead of the stream is not", () => {
  assert(isBehind('"3"', 4));
  assert(!isBehind('"4"', 4) && !isBehind('"5"', 4));
  assert(!isBehind(null, 4) && !isBehind('"3"', undefined));
});

test("fields that nobody touched follow the thing", () => {
  assert.deepEqual(merge({ a: "1", b: "2" }, {}, { a: "5", b: "2" }), { values: { a: "5", b: "2" }, conflicts: [] });
});

test("what was typed stays, and is a conflict only where the other changed it to something else", () => {
  const before = { a: "1", b: "2", c: "3", d: "4" };
  const typed = { a: "9", b: "9", c: "9", d: "4" };
  const now = { a: "1", b: "8", c: "9", d: "7" };
  assert.deepEqual(merge(before, typed, now), { values: { a: "9", b: "9", c: "9", d: "7" }, conflicts: ["b"] });
});

test("a field that is gone is forgotten, and a new one is as it is", () => {
  assert.deepEqual(merge({ a: "1" }, { a: "9" }, { b: "2" }), { values: { b: "2" }, conflicts: [] });
});

function list(status: ListContent["status"], picked: number): ListContent {
  const items = [
    { productId: "p1", name: "One", quantity: 3, picked },
    { productId: "p2", name: "Two", quantity: 1, picked: 0 },
  ];
  const stops = [{ storeId: "s", storeName: "Store", location: "A", items }];
  return { id: "l", orderId: "o", status, botId: "b", assignment: 1, stops };
}

test("a check-in begins with what the robot picked, or with all where no robot has begun", () => {
  assert.deepEqual(foundAtFirst(list("active", 2)), { "s p1": "2", "s p2": "0" });
  assert.deepEqual(foundAtFirst(list("assigned", 0)), { "s p1": "3", "s p2": "1" });
});

test("what is missing is short, and what is all there is not sent", () => {
  const lines = linesOf(list("active", 2));
  assert.deepEqual(shortages(lines, { "s p1": "1", "s p2": "1" }), [{ storeId: "s", productId: "p1", quantity: 2 }]);
  assert.deepEqual(shortages(lines, { "s p1": "3", "s p2": "1" }), []);
});

test("only whole numbers from none to all are taken", () => {
  const lines = linesOf(list("active", 2));
  assert.deepEqual(wrongFields(lines, { "s p1": "3", "s p2": "0" }), []);
  for (const wrong of ["4", "-1", "1.5", "", "two"])
    assert.deepEqual(wrongFields(lines, { "s p1": wrong, "s p2": "1" }), ["s p1"]);
});

test("a newer version of the page is known by the script that its index names", () => {
  assert.equal(scriptOf('<script type="module" src="./main-AB12CD34.js"></script>'), "main-AB12CD34.js");
  assert.equal(scriptOf("<p>Not this page</p>"), null);
});
