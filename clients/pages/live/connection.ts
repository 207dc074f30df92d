/** Runs the client's state machine in a browser: sockets, timers and signals. All decisions are the reducer's. */

import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { InvoiceRow, ListRow, OrderRow, PaymentRow, RobotRow, StoreRow } from "../generated/frames.ts";
import type { Row, RowChange } from "./feed.ts";
import type { Message } from "./protocol.ts";
import { due, type Input, initial, type Output, reduce, type Status } from "./reducer.ts";

export type { Message } from "./protocol.ts";
export type { Status } from "./reducer.ts";

/** What the rows of each topic hold; those of one order by their ids: order, list, invoice, payment. */
export interface Boards {
  readonly orders: OrderRow;
  readonly lists: ListRow;
  readonly robots: RobotRow;
  readonly invoices: InvoiceRow;
  readonly stores: StoreRow;
  readonly [order: `order:${string}`]: OrderRow | ListRow | InvoiceRow | PaymentRow;
}

export interface BoardRow<Data> {
  readonly id: string;
  readonly version: number;
  readonly data: Data;
}

export type Rows<Data = unknown> = ReadonlyMap<string, BoardRow<Data>>;

/** In milliseconds: how often rows are looked at for those whose time on their board is over. */
const LOOKS = 15_000;

export interface LiveOptions {
  /** Of the WebSocket API, with its stage. */
  readonly url: string;
  /** A fresh access token; null where nobody is signed in any more. What it throws is tried again later. */
  readonly token: () => Promise<string | null>;
  /** What the server could not do; for a log, or a word to the user. */
  readonly onProblem?: (code: string, message: string, topic: string | null) => void;
}

type WithoutTime<Each> = Each extends unknown ? Omit<Each, "now" | "random"> : never;

/** The live boards of a page. A topic is subscribed to while somebody watches it. */
export class Live {
  readonly status: ReadonlySignal<Status>;
  private readonly shownStatus: Signal<Status> = signal(initial.status);
  private readonly boards = new Map<string, Signal<ReadonlyMap<string, Row>>>();
  private readonly watchers = new Map<string, number>();
  private readonly listeners = new Set<(topic: string, messages: readonly Message[]) => void>();
  private readonly sockets = new Map<number, WebSocket>();
  private readonly changed = new Map<string, Map<string, RowChange>>();
  private state = initial;
  private timer: number | undefined;
  private flushing = false;
  private listening: AbortController | null = null;
  private clock = 0;
  private setBack = 0;

  constructor(private readonly options: LiveOptions) {
    this.status = this.shownStatus;
  }

  /** Connects; again after somebody signed in. */
  start(): void {
    this.listen();
    this.take({ type: "start", url: this.options.url });
  }

  stop(): void {
    this.listening?.abort();
    this.listening = null;
    this.take({ type: "stop" });
  }

  private listen(): void {
    if (this.listening) return;
    this.listening = new AbortController();
    const until = this.listening.signal;
    window.addEventListener("online", () => this.take({ type: "online" }), { signal: until });
    window.addEventListener("offline", () => this.take({ type: "offline" }), { signal: until });
    const look = (): void => {
      if (document.visibilityState === "visible") this.take({ type: "visible" });
    };
    document.addEventListener("visibilitychange", look, { signal: until });
    const looks = window.setInterval(() => this.letGo(), LOOKS);
    until.addEventListener("abort", () => window.clearInterval(looks));
  }

  /** In milliseconds; also counts while the machine sleeps, and goes on where the machine's clock is set back.
   *
   * `status.since` is of this clock.
   */
  now(): number {
    const clock = Date.now();
    if (clock < this.clock) this.setBack += this.clock - clock;
    this.clock = clock;
    return clock + this.setBack;
  }

  /** The rows of a topic, all shards together, by id. They stay while the connection is away.
   *
   * A row whose time on its board is over (leavesAt) goes by itself, but not from the page of its order.
   */
  rows<Topic extends keyof Boards & string>(topic: Topic): ReadonlySignal<Rows<Boards[Topic]>> {
    return this.board(topic) as unknown as ReadonlySignal<Rows<Boards[Topic]>>;
  }

  private board(topic: string): Signal<ReadonlyMap<string, Row>> {
    let board = this.boards.get(topic);
    if (!board) {
      board = signal(new Map());
      this.boards.set(topic, board);
    }
    return board;
  }

