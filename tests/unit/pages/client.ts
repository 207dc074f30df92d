/** A client of the live boards under test: the reducer with a clock that the test advances. */

import type { Row } from "../../../clients/pages/live/feed.ts";
import { due, type Input, initial, type Output, reduce } from "../../../clients/pages/live/reducer.ts";

type WithoutTime<Each> = Each extends unknown ? Omit<Each, "now" | "random"> : never;
type Sent = { action: string; topics?: Record<string, unknown>[]; id?: number; positions?: unknown[] };

export const MINUTE = 60_000;

export class Client {
  state = initial;
  now = 1_000;
  random = 0.5;
  outputs: Output[] = [];

  take(input: WithoutTime<Input>): Output[] {
    const [state, outputs] = reduce(this.state, { ...input, now: this.now, random: this.random } as Input);
    this.state = state;
    this.outputs.push(...outputs);
    return outputs;
  }

  /** Lets time pass, with every tick that is due meanwhile. */
  wait(milliseconds: number): void {
    const until = this.now + milliseconds;
    for (let ticks = 0; ticks < 10_000; ticks += 1) {
      const at = due(this.state);
      if (at === null || at > until) {
        this.now = until;
        return;
      }
      this.now = Math.max(this.now, at);
      this.take({ type: "tick" });
    }
    throw new Error("ticks without an end");
  }

  /** Lets time pass until another connection is begun, with a pong on the one that is open to each ping. */
  next(minutes: number): number {
    const last = this.state.lastLink;
    const until = this.now + minutes * MINUTE;
    while (this.state.lastLink === last && this.now < until) {
      this.wait(100);
      for (const link of this.state.links) if (link.ping) this.pong(link.id, [], link.ping.id);
    }
    return this.state.lastLink;
  }

  /** Starts, or goes on with, the connection that the reducer asked for last: token and opening. */
  open(): number {
    const connection = this.state.lastLink;
    this.take({ type: "token", connection, token: `token ${connection}` });
    this.take({ type: "opened", connection });
    return connection;
  }

  start(...topics: string[]): number {
    this.take({ type: "start", url: "wss://mall" });
    this.take({ type: "topics", topics });
    return this.open();
  }

  frame(connection: number, frame: object): Output[] {
    return this.take({ type: "frame", connection, text: JSON.stringify(frame) });
  }

  snapshot(connection: number, position: number, rows: object[], more: object = {}): Output[] {
    return this.frame(connection, { ...place(position), type: "snapshot", id: "s1", part: 1, parts: 1, rows, ...more });
  }

  changes(connection: number, position: number, changes: object[], more: object = {}): Output[] {
    return this.frame(connection, { ...place(position), type: "changes", part: 1, parts: 1, changes, ...more });
  }

  subscribed(connection: number, position: number, more: object = {}): Output[] {
    return this.frame(connection, { ...place(position), type: "subscribed", ...more });
  }

  /** Answers the last ping of a connection. */
  pong(connection: number, positions: object[] = [], id = this.state.lastPing): Output[] {
    return this.frame(connection, { type: "pong", id, positions });
  }

  /** What was sent on a connection since it was asked last. */
  sent(connection?: number): Sent[] {
    const found: Sent[] = [];
    for (const output of this.outputs) {
      if (output.type === "send" && (connection ?? output.connection) === output.connection) {
        found.push(JSON.parse(output.text) as Sent);
      }
    }
    this.outputs = [];
    return found;
  }

  subscriptions(connection?: number): Record<string, unknown>[] {
    return this.sent(connection).flatMap(({ action, topics }) => (action === "subscribe" ? (topics ?? []) : []));
  }

  /** Ids and versions of the rows of a shard. */
  rows(topic = "lists", shard = 0): Record<string, number> {
    const rows = this.state.feeds.get(`${topic} ${shard}`)?.rows ?? new Map<string, Row>();
    return Object.fromEntries([...rows.values()].map(({ id, version }) => [id, version]));
  }

  position(topic = "lists", shard = 0): [string, number] {
    const feed = this.state.feeds.get(`${topic} ${shard}`);
    return [feed?.epoch ?? "", feed?.position ?? 0];
  }

  get shown(): string {
    return this.state.status.state;
  }
}

export const place = (position: number) => ({ topic: "lists", shard: 0, epoch: "e1", position });

export const row = (id: string, version: number) => ({ id, version, data: { version } });

export const change = (id: string, version: number, data: object | null = { version }) => ({
  id,
  version,
  data,
  message: {
    id: `message of ${id} ${version}`,
    name: "ShoppingListAvailable",
    time: "2026-03-01T12:00:00.000Z",
    source: "mallbots.depot",
    stream: `ShoppingList#${id}`,
    causationId: null,
    correlationId: "flow",
    actor: "staff clerk",
  },
});
