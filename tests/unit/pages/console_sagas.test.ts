/** What operators see of sagas: which come first, what may be done with one, and what it did. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { inOrder, listOf, mayResume, type Status, stepsOf, unanswered } from "../../../clients/console/logic/sagas.ts";
import type { CommitShape, SagaView } from "../../../clients/pages/generated/api.ts";

const saga = (orderId: string, status: Status, minute: number): SagaView => ({
  orderId,
  status,
  step: 1,
  compensating: false,
  since: `2030-01-01T10:${minute}:00Z`,
  reason: "",
});

test("parked sagas come first, then those that run, the longest first; those that have ended stay as they came", () => {
  const given = [
    saga("done", "completed", 30),
    saga("undone", "compensated", 10),
    saga("new", "running", 29),
    saga("old", "running", 11),
    saga("stuck", "parked", 40),
  ];
  assert.deepEqual(
    inOrder(given).map(({ orderId }) => orderId),
    ["stuck", "old", "new", "done", "undone"],
  );
});

test("an address that names no list shows what has not ended", () => {
  assert.equal(listOf("parked"), "parked");
  assert.equal(listOf("all"), "all");
  assert.equal(listOf(null), "open");
  assert.equal(listOf("lost"), "open");
});

test("only a parked saga may be resumed, and each command without an answer is sent again once", () => {
  assert(mayResume({ status: "parked" }));
  assert(!mayResume({ status: "running" }));
  const awaited = ["CancelShoppingList", "CancelShoppingList", "VoidPayment"].map((command) => ({
    command,
    attempt: 1,
    due: "",
  }));
  assert.deepEqual(unanswered({ awaited }), ["CancelShoppingList", "VoidPayment"]);
  assert.deepEqual(unanswered({ awaited: [] }), []);
});

test("what a saga did has a line for each commit, with steps, further tries and reasons, and none for a watch", () => {
  const commit = (version: number, names: [string, object][], ...messages: string[]): CommitShape => ({
    version,
    last: version,
    time: `10:00:0${version}`,
    actor: "system",
    cause: null,
    correlation: "",
    events: names.map(([name, data]) => ({ name, version: 1, data: { ...data } })),
    messages: messages.map((name) => ({ name, id: name })),
  });
  const did = stepsOf([
    commit(
      1,
      [
        ["StepSent", { step: 1, attempt: 1, due: "" }],
        ["WatchSet", { until: "" }],
      ],
      "AuthorizeCustomer",
      "SagaWatchEnds",
    ),
    commit(3, [["WatchSet", { until: "" }]], "SagaWatchEnds"),
    commit(4, [["StepSent", { step: 1, attempt: 2, due: "" }]], "AuthorizeCustomer"),
    commit(5, [["TurnedRound", { reason: "the card was refused", at: "" }]]),
  ]);
  assert.deepEqual(
    did.map(({ version, events, sent }) => [version, events, sent]),
    [
      [1, ["Step sent 1"], ["AuthorizeCustomer"]],
      [4, ["Step sent 1, try 2"], ["AuthorizeCustomer"]],
      [5, ["Turned round: the card was refused"], []],
    ],
  );
});
