/** What operators see: sums, what may be done, what comes first, and the command lines. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { commands, quoted } from "../../../clients/console/logic/commands.ts";
import {
  actsOf,
  countOf,
  goesOn,
  inOrder,
  lettersOf,
  partsOf,
  placeOf,
  pretty,
  readStep,
  toldBy,
  waitingOf,
  wholeIn,
} from "../../../clients/console/logic/operations.ts";
import type { ConsumerShape } from "../../../clients/pages/generated/api.ts";

const counts = (more: object = {}) => ({ open: 0, redriving: 0, parked: 0, done: 0, discarded: 0, ...more });

test("letters are summed over groups, by state", () => {
  const groups = [{ counts: counts({ open: 2, parked: 1 }) }, { counts: counts({ open: 5, redriving: 3 }) }];
  assert.deepEqual(lettersOf(groups), counts({ open: 7, redriving: 3, parked: 1 }));
  assert.deepEqual(lettersOf([]), counts());
});

test("a run that is over can be told nothing; one that stopped by itself may be resumed", () => {
  assert.deepEqual(actsOf("running"), ["pause", "cancel"]);
  assert.deepEqual(actsOf("stopped"), ["resume", "cancel"]);
  assert.deepEqual(actsOf("cancelled"), []);
  assert.deepEqual(actsOf("done"), []);
});

test("a run that was paused goes on as long as letters that it sent have no outcome", () => {
  assert(goesOn({ state: "running", counts: {} }));
  assert(goesOn({ state: "paused", counts: { sent: 1 } }));
  assert(!goesOn({ state: "paused", counts: { sent: 0, pending: 40 } }));
  assert(!goesOn({ state: "done", counts: { failing: 1 } }));
});

test("the parts of a redrive leave out what has no letters, and what ended well is first", () => {
  const parts = partsOf({ total: 9, pending: 4, sent: 2, done: 3, failing: 0, dead: 0, skipped: 0 });
  assert.deepEqual(parts, [
    { part: "done", letters: 3 },
    { part: "sent", letters: 2 },
    { part: "pending", letters: 4 },
  ]);
});

test("how far a ramp is can be said in any language", () => {
  assert.deepEqual(readStep("step 3 of 5: 5 letters"), { kind: "ramp", step: 3, steps: 5, letters: 5 });
  assert.deepEqual(readStep("10 letters a second"), { kind: "rate", rate: 10 });
  assert.equal(readStep("something else"), null);
});

test("an estimate says whether it was counted whole, concluded, or is the least", () => {
  assert.equal(toldBy("exact"), "estimate.exact");
  assert.equal(toldBy("about"), "estimate.about");
  assert.equal(toldBy("at least"), "estimate.atLeast");
});

test("a consumer is its service and its queue", () => {
  assert.deepEqual(placeOf("depot/dispatcher"), { service: "depot", queue: "dispatcher" });
});

const consumer = (name: string, state: string, visible: number | null) =>
  ({ name, state, waiting: visible === null ? null : { visible, inFlight: 1, delayed: 0 } }) as ConsumerShape;

test("consumers that do not run come first, then those with the most that waits", () => {
  const all = [
    consumer("a/inbox", "running", 0),
    consumer("b/inbox", "running", 9),
    consumer("c/inbox", "paused", null),
    consumer("d/inbox", "running", null),
  ];
  const names = inOrder(all).map(({ name }) => name);
  assert.deepEqual(names, ["c/inbox", "b/inbox", "a/inbox", "d/inbox"]);
  assert.equal(waitingOf(consumer("a", "running", null)), null);
  assert.equal(waitingOf(consumer("a", "running", 4)), 5);
});

test("an answer of a forecast is counted under its name", () => {
  const forecast = { counts: { passes: 4, refused: 0, waits: 0, fails: 1, cannotTell: 2 } };
  assert.equal(countOf(forecast, "cannot tell"), 2);
  assert.equal(countOf(forecast, "passes"), 4);
});

test("a number that was typed is whole and within its limit, or none", () => {
  assert.equal(wholeIn(" 10 ", 100), 10);
  for (const wrong of ["", "0", "101", "1.5", "-1", "ten", "1e2"]) assert.equal(wholeIn(wrong, 100), null, wrong);
});

test("a body that is no JSON is shown as it is", () => {
  assert.equal(pretty('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(pretty("{broken"), "{broken");
});

test("a command line is quoted as a shell takes it", () => {
  assert.equal(quoted("depot/inbox"), "depot/inbox");
  assert.equal(quoted("a deploy"), "'a deploy'");
  assert.equal(quoted("it's; rm -rf $HOME"), "'it'\\''s; rm -rf $HOME'");
  assert.equal(quoted(""), "''");
  assert.equal(quoted("~"), "'~'");
});

test("a command line says what the button does", () => {
  const how = { rate: 10, stopAt: 20 };
  assert.equal(
    commands.redrive({ group: "7c1f", asOf: "2026-03-01T12:00:00Z" }, how),
    "mallbots dead redrive --group 7c1f --rate 10 --stop-at 20",
  );
  assert.equal(
    commands.redrive({ forecast: "f1", passing: true }, how),
    "mallbots dead redrive --forecast f1 --passing --rate 10 --stop-at 20",
  );
  assert.equal(commands.pause("depot/inbox", "a deploy"), "mallbots pause depot/inbox --reason 'a deploy'");
  assert.equal(commands.note("7c1f", "It's known"), "mallbots dead note 7c1f 'It'\\''s known'");
  assert.equal(commands.rebuild("search", "orders"), "mallbots rebuild search orders");
  assert.equal(commands.groups("open"), "mallbots dead groups");
});
