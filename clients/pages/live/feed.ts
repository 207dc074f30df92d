/** One shard of a topic as a client knows it: its rows, its place in the log, and what has come too early. Pure. */

import type { Changes, Snapshot } from "../generated/frames.ts";
import type { Message } from "./protocol.ts";

export type Data = Readonly<Record<string, unknown>>;

export interface Row {
  readonly id: string;
  readonly version: number;
  readonly data: Data;
}

/** A row's new state; data: null where it left the board. */
export interface RowChange {
  readonly id: string;
  readonly version: number;
  readonly data: Data | null;
}

/** What changed: the rows that are new, and every message that was heard of, also where its row was known already. */
export interface Changed {
  readonly whole: boolean;
  readonly rows: readonly RowChange[];
  readonly messages: readonly Message[];
}

type LogChange = Changes["changes"][number];

interface Parts<Entry> {
  readonly epoch: string;
  readonly position: number;
  readonly parts: number;
  readonly got: ReadonlyMap<number, readonly Entry[]>;
}

export interface Feed {
  readonly topic: string;
  readonly shard: number;
  /** Of the rows; "" until the first snapshot is whole. */
  readonly epoch: string;
  readonly position: number;
  /** The newest position of this epoch that is known to exist. */
  readonly head: number;
  readonly rows: ReadonlyMap<string, Row>;
  /** Versions at which rows left the board, so that an older change does not bring one back. */
  readonly gone: ReadonlyMap<string, number>;
  /** Snapshots of which parts are missing, by connection and id. */
  readonly snapshots: ReadonlyMap<string, Parts<RowChange>>;
  /** Log items that cannot be applied yet, by place: a part or an item before them is missing. */
  readonly waiting: ReadonlyMap<string, Parts<LogChange>>;
  /** Epochs that were replaced: what is late of them counts no more. */
  readonly retired: readonly string[];
  /** The last ping that was sent when this epoch was taken up: a pong to a later one knows better. */
  readonly asOfPing: number;
}

export const MOST_WAITING = 1000;
export const MOST_GONE = 1000;
const MOST_RETIRED = 8;

export const keyOf = (topic: string, shard: number): string => `${topic} ${shard}`;

export const emptyFeed = (topic: string, shard: number): Feed => ({
  topic,
  shard,
  epoch: "",
  position: 0,
  head: 0,
  rows: new Map(),
  gone: new Map(),
  snapshots: new Map(),
  waiting: new Map(),
  retired: [],
  asOfPing: 0,
});

export const isWhole = (feed: Feed): boolean => feed.epoch !== "";

/** Whether something is known to exist that the rows lack: a later position, or a log of another epoch. */
export function isLacking(feed: Feed): boolean {
  if (!isWhole(feed)) return false;
  if (feed.head > feed.position) return true;
  for (const item of feed.waiting.values()) if (item.epoch !== feed.epoch) return true;
  return false;
}

/** The position that is in the log for certain. */
export const knowHead = (feed: Feed, position: number): Feed =>
  position > feed.head ? { ...feed, head: position } : feed;

/** The server says that the epoch is still this one: what came of others is late. */
export function confirmEpoch(feed: Feed): Feed {
  const waiting = new Map([...feed.waiting].filter(([, item]) => item.epoch === feed.epoch));
  return waiting.size === feed.waiting.size ? feed : { ...feed, waiting };
}

/** Forgets parts of snapshots that came by a connection: it is gone, or one of them is whole. */
export function forgetParts(feed: Feed, connection: number): Feed {
  const snapshots = new Map([...feed.snapshots].filter(([key]) => !key.startsWith(`${connection} `)));
  return snapshots.size === feed.snapshots.size ? feed : { ...feed, snapshots };
}

/** Takes a part of a snapshot. Answers whether it is whole now, and what it changed (null if older than the rows). */
export function takeSnapshot(
  feed: Feed,
  frame: Snapshot,
  connection: number,
  lastPing: number,
): [Feed, boolean, Changed | null] {
  if (feed.retired.includes(frame.epoch)) return [feed, false, null];
  const key = `${connection} ${frame.id}`;
  const collected = withPart(feed.snapshots.get(key), frame, frame.rows);
  if (collected.got.size < frame.parts) {
    return [{ ...feed, snapshots: new Map(feed.snapshots).set(key, collected) }, false, null];
  }
  const taken = forgetParts(feed, connection);
  if (frame.epoch === feed.epoch && frame.position < feed.position) return [taken, true, null];
  const [replaced, changed] = replaceRows(taken, collected, lastPing);
  const [drained, more] = drain(replaced);
  const rows = [...changed, ...(more?.rows ?? [])];
  return [drained, true, { whole: true, rows, messages: more?.messages ?? [] }];
}

/** Takes a part of a log item and the whole items that follow it, and applies all that can be. */
export function takeChanges(feed: Feed, frame: Changes): [Feed, Changed | null] {
  if (feed.retired.includes(frame.epoch)) return [feed, null];
  const whole = (frame.more ?? []).map((item) => ({ ...item, epoch: frame.epoch, part: 1, parts: 1 }));
  return drain([frame, ...whole].reduce(keep, feed));
}

