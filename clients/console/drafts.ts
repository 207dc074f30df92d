/** What somebody has typed and not saved: it outlives a reconnect, another view, a reload and a deploy.
 *
 * It is kept in the tab's sessionStorage. What is personal is kept in memory alone, so a reload for a new version waits.
 * With it is kept what the form showed, and its version: whoever goes on later sees what another made of it meanwhile.
 */

import { computed, effect, signal } from "@preact/signals";
import { useCallback, useState } from "preact/hooks";
import type { Answer } from "../pages/api/api.ts";
import type { Session } from "../pages/sign_in/session.ts";

type Values = Readonly<Record<string, string>>;

interface Kept {
  readonly values: Values;
  /** What the form of a thing showed; null for a form of none. */
  readonly seen: Answer<unknown> | null;
}

const PLACE = "draft ";
const USER = "drafts of";
const NOTHING: Kept = { values: {}, seen: null };
const personal = signal<ReadonlyMap<string, Kept>>(new Map());

/** Whether a reload would lose what somebody typed. */
export const holdsPersonal = computed(() =>
  [...personal.value.values()].some(({ values }) => Object.values(values).some((value) => value !== "")),
);

function stored(key: string): Kept {
  try {
    return { ...NOTHING, ...(JSON.parse(sessionStorage.getItem(PLACE + key) ?? "{}") as Partial<Kept>) };
  } catch {
    return NOTHING;
  }
}

function keep(key: string, kept: Kept, isPersonal: boolean): void {
  const empty = Object.keys(kept.values).length === 0;
  if (isPersonal) {
    const all = new Map(personal.value);
    if (empty) all.delete(key);
    else all.set(key, kept);
    personal.value = all;
  } else if (empty) sessionStorage.removeItem(PLACE + key);
  else sessionStorage.setItem(PLACE + key, JSON.stringify(kept));
}

/** What a form showed when its draft was typed; null where there is no draft. */
export function seenBefore<Data>(key: string): Answer<Data> | null {
  return (personal.value.get(key) ?? stored(key)).seen as Answer<Data> | null;
}

/** From now on a draft, if there is one, belongs to another version. */
export function sees(key: string, seen: Answer<unknown>): void {
  const own = personal.value.get(key);
  if (own) keep(key, { ...own, seen }, true);
  else if (seenBefore(key)) keep(key, { ...stored(key), seen }, false);
}

export interface Draft {
  /** What was typed; a field that nobody touched is not in it. */
  readonly typed: Values;
  readonly set: (field: string, value: string) => void;
  readonly replace: (values: Values) => void;
  readonly clear: () => void;
}

interface Options {
  /** Whether it may hold a name or a number. */
  readonly isPersonal?: boolean;
  /** What the form shows of its thing. */
  readonly seen?: Answer<unknown> | null;
}

/** The draft of a form. key: that of the thing (`useThing`), or the form's own where it has none. */
export function useDraft(key: string, { isPersonal = false, seen = null }: Options = {}): Draft {
  const [kept, setKept] = useState(() => ({ key, values: isPersonal ? {} : stored(key).values }));
  const typed = isPersonal
    ? (personal.value.get(key)?.values ?? {})
    : kept.key === key
      ? kept.values
      : stored(key).values;
  const replace = useCallback(
    (values: Values): void => {
      keep(key, { values, seen }, isPersonal);
      if (!isPersonal) setKept({ key, values });
    },
    [key, isPersonal, seen],
  );
  return {
    typed,
    set: (field, value) => replace({ ...typed, [field]: value }),
    replace,
    clear: () => replace({}),
  };
}

function forgetAll(): void {
  personal.value = new Map();
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PLACE)) sessionStorage.removeItem(name);
}

function belongTo(name: string | undefined): void {
  if (name === undefined) return;
  const before = sessionStorage.getItem(USER);
  if (before !== null && before !== name) forgetAll();
  sessionStorage.setItem(USER, name);
}

/** Drafts are their user's alone: they end with a sign-out, and with another user's sign-in.
 *
 * A session that ended by itself leaves them to the same user, who signs in again.
 */
export function followUser(session: Session): () => void {
  let before = session.presence.peek();
  return effect(() => {
    const now = session.presence.value;
    if (now === "out" && before !== "out") forgetAll();
    before = now;
    if (now !== "in") return;
    if (session.user) belongTo(session.user.name);
    else
      session.access().then(
        () => belongTo(session.user?.name),
        () => undefined, // the pool does not answer: it is who it was
      );
  });
}
