/** How a client connects, notices that a connection is dead, moves over and comes back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, change, MINUTE, place, row } from "./client.ts";

function watching(...topics: string[]): [Client, number] {
  const client = new Client();
  const connection = client.start(...(topics.length > 0 ? topics : ["lists"]));
  client.snapshot(connection, 10, [row("a", 1)]);
  client.sent();
  return [client, connection];
}

const RESUME = { ...place(0), since: 10 } as Record<string, unknown>;
delete RESUME.position;

test("a connection is opened with the protocol and a token of its own", () => {
  const client = new Client();
  client.take({ type: "start", url: "wss://mall" });
  const outputs = client.take({ type: "token", connection: 1, token: "T" });
  assert.deepEqual(outputs, [{ type: "open", connection: 1, url: "wss://mall", protocols: ["mallbots.v1", "T"] }]);
  client.take({ type: "opened", connection: 1 });
  client.take({ type: "closed", connection: 1 });
  client.outputs = [];
  client.wait(1000);
  assert.deepEqual(
    client.outputs.filter(({ type }) => type === "token"),
    [{ type: "token", connection: 2 }],
  );
});

test("a ping is sent every 30 s, with the positions", () => {
  const [client, connection] = watching();
  for (let times = 0; times < 3; times += 1) {
    client.wait(30_000);
    assert.deepEqual(client.sent(), [{ action: "ping", id: times + 1, positions: [place(10)] }]);
    client.pong(connection, [place(10)]);
  }
});

test("a socket on which nothing comes after a ping is given up, one on which changes come is not", () => {
  const [quiet] = watching();
  quiet.wait(51_000);
  assert.equal(quiet.outputs.filter(({ type }) => type === "close").length, 1);

  const [busy, connection] = watching();
  for (let second = 0; second < 200; second += 5) {
    busy.wait(5000);
    busy.changes(connection, 11 + second / 5, [change("a", 2 + second)]);
  }
  assert.equal(busy.outputs.filter(({ type }) => type === "close").length, 0);
});

test("a lost connection keeps the rows, and resumes from them on the next", () => {
  const [client, connection] = watching();
  client.take({ type: "closed", connection });
  assert.deepEqual([client.rows(), client.shown], [{ a: 1 }, "reconnecting"]);
  client.wait(1000);
  const next = client.open();
  assert.deepEqual(client.subscriptions(next), [RESUME]);
  client.changes(next, 11, [change("a", 2)]);
  client.subscribed(next, 11);
  assert.deepEqual([client.rows(), client.shown], [{ a: 2 }, "live"]);
});

test("connections that fail are retried after a random part of a time that doubles up to 30 s", () => {
  for (const [random, waits] of [
    [0.5, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]],
    [0.01, [5, 10, 20, 40, 80, 160, 300, 300]],
  ] as const) {
    const client = new Client();
    client.random = random;
    client.take({ type: "start", url: "wss://mall" });
    for (const wait of waits) {
      const failed = client.state.lastLink;
      client.take({ type: "token", connection: failed, token: "T" });
      client.take({ type: "closed", connection: failed });
      client.wait(wait - 1);
      assert.equal(client.state.lastLink, failed, `before ${wait} ms`);
      client.wait(2);
      assert.equal(client.state.lastLink, failed + 1, `after ${wait} ms`);
    }
  }
});

test("a deploy that closes all, and refuses some, is no end: after a good connection the wait is short again", () => {
  const [client, connection] = watching();
  client.wait(15_000);
  client.take({ type: "closed", connection });
  for (let refused = 0; refused < 4; refused += 1) {
    client.next(1);
    client.take({ type: "token", connection: client.state.lastLink, token: "T" });
    client.wait(5000);
    client.take({ type: "closed", connection: client.state.lastLink });
  }
  assert.equal(client.shown, "stale");
  client.next(1);
  const next = client.open();
  client.subscribed(next, 10);
  client.wait(12_000);
  assert.equal(client.shown, "live");
  client.take({ type: "closed", connection: next });
  client.wait(300);
  assert.equal(client.state.lastLink, next + 1);
});

test("what is shown is stale after 10 s, with the time at which it was current last", () => {
  const [client, connection] = watching();
  client.take({ type: "closed", connection });
  const lost = client.now;
  client.wait(9_900);
  assert.deepEqual([client.shown, client.state.status.since], ["reconnecting", lost]);
  client.wait(200);
  assert.deepEqual([client.shown, client.state.status.since], ["stale", lost]);
});

test("before the 2 hours end the next connection is opened, resumes there, and only then the old one is closed", () => {
  const [client, old] = watching();
  assert.equal(client.next(109), old);
  assert.equal(client.next(2), old + 1);
  client.outputs = [];
  const next = client.open();
  assert.deepEqual(client.subscriptions(next), [RESUME]);
  client.changes(old, 11, [change("a", 2)]);
  client.changes(next, 11, [change("a", 2)]);
  assert.equal(client.state.links.length, 2);
  const outputs = client.subscribed(next, 11);
  assert.deepEqual(
    outputs.filter(({ type }) => type === "close"),
    [{ type: "close", connection: old }],
  );
  client.changes(next, 12, [change("a", 3)]);
  assert.deepEqual([client.rows(), client.shown], [{ a: 3 }, "live"]);
});

test("clients do not move over at once: 5 minutes around the 110th", () => {
  for (const [random, minutes] of [
    [0, 105],
    [0.999, 115],
  ] as const) {
    const client = new Client();
    client.random = random;
    const connection = client.start();
    assert.equal(client.next(minutes - 1), connection);
    assert.equal(client.next(2), connection + 1);
  }
});

test("a hand-over that fails leaves the old connection to work, and is tried again", () => {
  const [client, old] = watching();
  client.next(120);
  client.take({ type: "token", connection: client.state.lastLink, token: null });
  assert.equal(client.shown, "live");
  client.changes(old, 11, [change("a", 2)]);
  assert.deepEqual(client.rows(), { a: 2 });
  client.wait(1000);
  assert.equal(client.state.lastLink, old + 2);
});

test("a token that is refused ends the retries until somebody signs in", () => {
  const [client, connection] = watching();
  client.take({ type: "closed", connection });
  client.wait(1000);
  client.take({ type: "token", connection: client.state.lastLink, token: null, refused: true });
  assert(client.state.status.signIn);
  const last = client.state.lastLink;
  client.wait(10 * MINUTE);
  assert.equal(client.state.lastLink, last);
  client.take({ type: "start", url: "wss://mall" });
  const next = client.open();
  assert.deepEqual(client.subscriptions(next), [RESUME]);
  assert(!client.state.status.signIn);
});

test("a connection that does not open within 15 s is given up", () => {
  const client = new Client();
  client.take({ type: "start", url: "wss://mall" });
  client.take({ type: "token", connection: 1, token: "T" });
  client.wait(15_000);
  assert(client.outputs.some((output) => output.type === "close" && output.connection === 1));
  client.wait(1000);
  assert.equal(client.state.lastLink, 2);
});

test("a page that is looked at again, or is online again, does not wait for its turn", () => {
  for (const type of ["visible", "online"] as const) {
    const client = new Client();
    client.take({ type: "start", url: "wss://mall" });
    for (let times = 0; times < 8; times += 1) {
      client.take({ type: "token", connection: client.state.lastLink, token: null });
      client.next(1);
    }
    const last = client.state.lastLink;
    client.take({ type: "token", connection: last, token: null });
    client.take({ type });
    client.wait(500);
    assert.equal(client.state.lastLink, last + 1);
  }
});

test("a machine that wakes up asks at once whether its connection still is one", () => {
  const [client, connection] = watching();
  client.wait(1000);
  client.take({ type: "visible" });
  assert.deepEqual(
    client.sent(connection).map(({ action }) => action),
    ["ping"],
  );
});

test("after stop nothing is opened, sent or waited for", () => {
  const [client, connection] = watching();
  assert.deepEqual(client.take({ type: "stop" })[0], { type: "close", connection });
  client.outputs = [];
  client.wait(10 * MINUTE);
  assert.deepEqual(
    client.outputs.filter(({ type }) => type !== "status"),
    [],
  );
});

test("the reducer changes no state that it was given", () => {
  const [client, connection] = watching("lists", "orders");
  const before = client.state;
  const rows = before.feeds.get("lists 0")?.rows;
  const text = JSON.stringify([...(rows ?? [])]);
  client.changes(connection, 11, [change("a", 2)]);
  client.take({ type: "topics", topics: [] });
  assert.equal(JSON.stringify([...(before.feeds.get("lists 0")?.rows ?? [])]), text);
  assert.deepEqual(before.wanted, ["lists", "orders"]);
});
