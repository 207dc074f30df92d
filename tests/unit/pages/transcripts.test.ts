/** The golden transcripts of the stream (events/live/transcripts), as the client plays its part in them. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Client, MINUTE } from "./client.ts";

type Fields = Record<string, unknown>;

interface Line {
  readonly from: "client" | "server" | "network" | "clock" | "bus";
  readonly frame?: Fields | string;
  readonly event?: string;
}

const FOLDER = process.env.TRANSCRIPTS ?? "";

const listed = (frame: Fields, name: string): Fields[] => (frame[name] as Fields[] | undefined) ?? [];

/** The rows of each shard, by a fold that knows nothing of positions: the transcripts are in order. */
function folded(boards: Map<string, Map<unknown, unknown>>, frame: Fields): void {
  const key = `${frame.topic} ${frame.shard}`;
  if (frame.type === "snapshot" && frame.part === 1) boards.set(key, new Map());
  const board = boards.get(key);
  for (const { id, version } of listed(frame, "rows")) board?.set(id, version);
  const items = [frame, ...listed(frame, "more")];
  for (const { id, version, data } of items.flatMap((item) => listed(item, "changes"))) {
    if (data === null) board?.delete(id);
    else board?.set(id, version);
  }
}

function playClient(client: Client, frame: Fields): void {
  const topics = listed(frame, "topics").map(({ topic }) => String(topic));
  if (frame.action === "unsubscribe") {
    client.take({ type: "topics", topics: client.state.wanted.filter((topic) => !topics.includes(topic)) });
    assert.deepEqual(client.sent().at(-1), frame);
    return;
  }
  if (frame.action !== "subscribe") return;
  client.take({ type: "topics", topics: [...client.state.wanted, ...topics] });
  const sent = client.subscriptions();
  for (const entry of listed(frame, "topics")) {
    if (client.state.refused.has(String(entry.topic))) continue;
    const { topic, shard, epoch, since } = entry;
    const own = sent.find((other) => other.topic === topic && (shard === undefined || other.shard === shard));
    assert.deepEqual([own?.epoch, own?.since], [epoch, since]);
  }
}

function play(lines: readonly Line[]): void {
  const client = new Client();
  let connection = client.start();
  const boards = new Map<string, Map<unknown, unknown>>();
  for (const { from, frame, event } of lines) {
    if (from === "network" && event === "cut") client.take({ type: "closed", connection });
    if (from === "network" && event === "connected") {
      client.next(1);
      connection = client.open();
    }
    // Shorter than they say, and than a ping: what the transcript says was sent is what is answered.
    if (from === "clock" && client.state.links.length > 0) client.wait(MINUTE / 3);
    if (typeof frame !== "object") continue;
    if (from === "client") playClient(client, frame);
    if (from === "server") {
      folded(boards, frame);
      client.frame(connection, frame);
    }
  }
  for (const topic of client.state.wanted) {
    for (const [key, feed] of client.state.feeds) {
      if (feed.topic !== topic || client.state.refused.has(topic) || !boards.has(key)) continue;
      assert.deepEqual(client.rows(topic, feed.shard), Object.fromEntries(boards.get(key) ?? []), key);
    }
  }
}

const names = readdirSync(FOLDER);

test("there are transcripts", () => {
  assert(names.length > 0);
});

for (const name of names) {
  test(`the client plays its part in ${name}`, () => {
    play((JSON.parse(readFileSync(`${FOLDER}/${name}`, "utf8")) as { frames: Line[] }).frames);
  });
}