/** Keeps a part of an item until it can be applied. */
function keep(feed: Feed, item: Omit<Parts<LogChange>, "got"> & { part: number; changes: readonly LogChange[] }): Feed {
  const known = item.epoch === feed.epoch;
  if (known && item.position <= feed.position) return feed;
  const ahead = known ? knowHead(feed, item.position) : feed;
  const key = `${item.epoch} ${item.position}`;
  if (ahead.waiting.size >= MOST_WAITING && !ahead.waiting.has(key)) return ahead;
  const parts = withPart(ahead.waiting.get(key), item, item.changes);
  return { ...ahead, waiting: new Map(ahead.waiting).set(key, parts) };
}

function withPart<Entry>(
  known: Parts<Entry> | undefined,
  frame: { epoch: string; position: number; part: number; parts: number },
  entries: readonly Entry[],
): Parts<Entry> {
  const { epoch, position, parts } = frame;
  const got = known?.parts === parts ? known.got : [];
  return { epoch, position, parts, got: new Map(got).set(frame.part, entries) };
}

function inOrder<Entry>(parts: Parts<Entry>): Entry[] {
  return [...parts.got.keys()].sort((a, b) => a - b).flatMap((part) => parts.got.get(part) ?? []);
}

/** The rows of a whole snapshot in the place of those known; what is known of a newer version stays. */
function replaceRows(feed: Feed, snapshot: Parts<RowChange>, lastPing: number): [Feed, RowChange[]] {
  const { epoch, position } = snapshot;
  const gone = new Map(feed.gone);
  const rows = new Map<string, Row>();
  const changed: RowChange[] = [];
  for (const row of inOrder(snapshot)) {
    const known = feed.rows.get(row.id);
    if (row.data === null) remember(gone, row.id, row.version);
    else if (row.version <= (gone.get(row.id) ?? -1)) continue;
    else if (known && known.version >= row.version) rows.set(row.id, known);
    else {
      rows.set(row.id, { id: row.id, version: row.version, data: row.data });
      gone.delete(row.id);
      changed.push(row);
    }
  }
  for (const { id, version } of feed.rows.values()) {
    if (rows.has(id)) continue;
    remember(gone, id, version);
    changed.push({ id, version: gone.get(id) ?? version, data: null });
  }
  const same = epoch === feed.epoch;
  const retired = same || !isWhole(feed) ? feed.retired : [...feed.retired, feed.epoch].slice(-MOST_RETIRED);
  const head = same ? Math.max(feed.head, position) : position;
  const asOfPing = same ? feed.asOfPing : lastPing;
  return [{ ...feed, epoch, position, head, rows, gone, retired, asOfPing }, changed];
}

/** Applies the items that follow the rows' position without a gap, and forgets those that are in the rows already. */
function drain(feed: Feed): [Feed, Changed | null] {
  if (!isWhole(feed)) return [feed, null];
  const waiting = new Map(feed.waiting);
  for (const [key, item] of waiting) {
    const late = item.epoch === feed.epoch && item.position <= feed.position;
    if (late || feed.retired.includes(item.epoch)) waiting.delete(key);
  }
  const rows = new Map(feed.rows);
  const gone = new Map(feed.gone);
  const changed = new Map<string, RowChange>();
  const messages: Message[] = [];
  let position = feed.position;
  for (;;) {
    const key = `${feed.epoch} ${position + 1}`;
    const item = waiting.get(key);
    if (!item || item.got.size < item.parts) break;
    for (const change of inOrder(item)) {
      messages.push(change.message);
      if (apply(rows, gone, change)) changed.set(change.id, change);
    }
    waiting.delete(key);
    position += 1;
  }
  let head = Math.max(feed.head, position);
  for (const item of waiting.values()) if (item.epoch === feed.epoch) head = Math.max(head, item.position);
  const next = { ...feed, position, head, waiting };
  if (position === feed.position) return [next, null];
  const latest = [...changed.values()].map(({ id, version, data }) => ({ id, version, data }));
  return [
    { ...next, rows, gone },
    { whole: false, rows: latest, messages },
  ];
}

/** Applies a change whose version is newer than its row's. Answers whether it was. */
function apply(rows: Map<string, Row>, gone: Map<string, number>, change: RowChange): boolean {
  const { id, version, data } = change;
  if (version <= Math.max(rows.get(id)?.version ?? -1, gone.get(id) ?? -1)) return false;
  if (data === null) {
    rows.delete(id);
    remember(gone, id, version);
  } else {
    rows.set(id, { id, version, data });
    gone.delete(id);
  }
  return true;
}

function remember(gone: Map<string, number>, id: string, version: number): void {
  const known = gone.get(id) ?? -1;
  gone.delete(id);
  gone.set(id, Math.max(known, version));
  for (const oldest of gone.keys()) {
    if (gone.size <= MOST_GONE) break;
    gone.delete(oldest);
  }
}
