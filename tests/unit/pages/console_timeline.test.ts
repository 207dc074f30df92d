/** An order's timeline as a tree of causes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, lines, merged, serviceOf, words } from "../../../clients/console/logic/timeline.ts";
import type { InsightsMessageShape as MessageShape } from "../../../clients/pages/generated/api.ts";

function message(id: string, time: string, causationId: string | null, more: object = {}): MessageShape {
  const at = `2030-01-01T10:00:${time}Z`;
  const same = {
    name: `Name${id}`,
    source: "mallbots.depot",
    stream: "s",
    correlationId: "c",
    actor: "staff",
    data: {},
  };
  return { id, time: at, causationId, ...same, ...more };
}

const entries = (...messages: MessageShape[]): Entry[] => merged(messages, []);
const drawn = (made: readonly Entry[]): string[] =>
  lines(made).map(({ entry, depth, cause }) => `${" ".repeat(depth)}${entry.id}${cause ? `<${cause.id}` : ""}`);

test("a chain of one effect each is a straight line", () => {
  const made = entries(message("c", "03", "b"), message("a", "01", null), message("b", "02", "a"));
  assert.deepEqual(drawn(made), ["a", "b", "c"]);
  assert.deepEqual(
    lines(made).map(({ after }) => after),
    [null, 1000, 1000],
  );
});

test("several effects of one message go one deeper, by time, and name their cause where it is not just above", () => {
  const made = entries(
    message("a", "01", null),
    message("late", "09", "a"),
    message("early", "02", "a"),
    message("of early", "03", "early"),
  );
  assert.deepEqual(drawn(made), ["a", " early", " of early", " late<a"]);
});

test("a second flow begins at its own root, and a message of a stream that said nothing before begins one too", () => {
  const other = message("x", "03", "not here", { stream: "t" });
  const made = entries(message("b", "05", null), other, message("a", "01", null));
  assert.deepEqual(drawn(made), ["a", "x", "b"]);
});

test("messages whose cause is not there are each after what their stream said before that", () => {
  const answered = ["x", "y"].map((id) => message(id, "03", "an answer that no commit holds"));
  assert.deepEqual(drawn(entries(message("a", "01", null), message("b", "02", "a"), ...answered)), [
    "a",
    "b",
    " x",
    " y<b",
  ]);
});

test("what followed from a message is under it where a fast clock dates the message later", () => {
  const [created, available] = [message("a", "01", null), message("c", "05", "not here")];
  const made = entries(created, message("b", "04", "c"), available);
  assert.deepEqual(drawn(made), ["a", "c", "b"]);
  assert.deepEqual(
    lines(made).map(({ after }) => after),
    [null, 4000, 0],
  );
});

test("a message that is heard of live is there at once, and moves under its cause when the archive has that", () => {
  const archived = [message("a", "01", null)];
  const heard = message("c", "04", "b");
  assert.deepEqual(drawn(merged(archived, [heard])), ["a", "c"]);
  assert.deepEqual(
    merged(archived, [heard]).map(({ id, fresh }) => [id, fresh]),
    [
      ["c", true],
      ["a", false],
    ],
  );
  const later = merged([...archived, message("b", "02", "a"), heard], [heard]);
  assert.deepEqual(drawn(later), ["a", "b", "c"]);
  assert(later.every(({ fresh }) => !fresh));
});

test("a message that is told of twice is there once", () => {
  const twice = message("a", "01", null);
  assert.deepEqual(drawn(merged([twice, twice], [twice])), ["a"]);
});

test("a circle of causes, or a message that caused itself, hides nothing", () => {
  const made = entries(message("a", "01", "b"), message("b", "02", "a"), message("c", "03", "c"));
  assert.deepEqual(
    drawn(made)
      .map((line) => line.trim().charAt(0))
      .sort(),
    ["a", "b", "c"],
  );
});

test("a thousand messages in one chain are drawn", () => {
  const chain = Array.from({ length: 1000 }, (_, at) => message(`m${at}`, "01", at === 0 ? null : `m${at - 1}`));
  assert.equal(lines(entries(...chain)).length, 1000);
});

test("clocks of two services that disagree make no negative time", () => {
  const [, effect] = lines(entries(message("a", "05", null), message("b", "04", "a")));
  assert.equal(effect?.after, 0);
});

test("names of messages are words, and sources services", () => {
  assert.equal(words("ShoppingListItemPicked"), "Shopping list item picked");
  assert.equal(serviceOf("mallbots.depot"), "depot");
});

test("who did something is named where it is another than who did what caused it", () => {
  const customer = "customer:06ee51c9-ef58-5f79-b216-273f22f906b4";
  const made = entries(
    message("a", "01", null, { actor: customer }),
    message("b", "02", "a", { actor: customer }),
    message("c", "03", "b", { actor: "system" }),
    message("d", "04", "c", { actor: "staff:ada:lovelace" }),
  );
  assert.deepEqual(
    lines(made).map(({ actor }) => actor && `${actor.role} ${actor.id}`),
    ["customer 06ee51c9", null, "system ", "staff ada:lovelace"],
  );
});
