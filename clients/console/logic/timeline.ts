/** An order's timeline as a tree of causes: what the archive has of it, and what the live stream told since. */

import type { InsightsMessageShape as MessageShape } from "../../pages/generated/api.ts";
import type { Message } from "../../pages/live/connection.ts";
import { shortId } from "../../pages/text/ids.ts";

export interface Entry {
  readonly id: string;
  readonly name: string;
  readonly time: string;
  readonly source: string;
  readonly stream: string;
  readonly actor: string;
  readonly causationId: string | null;
  readonly correlationId: string;
  /** Heard of live, and not in the archive yet: what caused it may be missing still. */
  readonly fresh: boolean;
}

/** The archive's messages, and those heard of live that it does not have yet. One that is in both is the archive's. */
export function merged(archived: readonly MessageShape[], heard: Iterable<Message>): Entry[] {
  const entries = new Map<string, Entry>();
  for (const message of heard) entries.set(message.id, { ...picked(message), fresh: true });
  for (const message of archived) entries.set(message.id, { ...picked(message), fresh: false });
  return [...entries.values()];
}

function picked({ id, name, time, source, stream, actor, causationId, correlationId }: Message): Omit<Entry, "fresh"> {
  return { id, name, time, source, stream, actor, causationId, correlationId };
}

export interface Line {
  readonly entry: Entry;
  /** Only where a message has several effects does it go one deeper: a chain of one effect each stays a straight line. */
  readonly depth: number;
  /** The entry that caused it, where it is not the one on the line above. */
  readonly cause: Entry | null;
  /** In milliseconds from its cause; null for what begins a flow. */
  readonly after: number | null;
  /** Who did it, where it is not who did what caused it: null says that it is the same. */
  readonly actor: Actor | null;
}

export interface Actor {
  readonly role: string;
  /** Of a person or a robot, as it is shown; empty for the system. */
  readonly id: string;
}

/**
 * By the id of an entry, what it is after: its cause, or where that is not there what its stream said before.
 * Clocks differ: what followed from an entry may have an earlier time than the entry, and is not before it.
 */
function causesOf(sorted: readonly Entry[]): Map<string, Entry> {
  const known = new Map(sorted.map((entry) => [entry.id, entry]));
  const causes = new Map<string, Entry>();
  for (const entry of sorted) {
    const cause = entry.causationId === null ? undefined : known.get(entry.causationId);
    if (cause && cause !== entry) causes.set(entry.id, cause);
  }
  const follows = (later: Entry, entry: Entry): boolean => {
    const seen = new Set<Entry>();
    let at: Entry | undefined = later;
    while (at && at !== entry && !seen.has(at)) {
      seen.add(at);
      at = causes.get(at.id);
    }
    return at === entry;
  };
  const said = new Map<string, Entry[]>();
  for (const entry of sorted) {
    const before = said.get(entry.stream) ?? [];
    if (entry.causationId !== null && !known.has(entry.causationId)) {
      const other = before.filter((one) => one.causationId !== entry.causationId && !follows(one, entry)).at(-1);
      if (other) causes.set(entry.id, other);
    }
    said.set(entry.stream, [...before, entry]);
  }
  return causes;
}

/** The tree, line by line: each cause before its effects, effects by time. What is after nothing begins a flow. */
export function lines(entries: readonly Entry[]): Line[] {
  const sorted = [...entries].sort(byTime);
  const causes = causesOf(sorted);
  const effects = new Map<string, Entry[]>();
  const roots: Entry[] = [];
  for (const entry of sorted) {
    const cause = causes.get(entry.id);
    if (cause) effects.set(cause.id, [...(effects.get(cause.id) ?? []), entry]);
    else roots.push(entry);
  }
  const made: Line[] = [];
  const seen = new Set<string>();
  const waiting = roots.map((entry) => ({ entry, depth: 0 })).reverse();
  const walk = (): void => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { entry, depth } = next;
      if (seen.has(entry.id)) continue;
      seen.add(entry.id);
      made.push(line(entry, depth, causes.get(entry.id), made.at(-1)?.entry));
      const own = effects.get(entry.id) ?? [];
      const deeper = own.length > 1 ? depth + 1 : depth;
      for (const effect of [...own].reverse()) waiting.push({ entry: effect, depth: deeper });
    }
  };
  walk();
  // A circle of causes cannot be, but nothing that was sent may be missing from what is shown.
  for (const entry of entries) {
    if (seen.has(entry.id)) continue;
    waiting.push({ entry, depth: 0 });
    walk();
  }
  return made;
}

function line(entry: Entry, depth: number, cause: Entry | undefined, above: Entry | undefined): Line {
  const after = cause ? Math.max(0, Date.parse(entry.time) - Date.parse(cause.time)) : null;
  return {
    entry,
    depth,
    cause: cause && cause !== above ? cause : null,
    after: Number.isNaN(after) ? null : after,
    actor: cause?.actor === entry.actor ? null : actorOf(entry.actor),
  };
}

/** "staff:clerk" is a clerk; of an id that a computer made, the beginning. */
function actorOf(actor: string): Actor {
  const [role = "", id = ""] = actor.split(/:(.*)/s);
  return { role, id: /^[0-9a-f]{8}-/.test(id) ? shortId(id) : id };
}

const byTime = (a: Entry, b: Entry): number => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.id < b.id ? -1 : 1);

/** "ShoppingListCompleted" → "Shopping list completed". */
export function words(name: string): string {
  const spaced = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** The service that sent it: "mallbots.depot" → "depot". */
export const serviceOf = (source: string): string => source.replace(/^mallbots\./, "");
