/** What a client asks for and when: at first, without an answer, after a gap, a pong, an unsubscribe or an error. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, change, place, row } from "./client.ts";

function watching(...topics: string[]): [Client, number] {
  const client = new Client();
  const connection = client.start(...(topics.length > 0 ? topics : ["lists"]));
  client.snapshot(connection, 10, [row("a", 1)]);
  client.sent();
  return [client, connection];
}

const RESUME = { ...place(0), since: 10 } as Record<string, unknown>;
delete RESUME.position;

test("at most 50 topics are in one subscribe", () => {
  const client = new Client();
  client.start(...Array.from({ length: 120 }, (_, at) => `order:${at}`));
  assert.deepEqual(
    client.sent().map(({ topics }) => topics?.length),
    [50, 50, 20],
  );
});

test("a subscribe that is not answered is sent again, later each time", () => {
  const client = new Client();
  const connection = client.start("lists");
  client.sent();
  const seconds: number[] = [];
  for (let second = 1; second <= 80; second += 1) {
    client.wait(1000);
    client.pong(connection);
    if (client.subscriptions(connection).length > 0) seconds.push(second);
  }
  assert.deepEqual(seconds, [13, 38, 75]);
});

test("an answer that is coming in is not asked for again", () => {
  const client = new Client();
  const connection = client.start("lists");
  client.sent();
  for (let part = 1; part <= 4; part += 1) {
    client.wait(4000);
    client.snapshot(connection, 3, [row(`${part}`, 1)], { part, parts: 5 });
  }
  assert.deepEqual(client.subscriptions(), []);
  client.snapshot(connection, 3, [row("5", 1)], { part: 5, parts: 5 });
  assert.equal(Object.keys(client.rows()).length, 5);
});

test("a gap is a reason to resume from the own position, once it has lasted", () => {
  const [client, connection] = watching();
  client.changes(connection, 12, [change("a", 3)]);
  client.wait(400);
  assert.deepEqual(client.subscriptions(), []);
  client.wait(200);
  assert.deepEqual(client.subscriptions(), [RESUME]);
  client.changes(connection, 11, [change("b", 1)]);
  client.subscribed(connection, 12);
  assert.deepEqual(client.rows(), { a: 3, b: 1 });
  client.wait(20_000);
  assert.deepEqual(client.subscriptions(), []);
});

test("a resume that said less than there is, is asked for again", () => {
  const [client, connection] = watching();
  client.changes(connection, 12, [change("a", 3)]);
  client.wait(600);
  client.subscribed(connection, 12);
  client.sent();
  client.wait(1100);
  assert.deepEqual(client.subscriptions(), [RESUME]);
});

test("items that come together in one frame are applied in turn, without those that are known", () => {
  const [client, connection] = watching();
  client.changes(connection, 11, [change("a", 2)]);
  const more = [12, 13].map((position) => ({ position, changes: [change("a", position - 9)] }));
  client.changes(connection, 11, [change("a", 2)], { more });
  assert.deepEqual([client.position()[1], client.rows()], [13, { a: 4 }]);
});

test("a frame whose further items cannot be read is none", () => {
  const [client, connection] = watching();
  client.changes(connection, 11, [change("a", 2)], { more: [{ position: "12", changes: [] }] });
  assert.equal(client.position()[1], 10);
});

test("a log of another epoch is a reason to resume", () => {
  const [client, connection] = watching();
  client.changes(connection, 4, [change("a", 3)], { epoch: "e2" });
  client.wait(600);
  assert.deepEqual(client.subscriptions(), [RESUME]);
  client.snapshot(connection, 3, [row("a", 2)], { epoch: "e2" });
  assert.deepEqual([client.rows(), client.position()], [{ a: 3 }, ["e2", 4]]);
});

test("a pong finds what was missed", () => {
  const [client, connection] = watching();
  client.wait(30_000);
  client.pong(connection, [place(13)]);
  client.sent();
  client.wait(600);
  assert.deepEqual(client.subscriptions(), [RESUME]);
});

test("a pong of another epoch, or of nobody's, has the topic subscribed again at once", () => {
  for (const epoch of ["e2", ""]) {
    const [client, connection] = watching();
    client.wait(30_000);
    client.sent();
    client.pong(connection, [{ ...place(2), epoch }]);
    assert.deepEqual(client.subscriptions(), [RESUME]);
  }
});

test("a pong to a ping that was sent before the rows' epoch was taken up changes nothing", () => {
  const [client, connection] = watching();
  client.wait(30_000);
  client.snapshot(connection, 0, [row("a", 2)], { epoch: "e2" });
  client.sent();
  client.pong(connection, [place(40)]);
  client.wait(4000);
  assert.deepEqual(client.subscriptions(), []);
  assert.deepEqual(client.position(), ["e2", 0]);
});

test("an epoch that was held for replaced is taken up again when a later pong names it", () => {
  const [client, connection] = watching();
  client.snapshot(connection, 0, [row("b", 1)], { epoch: "late" });
  client.snapshot(connection, 11, [row("a", 2)]);
  assert.deepEqual(client.position(), ["late", 0]);
  client.wait(31_000);
  client.pong(connection, [place(11)]);
  client.snapshot(connection, 11, [row("a", 2)]);
  assert.deepEqual([client.position(), client.rows()], [["e1", 11], { a: 2 }]);
});

test("a gap that lasts is not called live", () => {
  const [client, connection] = watching();
  client.changes(connection, 12, [change("a", 3)]);
  client.wait(1900);
  assert.equal(client.shown, "live");
  client.wait(200);
  assert.equal(client.shown, "reconnecting");
});

test("a topic that is not wanted any more is unsubscribed, and what still comes of it changes nothing", () => {
  const [client, connection] = watching();
  client.take({ type: "topics", topics: ["robots"] });
  const sent = client.sent(connection);
  assert.deepEqual(sent[0], { action: "unsubscribe", topics: [{ topic: "lists" }] });
  assert.deepEqual(client.changes(connection, 11, [change("a", 2)]), []);
  assert.deepEqual(client.rows(), {});
});

test("an unsubscribe that was lost is sent again when a frame of the topic comes", () => {
  const [client, connection] = watching();
  client.take({ type: "topics", topics: ["robots"] });
  client.wait(6000);
  client.sent();
  client.changes(connection, 11, [change("a", 2)]);
  client.changes(connection, 12, [change("a", 3)]);
  assert.deepEqual(client.sent(), [{ action: "unsubscribe", topics: [{ topic: "lists" }] }]);
});

test("a topic that is wanted again is asked for after its unsubscribe was answered, or 5 s without an answer", () => {
  for (const answered of [true, false]) {
    const [client, connection] = watching();
    client.take({ type: "topics", topics: [] });
    client.take({ type: "topics", topics: ["lists"] });
    client.wait(4000);
    assert.deepEqual(client.subscriptions(), []);
    if (answered) client.frame(connection, { type: "unsubscribed", topic: "lists" });
    else client.wait(1000);
    assert.deepEqual(client.subscriptions(), [{ topic: "lists", shard: 0 }]);
  }
});

test("an unsubscribed that comes late has the newer subscription asked for again", () => {
  const [client, connection] = watching();
  client.frame(connection, { type: "unsubscribed", topic: "lists" });
  assert.deepEqual(client.subscriptions(), [RESUME]);
});

test("a topic that no server can read is never asked for", () => {
  const client = new Client();
  client.start("lists", "order:#", "customers");
  assert.deepEqual(client.subscriptions(), [{ topic: "lists", shard: 0 }]);
  assert.deepEqual(client.state.status.refused, ["order:#", "customers"]);
});

test("an error leaves the connection; a topic that breaks the protocol is not asked for again", () => {
  const client = new Client();
  const connection = client.start("lists", "robots");
  client.sent();
  const error = { type: "error", code: "unreadable", message: "no such topic", topic: "robots" };
  const outputs = client.frame(connection, error);
  assert.deepEqual(outputs[0], { type: "problem", code: "unreadable", message: "no such topic", topic: "robots" });
  client.snapshot(connection, 1, []);
  client.wait(20_000);
  assert.deepEqual(client.subscriptions(), []);
  assert.deepEqual([client.shown, client.state.status.refused], ["live", ["robots"]]);
});

test("what is unavailable is asked for again in its time", () => {
  const client = new Client();
  const connection = client.start("lists");
  client.sent();
  const error = { type: "error", code: "unavailable", message: "later", topic: "lists" };
  for (const seconds of [4, 8, 15, 23]) {
    client.frame(connection, error);
    client.wait(seconds * 1000 - 1000);
    assert.deepEqual(client.subscriptions(), []);
    client.wait(1000);
    assert.deepEqual(client.subscriptions(), [{ topic: "lists", shard: 0 }]);
  }
});

test("who came back in the same moment asks again in different ones", () => {
  const waits = [0, 0.999].map((random) => {
    const client = new Client();
    client.random = random;
    client.start("lists");
    client.sent();
    const began = client.now;
    while (client.subscriptions().length === 0) client.wait(100);
    return client.now - began;
  });
  assert.deepEqual(waits, [10_000, 15_000]);
});
