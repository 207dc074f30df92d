/** A server of mallbots.v1 as small as it can be, and a network between it and a client that loses, delays and cuts. */

import { due, type Output } from "../../../clients/pages/live/reducer.ts";
import { Client } from "./client.ts";

type Fields = Record<string, unknown>;

interface Log {
  epoch: number;
  items: { position: number; changes: Fields[] }[];
}

const TOPICS: Readonly<Record<string, number>> = { lists: 1, orders: 4 };
const LOST = 0.08;

/** Numbers that look random and are the same each time (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export class Mall {
  readonly client = new Client();
  readonly rows = new Map<string, Map<string, { version: number; data: object | null }>>();
  faults = true;
  /** What the client has shown of each row last: nothing may go back. */
  private readonly seen = new Map<string, number>();
  private held: (() => void)[] = [];
  private readonly logs = new Map<string, Log>();
  private readonly subscribers = new Map<number, Set<string>>();
  private readonly events: { at: number; order: number; run: () => void }[] = [];
  private order = 0;
  private epochs = 0;
  private snapshots = 0;

  constructor(private readonly random: () => number) {
    for (const [topic, shards] of Object.entries(TOPICS)) {
      for (let shard = 0; shard < shards; shard += 1) {
        this.rows.set(`${topic} ${shard}`, new Map());
        this.newEpoch(`${topic} ${shard}`);
      }
    }
  }

  /** Runs for some time: the client's ticks and what is under way, each at its time. */
  run(milliseconds: number): void {
    const until = this.client.now + milliseconds;
    for (;;) {
      this.perform();
      this.events.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.events[0];
      const tick = due(this.client.state) ?? until;
      if (Math.min(next?.at ?? until, tick) >= until) break;
      this.client.now = Math.max(this.client.now, Math.min(next?.at ?? until, tick));
      if (next && next.at <= tick) {
        this.events.shift();
        next.run();
      } else this.client.take({ type: "tick" });
    }
    this.client.now = until;
  }

  /** One thing changes: a row is new, changes, or leaves its board. */
  change(): void {
    const keys = [...this.rows.keys()];
    const key = keys[Math.floor(this.random() * keys.length)] ?? "";
    const id = `row ${Math.floor(this.random() * 6)}`;
    const before = this.rows.get(key)?.get(id)?.version ?? 0;
    const row = { version: before + 1, data: this.random() < 0.25 ? null : { version: before + 1 } };
    this.rows.get(key)?.set(id, row);
    const changes = [{ id, ...row, message: { id: `${key} ${id} ${row.version}` } }];
    const append = (): void => this.append(key, changes);
    const late = this.held.splice(0);
    // Two workers: the one that wrote first may append last. Of a row that has left by then, the server says nothing.
    if (row.data !== null && this.random() < 0.15) this.held.push(() => this.isThere(key, id) && append());
    else append();
    for (const run of late) run();
  }

  /** What was held is appended. */
  settle(): void {
    for (const run of this.held.splice(0)) run();
  }

  /** The topics that are wanted from now on; of those that are dropped, the client may forget all. */
  want(...topics: string[]): void {
    for (const key of this.seen.keys()) if (!topics.some((topic) => key.startsWith(topic))) this.seen.delete(key);
    this.client.take({ type: "topics", topics });
  }

  private isThere(key: string, id: string): boolean {
    return this.rows.get(key)?.get(id)?.data !== null;
  }

  /** A row's version never goes back, and what left does not come back as it was. */
  private look({ topic, shard, rows }: Extract<Output, { type: "rows" }>): void {
    for (const { id, version, data } of rows) {
      const key = `${topic} ${shard} ${id}`;
      const before = this.seen.get(key) ?? 0;
      if (version < before || (version === before && data !== null))
        throw new Error(`${key}: ${version} after ${before}`);
      this.seen.set(key, version);
    }
  }

  /** A message that was delivered again: the same change is in the log twice. */
  repeat(): void {
    for (const [key, rows] of this.rows) {
      for (const [id, row] of rows) {
        if (this.random() < 0.1) this.append(key, [{ id, ...row, message: { id: `${key} ${id} ${row.version}` } }]);
      }
    }
  }

  newEpoch(key = [...this.rows.keys()][Math.floor(this.random() * this.rows.size)] ?? ""): void {
    this.epochs += 1;
    this.logs.set(key, { epoch: this.epochs, items: [] });
  }

  cut(): void {
    for (const connection of [...this.subscribers.keys()]) {
      this.subscribers.delete(connection);
      this.client.take({ type: "closed", connection });
    }
    this.perform();
  }

  private later(longest: number, run: () => void): void {
    this.order += 1;
    this.events.push({ at: this.client.now + this.random() * longest, order: this.order, run });
  }

  private append(key: string, changes: Fields[]): void {
    const log = this.logs.get(key);
    if (!log) return;
    const position = head(log) + 1;
    log.items.push({ position, changes });
    if (log.items.length > 40) log.items.shift();
    for (const [connection, topics] of this.subscribers) {
      if (topics.has(topicOf(key))) this.postItem(connection, key, log.epoch, position, changes);
    }
  }

  /** An item in two parts, of which the first has the change. */
  private postItem(connection: number, key: string, epoch: number, position: number, changes: Fields[]): void {
    const frame = { type: "changes", ...placeOf(key, epoch, position), parts: 2 };
    this.post(connection, { ...frame, part: 1, changes });
    this.post(connection, { ...frame, part: 2, changes: [] });
  }

  /** Posts overtake each other, come twice, and do not come. */
  private post(connection: number, frame: Fields, longest = 900): void {
    if (this.faults && this.random() < LOST) return;
    for (let times = this.faults && this.random() < 0.05 ? 2 : 1; times > 0; times -= 1) {
      this.later(longest, () => this.client.frame(connection, frame));
    }
  }

  /** Does what the client said, until it says no more. */
  private perform(): void {
    const outputs = this.client.outputs.splice(0);
    for (const output of outputs) {
      if (output.type === "rows") this.look(output);
      if (output.type === "token") this.connect(output.connection);
      if (output.type === "close") this.subscribers.delete(output.connection);
      if (output.type === "send")
        this.later(700, () => this.hear(output.connection, JSON.parse(output.text) as Fields));
    }
  }

  private connect(connection: number): void {
    this.later(500, () => {
      const fails = this.faults && this.random() < 0.2;
      this.client.take({ type: "token", connection, token: fails ? null : "T" });
      if (fails) return;
      this.later(500, () => {
        if (!this.client.state.links.some(({ id, phase }) => id === connection && phase === "opening")) return;
        this.subscribers.set(connection, new Set());
        this.client.take({ type: "opened", connection });
      });
    });
  }

  private hear(connection: number, frame: Fields): void {
    const topics = this.subscribers.get(connection);
    if (!topics || (this.faults && this.random() < LOST)) return;
    const entries = (frame.topics ?? frame.positions ?? []) as Fields[];
    if (frame.action === "ping") {
      const positions = entries.map(({ topic, shard }) => this.headOf(`${topic} ${shard}`));
      this.post(connection, { type: "pong", id: frame.id, positions });
    } else if (frame.action === "unsubscribe") {
      for (const { topic } of entries) {
        topics.delete(String(topic));
        this.post(connection, { type: "unsubscribed", topic });
      }
    } else for (const entry of entries) this.subscribe(connection, topics, entry);
  }

  /** The subscription first, then the head, then, later, the rows. */
  private subscribe(connection: number, topics: Set<string>, { topic, shard, epoch, since }: Fields): void {
    topics.add(String(topic));
    const key = `${topic} ${shard}`;
    const log = this.logs.get(key);
    if (!log) return;
    const oldest = log.items[0]?.position ?? 1;
    if (epoch === `${log.epoch}` && Number(since) >= oldest - 1) {
      for (const { position, changes } of log.items) {
        if (position > Number(since)) this.postItem(connection, key, log.epoch, position, changes);
      }
      this.post(connection, { type: "subscribed", ...this.headOf(key) });
      return;
    }
    const read = this.headOf(key);
    this.later(600, () => this.snapshot(connection, key, read));
  }

  private snapshot(connection: number, key: string, place: Fields): void {
    const rows = [...(this.rows.get(key) ?? [])].map(([id, row]) => ({ id, ...row }));
    const shown = rows.filter(({ data }) => data !== null);
    const cut = Math.floor(this.random() * shown.length);
    const parts = this.random() < 0.5 ? [shown] : [shown.slice(0, cut), shown.slice(cut)];
    this.snapshots += 1;
    const id = `${this.snapshots}`;
    for (const [at, part] of parts.entries()) {
      this.post(connection, { type: "snapshot", ...place, id, part: at + 1, parts: parts.length, rows: part });
    }
  }

  private headOf(key: string): Fields {
    const log = this.logs.get(key);
    return placeOf(key, log?.epoch ?? 0, log ? head(log) : 0);
  }
}

const head = (log: Log): number => log.items.at(-1)?.position ?? 0;

const topicOf = (key: string): string => key.slice(0, key.lastIndexOf(" "));

const placeOf = (key: string, epoch: number, position: number): Fields => ({
  topic: topicOf(key),
  shard: Number(key.slice(key.lastIndexOf(" ") + 1)),
  epoch: `${epoch}`,
  position,
});
