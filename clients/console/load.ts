/** How views get what they show: once, again, from the stream, and with a version that others may overtake. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Answer } from "../pages/api/api.ts";
import { ApiError } from "../pages/api/problem.ts";
import type { Boards, Rows } from "../pages/live/connection.ts";
import { useConsole } from "./context.ts";
import { seenBefore, sees } from "./drafts.ts";
import { isBehind, versionOf } from "./logic/conflict.ts";

export interface Loaded<Data> {
  /** What came last; it stays while it is loaded again, and when that fails. */
  readonly data: Data | null;
  /** Why the last load failed. */
  readonly error: unknown;
  readonly again: () => void;
  /** As `again`; but an answer that is due is waited for. */
  readonly look: () => void;
}

/** Loads when the key changes, when `again` is called, and each `every` milliseconds while the page is visible and no
 * answer is due: one that takes longer than that is waited for.
 */
export function useLoad<Data>(
  key: string,
  load: (signal: AbortSignal) => Promise<Data>,
  every: number | null = null,
): Loaded<Data> {
  const [shown, setShown] = useState<{ key: string; data: Data | null; error: unknown }>({
    key,
    data: null,
    error: null,
  });
  const [times, setTimes] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const underWay = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: times: it is loaded again when it is raised
  useEffect(() => {
    const aborting = new AbortController();
    const { signal } = aborting;
    const end = (next: (before: typeof shown) => typeof shown): void => {
      if (signal.aborted) return;
      underWay.current = false;
      setShown(next);
    };
    underWay.current = true;
    latest.current(signal).then(
      (data) => end(() => ({ key, data, error: null })),
      (error: unknown) => end((before) => ({ key, data: before.key === key ? before.data : null, error })),
    );
    return () => aborting.abort();
  }, [key, times]);
  const again = (): void => setTimes((before) => before + 1);
  const look = (): void => {
    if (!underWay.current) again();
  };
  useEvery(every, look);
  const own = shown.key === key;
  return { data: own ? shown.data : null, error: own ? shown.error : null, again, look };
}

/** Calls each so many milliseconds while the page is visible, and when it becomes visible. */
export function useEvery(milliseconds: number | null, call: () => void): void {
  const latest = useRef(call);
  latest.current = call;
  useEffect(() => {
    if (milliseconds === null) return;
    const look = (): void => {
      if (document.visibilityState === "visible") latest.current();
    };
    const timer = setInterval(look, milliseconds);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [milliseconds]);
}

const REPEATS = 5_000; // milliseconds

/** Loads again when the stream tells of a newer version than the one that was loaded, also where it tells of it first;
 * and until that version is there: a load may fail.
 */
export function useCaughtUp(
  etag: string | null,
  told: number | undefined,
  { again, look }: Pick<Loaded<unknown>, "again" | "look">,
): void {
  const behind = isBehind(etag, told);
  // biome-ignore lint/correctness/useExhaustiveDependencies: again: a new function each time that does the same
  useEffect(() => {
    if (behind) again();
  }, [behind, told]);
  useEvery(behind ? REPEATS : null, look);
}

/** Loads again when the version is another than the one at the first load. */
export function useLoadedAgain(version: number | string, again: () => void): void {
  const before = useRef(version);
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    if (version !== before.current) latest.current();
    before.current = version;
  }, [version]);
}

/** The rows of a topic, which is watched as long as the view is there. */
export function useRows<Topic extends keyof Boards & string>(topic: Topic): Rows<Boards[Topic]> {
  const { live } = useConsole();
  useEffect(() => live.watch(topic), [live, topic]);
  return live.rows(topic).value;
}

/** Whether a topic has no rows yet because none came. */
export const useLoading = (topic: string): boolean => useConsole().live.status.value.loading.includes(topic);

/** The time now, again each so many milliseconds: for ages. */
export function useNow(every = 10_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

const MARKED = 4_000; // milliseconds
const SETTLES = 500; // milliseconds after a topic was loaded: its shards come one by one

/** The ids of a topic's rows whose version rose just now. What is there at first is no change. */
export function useChanged(topic: keyof Boards & string): ReadonlySet<string> {
  const rows = useRows(topic);
  const loading = useLoading(topic);
  const before = useRef<Rows | null>(null);
  const latest = useRef(rows);
  latest.current = rows;
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (loading) return;
    const timer = setTimeout(() => {
      before.current = latest.current;
    }, SETTLES);
    return () => clearTimeout(timer);
  }, [loading]);
  useEffect(() => {
    const known = before.current;
    if (known === null || known === rows) return;
    before.current = rows;
    const ids = [...rows.keys()].filter((id) => rows.get(id)?.version !== known.get(id)?.version);
    if (ids.length === 0) return;
    setChanged(new Set(ids));
    const timer = setTimeout(() => setChanged(new Set()), MARKED);
    return () => clearTimeout(timer);
  }, [rows]);
  return changed;
}

