/** The shell around the reducer: sockets, signals, and who watches what. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Live } from "../../../clients/pages/live/connection.ts";
import { change, place, row } from "./client.ts";
import { settled } from "./dom.ts";

class Socket {
  static readonly opened: Socket[] = [];
  readonly sent: Record<string, unknown>[] = [];
  readonly hear: Record<string, (event: object) => void> = {};
  closed = false;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    Socket.opened.push(this);
  }

  addEventListener(type: string, listener: (event: object) => void): void {
    this.hear[type] = listener;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  frame(frame: object): void {
    this.hear.message?.({ data: JSON.stringify(frame) });
  }
}

globalThis.WebSocket = Socket as unknown as typeof WebSocket;

const { now } = Date;
let live: Live;
let tokens: (string | null)[] = [];

beforeEach(() => {
  Socket.opened.length = 0;
  tokens = ["one", "two"];
  live = new Live({ url: "wss://mall", token: async () => tokens.shift() ?? null });
});

afterEach(() => {
  live.stop();
  Date.now = now;
});

async function opened(): Promise<Socket> {
  live.start();
  await settled();
  const socket = Socket.opened.at(-1);
  assert(socket);
  socket.hear.open?.({});
  return socket;
}

const snapshot = (rows: object[]) => ({ ...place(1), type: "snapshot", id: "s1", part: 1, parts: 1, rows });

test("rows are shown as they come, and a burst is one change of the signal", async () => {
  live.watch("lists");
  const socket = await opened();
  assert.deepEqual([socket.url, socket.protocols], ["wss://mall", ["mallbots.v1", "one"]]);
  socket.frame(snapshot([row("a", 1)]));
  await settled();
  const rows = live.rows("lists");
  let times = 0;
  rows.subscribe(() => {
    times += 1;
  });
  for (let version = 2; version <= 50; version += 1) {
    socket.frame({ ...place(version), type: "changes", part: 1, parts: 1, changes: [change("a", version)] });
  }
  await settled();
  assert.deepEqual([rows.value.get("a")?.version, times], [50, 2]);
  assert.equal(live.status.value.state, "live");
});

test("messages are heard of", async () => {
  live.watch("lists");
  const socket = await opened();
  const heard: string[] = [];
  live.onMessages((topic, messages) => heard.push(...messages.map(({ id }) => `${topic}: ${id}`)));
  socket.frame(snapshot([row("a", 1)]));
  socket.frame({ ...place(2), type: "changes", part: 1, parts: 1, changes: [change("a", 2)] });
  assert.deepEqual(heard, ["lists: message of a 2"]);
});

test("a topic is subscribed to once for all who watch it, and left when the last has gone", async () => {
  const socket = await opened();
  const [first, second] = [live.watch("lists"), live.watch("lists")];
  first();
  first();
  await settled();
  const actions = () => socket.sent.map(({ action }) => action);
  assert.deepEqual(actions(), ["subscribe"]);
  second();
  await settled();
  assert.deepEqual(actions(), ["subscribe", "unsubscribe"]);
});

test("a row whose time on its board is over goes, but stays on the page of its order", async () => {
  live.watch("orders");
  live.watch("order:1");
  const socket = await opened();
  const over = { id: "o", version: 1, data: { leavesAt: "2020-01-01T00:00:00Z" } };
  socket.frame({ ...snapshot([over]), topic: "orders" });
  socket.frame({ ...snapshot([over]), topic: "order:1" });
  await settled();
  assert.deepEqual([live.rows("orders").value.size, live.rows("order:1").value.size], [0, 1]);
});

test("the clock goes on where the machine's is set back, and pings are sent", async () => {
  const socket = await opened();
  let step = 0;
  Date.now = () => now() + step;
  const before = live.now();
  step = -3_600_000;
  assert(live.now() >= before);
  step += 31_000;
  assert(live.now() >= before + 31_000);
  document.dispatchEvent(new window.Event("visibilitychange"));
  assert.deepEqual(
    socket.sent.map(({ action }) => action),
    ["ping"],
  );
});

test("who is signed out is told so, and connects again after signing in", async () => {
  tokens = [null, "again"];
  live.watch("lists");
  live.start();
  await settled();
  assert(live.status.value.signIn);
  await opened();
  assert.deepEqual(Socket.opened.at(-1)?.protocols, ["mallbots.v1", "again"]);
  assert(!live.status.value.signIn);
});