  /** Subscribes to a topic until the returned function is called. */
  watch(topic: string): () => void {
    this.watchers.set(topic, (this.watchers.get(topic) ?? 0) + 1);
    this.want();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const left = (this.watchers.get(topic) ?? 1) - 1;
      if (left > 0) this.watchers.set(topic, left);
      else this.watchers.delete(topic);
      // Not at once: a page that is left for another often watches the same topic.
      window.setTimeout(() => this.want(), 0);
    };
  }

  /** Hears of every message of the watched topics, until the returned function is called. One may come twice. */
  onMessages(listener: (topic: string, messages: readonly Message[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private want(): void {
    const topics = [...this.watchers.keys()];
    if (topics.join() === this.state.wanted.join()) return;
    for (const topic of this.state.wanted) {
      if (this.watchers.has(topic)) continue;
      this.changed.delete(topic);
      this.boards.delete(topic);
    }
    this.take({ type: "topics", topics });
  }

  private take(input: WithoutTime<Input>): void {
    const [state, outputs] = reduce(this.state, { ...input, now: this.now(), random: Math.random() } as Input);
    this.state = state;
    for (const output of outputs) this.perform(output);
    this.setTimer();
  }

  private setTimer(): void {
    window.clearTimeout(this.timer);
    const at = due(this.state);
    if (at === null) return;
    this.timer = window.setTimeout(() => this.take({ type: "tick" }), Math.max(0, at - this.now()));
  }

  private perform(output: Output): void {
    switch (output.type) {
      case "token":
        void this.fetchToken(output.connection);
        return;
      case "open":
        this.open(output.connection, output.url, output.protocols);
        return;
      case "send":
        this.sockets.get(output.connection)?.send(output.text);
        return;
      case "close":
        this.sockets.get(output.connection)?.close(1000);
        this.sockets.delete(output.connection);
        return;
      case "rows":
        this.collect(output.topic, output.rows);
        if (output.messages.length > 0) for (const hear of this.listeners) hear(output.topic, output.messages);
        return;
      case "status":
        this.shownStatus.value = output.status;
        return;
      case "problem":
        this.options.onProblem?.(output.code, output.message, output.topic);
    }
  }

  private async fetchToken(connection: number): Promise<void> {
    let token: string | null = null;
    let refused = false;
    try {
      token = await this.options.token();
      refused = token === null;
    } catch {
      // Tried again by the reducer, later each time.
    }
    this.take({ type: "token", connection, token, refused });
  }

  private open(connection: number, url: string, protocols: readonly string[]): void {
    const socket = new WebSocket(url, [...protocols]);
    this.sockets.set(connection, socket);
    socket.addEventListener("open", () => this.take({ type: "opened", connection }));
    socket.addEventListener("message", (event) => {
      if (typeof event.data === "string") this.take({ type: "frame", connection, text: event.data });
    });
    socket.addEventListener("close", () => {
      this.sockets.delete(connection);
      this.take({ type: "closed", connection });
    });
  }

  /** Rows are shown once a frame of the screen: a burst of a hundred changes is one rendering. */
  private collect(topic: string, rows: readonly RowChange[]): void {
    const waiting = this.changed.get(topic) ?? new Map<string, RowChange>();
    for (const row of rows) waiting.set(row.id, row);
    this.changed.set(topic, waiting);
    if (this.flushing) return;
    this.flushing = true;
    if (document.visibilityState === "visible") window.requestAnimationFrame(() => this.flush());
    else window.setTimeout(() => this.flush(), 100);
  }

  private flush(): void {
    this.flushing = false;
    batch(() => {
      for (const [topic, changes] of this.changed) {
        const board = this.board(topic);
        const rows = new Map(board.value);
        for (const { id, version, data } of changes.values()) {
          if (data === null || this.isOver(topic, data)) rows.delete(id);
          else rows.set(id, { id, version, data });
        }
        board.value = rows;
      }
      this.changed.clear();
    });
  }

  /** Takes rows out whose time is over: no change tells of it. */
  private letGo(): void {
    for (const [topic, board] of this.boards) {
      const rows = new Map([...board.value].filter(([, { data }]) => !this.isOver(topic, data)));
      if (rows.size < board.value.size) board.value = rows;
    }
  }

  private isOver(topic: string, { leavesAt }: Row["data"]): boolean {
    return !topic.startsWith("order:") && typeof leavesAt === "string" && Date.parse(leavesAt) <= Date.now();
  }
}