export interface Thing<Data> extends Loaded<Data> {
  /** Names its draft. */
  readonly key: string;
  /** The version that is shown. */
  readonly seen: Answer<Data> | null;
  /** Of the newest version that shows what `data` shows: what is saved is saved over that. */
  readonly etag: string | null;
  /** What it became since: shown before anything is saved. Null while it is as it was. */
  readonly newer: Data | null;
  /** Goes on with what is new. */
  readonly accept: () => void;
  /** Saves it. What the stream tells of meanwhile, and what is read after that, is of the own save: no news.
   *
   * ifUnknown: whose change the next read shows where the outcome of the save is unknown.
   */
  readonly saving: <Result>(work: () => Promise<Result>, ifUnknown?: "own" | "news") => Promise<Result>;
  /** Whether it is saved now, or may have been and has not been read since. */
  readonly isSaving: () => boolean;
}

const LOOKS = 10_000; // milliseconds

/** A thing that a form changes. Who has it open sees what another made of it before saving.
 *
 * told: the version that the stream tells of. Without a stream it is looked at each 10 seconds (an unchanged one
 * answers 304); every 5 where the last load failed, or what was saved is still to be read. Where there is a draft, it
 * begins with what its user saw: what it became since is news. The key of a view stays the same.
 */
export function useThing<Data>(
  key: string,
  ask: (ifNoneMatch: string | undefined, signal: AbortSignal) => Promise<Answer<Data>>,
  told?: number,
): Thing<Data> {
  const [shown, setShown] = useState(() => {
    const answer = seenBefore<Data>(key);
    return answer && { key, answer };
  });
  // saving: a save is under way. taking: it worked, or may have, and what comes next is taken.
  const phase = useRef<"idle" | "saving" | "taking">("idle");
  const own = shown?.key === key ? shown.answer : null;
  const looked = useLoad(key, async (signal) => {
    const answer = await ask(own?.etag ?? undefined, signal);
    if (signal.aborted) return answer;
    const take = phase.current === "taking";
    if (take) phase.current = "idle";
    if (take && answer.data !== null) sees(key, answer);
    if (answer.data !== null) setShown((before) => (before?.key === key && !take ? before : { key, answer }));
    return answer;
  });
  const latest = looked.data?.data ? looked.data : own;
  const { again, look } = looked;
  const lacks = looked.error !== null || phase.current === "taking";
  useEvery(lacks ? REPEATS : told === undefined ? LOOKS : null, look);
  useCaughtUp(latest?.etag ?? null, told, looked);
  const another = own && latest && differs(own, latest) ? latest : null;
  const newer = phase.current === "idle" ? another : null;
  return {
    key,
    seen: own,
    data: own?.data ?? null,
    etag: (another ? own : latest)?.etag ?? null,
    error: looked.error,
    newer: newer?.data ?? null,
    accept: () => {
      if (!latest) return;
      sees(key, latest);
      setShown({ key, answer: latest });
    },
    saving: async (work, ifUnknown = "news") => {
      phase.current = "saving";
      try {
        const result = await work();
        phase.current = "taking";
        return result;
      } catch (error) {
        phase.current = ifUnknown === "own" && hasUnknownOutcome(error) ? "taking" : "idle";
        throw error;
      } finally {
        again();
      }
    },
    isSaving: () => phase.current !== "idle",
    again,
    look,
  };
}

/** A version that shows the same is no news, and what is saved may replace it: a request that changed nothing raises
 * it, too, and so does what was changed and changed back.
 */
function differs<Data>(own: Answer<Data>, latest: Answer<Data>): boolean {
  const [before, after] = [versionOf(own.etag), versionOf(latest.etag)];
  return before !== after && JSON.stringify(own.data) !== JSON.stringify(latest.data);
}

/** Whether a write that failed may have been done: there was no response, or a 5xx. */
export const hasUnknownOutcome = (error: unknown): boolean =>
  error instanceof ApiError && (error.kind === "offline" || error.status >= 500);

export const isKind = (error: unknown, ...kinds: readonly ApiError["kind"][]): boolean =>
  error instanceof ApiError && kinds.includes(error.kind);
