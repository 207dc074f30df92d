/** What a client makes of snapshots and changes: rows, positions, versions, epochs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, change, place, row } from "./client.ts";

function watching(...rows: object[]): [Client, number] {
  const client = new Client();
  const connection = client.start("lists");
  client.snapshot(connection, 10, rows);
  client.sent();
  return [client, connection];
}

test("a snapshot is shown once all its parts are there, in whatever order", () => {
  const client = new Client();
  const connection = client.start("lists");
  client.snapshot(connection, 3, [row("b", 1)], { part: 2, parts: 3 });
  client.snapshot(connection, 3, [row("c", 1)], { part: 3, parts: 3 });
  assert.deepEqual(client.rows(), {});
  client.snapshot(connection, 3, [row("a", 1)], { part: 1, parts: 3 });
  assert.deepEqual(client.rows(), { a: 1, b: 1, c: 1 });
});

test("parts of two snapshots are not put together, though place and number of parts are the same", () => {
  const client = new Client();
  const first = client.start("lists");
  client.snapshot(first, 3, [row("a", 1), row("b", 1)], { part: 1, parts: 2, id: "s1" });
  client.snapshot(first, 3, [row("c", 1)], { part: 2, parts: 2, id: "s2" });
  assert.deepEqual(client.rows(), {});
  client.snapshot(first, 3, [row("a", 1)], { part: 1, parts: 2, id: "s2" });
  assert.deepEqual(client.rows(), { a: 1, c: 1 });
  client.snapshot(first, 3, [row("c", 1)], { part: 2, parts: 2, id: "s1" });
  assert.deepEqual(client.rows(), { a: 1, c: 1 });
});

test("a snapshot that was on its way when another was asked for is taken", () => {
  const client = new Client();
  const connection = client.start("lists");
  client.snapshot(connection, 3, [row("a", 1)], { part: 1, parts: 2 });
  client.sent();
  client.wait(13_000);
  assert.equal(client.subscriptions(connection).length, 1);
  client.snapshot(connection, 3, [row("b", 1)], { part: 2, parts: 2 });
  assert.deepEqual(client.rows(), { a: 1, b: 1 });
});

test("a snapshot without an id is not read", () => {
  const client = new Client();
  const connection = client.start("lists");
  client.snapshot(connection, 3, [row("a", 1)], { id: undefined });
  assert.deepEqual(client.rows(), {});
});

test("parts that came by different connections are not put together", () => {
  const client = new Client();
  const first = client.start("lists");
  client.snapshot(first, 3, [row("a", 1)], { part: 1, parts: 2 });
  client.take({ type: "closed", connection: first });
  client.wait(1000);
  const second = client.open();
  client.snapshot(second, 3, [row("b", 1)], { part: 2, parts: 2 });
  assert.deepEqual(client.rows(), {});
});

test("an empty board is a snapshot too", () => {
  const client = new Client();
  const connection = client.start("lists");
  const outputs = client.snapshot(connection, 0, []);
  assert.deepEqual(
    outputs.filter((output) => output.type === "rows").map((output) => output.rows),
    [[]],
  );
  assert.equal(client.shown, "live");
});

test("changes that come while a snapshot comes in parts are applied after it, those before its position are not", () => {
  const client = new Client();
  const connection = client.start("lists");
  client.snapshot(connection, 10, [row("a", 1)], { part: 1, parts: 2 });
  client.changes(connection, 12, [change("b", 9)]);
  client.changes(connection, 10, [change("c", 1)]);
  client.changes(connection, 11, [change("a", 2)]);
  assert.deepEqual(client.rows(), {});
  client.snapshot(connection, 10, [row("b", 7)], { part: 2, parts: 2 });
  assert.deepEqual(client.rows(), { a: 2, b: 9 });
  assert.deepEqual(client.position(), ["e1", 12]);
});

test("a change is applied, and a duplicate of it is not", () => {
  const [client, connection] = watching(row("a", 1));
  client.changes(connection, 11, [change("a", 2), change("b", 1)]);
  const outputs = client.changes(connection, 11, [change("a", 3)]);
  assert.deepEqual(client.rows(), { a: 2, b: 1 });
  assert.deepEqual(outputs, []);
});

test("a position at or before the own one is ignored", () => {
  const [client, connection] = watching(row("a", 1));
  client.changes(connection, 10, [change("a", 5)]);
  client.changes(connection, 2, [change("a", 6)]);
  assert.deepEqual(client.rows(), { a: 1 });
  assert.deepEqual(client.position(), ["e1", 10]);
});

test("a change whose version is not newer than its row's changes nothing, but its message is heard of", () => {
  const [client, connection] = watching(row("a", 5));
  const outputs = client.changes(connection, 11, [change("a", 5), change("a", 4)]);
  assert.deepEqual(client.rows(), { a: 5 });
  const shown = outputs.find((output) => output.type === "rows");
  assert(shown?.type === "rows");
  assert.deepEqual([shown.rows, shown.messages.map(({ id }) => id)], [[], ["message of a 5", "message of a 4"]]);
  assert.deepEqual(client.position(), ["e1", 11]);
});

test("a row that left the board is not brought back by an older change", () => {
  const [client, connection] = watching(row("a", 5));
  client.changes(connection, 11, [change("a", 7, null)]);
  client.changes(connection, 12, [change("a", 6)]);
  assert.deepEqual(client.rows(), {});
  client.changes(connection, 13, [change("a", 8)]);
  assert.deepEqual(client.rows(), { a: 8 });
});

test("a row that a snapshot no longer has is not brought back by a change that is no newer than it was", () => {
  const [client, connection] = watching(row("a", 5), row("b", 1));
  client.snapshot(connection, 12, [row("b", 1)]);
  client.changes(connection, 13, [change("a", 5)]);
  assert.deepEqual(client.rows(), { b: 1 });
});

test("two posts that overtake each other are applied in their order", () => {
  const [client, connection] = watching(row("a", 1));
  client.changes(connection, 12, [change("a", 3, null)]);
  assert.deepEqual(client.rows(), { a: 1 });
  client.changes(connection, 11, [change("a", 2), change("b", 1)]);
  assert.deepEqual(client.rows(), { b: 1 });
  client.wait(5000);
  assert.deepEqual(client.subscriptions(), []);
});

test("a log item in parts is applied once all are there", () => {
  const [client, connection] = watching(row("a", 1));
  client.changes(connection, 11, [change("b", 1)], { part: 2, parts: 2 });
  assert.deepEqual(client.position(), ["e1", 10]);
  client.changes(connection, 11, [change("a", 2)], { part: 1, parts: 2 });
  assert.deepEqual(client.rows(), { a: 2, b: 1 });
  assert.deepEqual(client.position(), ["e1", 11]);
});

test("a snapshot that is older than what is known is ignored", () => {
  const [client, connection] = watching(row("a", 1));
  client.changes(connection, 11, [change("a", 2), change("b", 1)]);
  client.snapshot(connection, 10, [row("a", 1), row("z", 1)]);
  assert.deepEqual(client.rows(), { a: 2, b: 1 });
  assert.deepEqual(client.position(), ["e1", 11]);
});

test("a newer snapshot replaces the rows, and says which changed", () => {
  const [client, connection] = watching(row("a", 1), row("b", 1), row("c", 3));
  const outputs = client.snapshot(connection, 20, [row("a", 2), row("c", 3), row("d", 1)]);
  assert.deepEqual(client.rows(), { a: 2, c: 3, d: 1 });
  const shown = outputs.find((output) => output.type === "rows");
  assert(shown?.type === "rows" && shown.whole);
  assert.deepEqual(shown.rows.map(({ id, data }) => [id, data !== null]).sort(), [
    ["a", true],
    ["b", false],
    ["d", true],
  ]);
});

test("a row that is known in a newer version than the snapshot's stays", () => {
  const [client, connection] = watching(row("a", 9));
  client.snapshot(connection, 20, [row("a", 8)]);
  assert.deepEqual(client.rows(), { a: 9 });
});

test("the snapshot of another epoch replaces the rows, and what is late of the epoch before counts no more", () => {
  const [client, connection] = watching(row("a", 1));
  client.snapshot(connection, 0, [row("a", 1), row("b", 1)], { epoch: "e2" });
  assert.deepEqual(client.position(), ["e2", 0]);
  client.changes(connection, 11, [change("a", 2)]);
  client.snapshot(connection, 12, [row("a", 2)]);
  client.changes(connection, 1, [change("b", 2)], { epoch: "e2" });
  assert.deepEqual(client.rows(), { a: 1, b: 2 });
  assert.deepEqual(client.position(), ["e2", 1]);
});

test("changes of an epoch of which the snapshot is still on its way are applied after it", () => {
  const [client, connection] = watching(row("a", 1));
  client.changes(connection, 1, [change("a", 3)], { epoch: "e2" });
  assert.deepEqual(client.rows(), { a: 1 });
  client.snapshot(connection, 0, [row("a", 2)], { epoch: "e2" });
  assert.deepEqual(client.rows(), { a: 3 });
});

test("a text that is no frame is ignored", () => {
  const [client, connection] = watching(row("a", 1));
  for (const text of ["", "{", "[]", "null", '{"type":"news"}', '{"type":"changes"}']) {
    client.take({ type: "frame", connection, text });
  }
  client.frame(connection, { ...place(11), type: "changes", part: 1, parts: 1, changes: [{ id: 7 }] });
  assert.deepEqual(client.rows(), { a: 1 });
});

test("the shards of a wide topic have positions of their own", () => {
  const client = new Client();
  const connection = client.start("orders");
  assert.deepEqual(
    client.subscriptions().map(({ topic, shard }) => [topic, shard]),
    [0, 1, 2, 3].map((shard) => ["orders", shard]),
  );
  for (const shard of [0, 1, 2, 3]) {
    client.snapshot(connection, shard, [row(`of ${shard}`, 1)], { topic: "orders", shard });
  }
  client.changes(connection, 3, [change("more", 1)], { topic: "orders", shard: 2 });
  assert.deepEqual(client.rows("orders", 2), { "of 2": 1, more: 1 });
  assert.deepEqual(client.position("orders", 3), ["e1", 3]);
});
