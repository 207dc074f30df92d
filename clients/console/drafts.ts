/** What somebody has typed and not saved: it outlives a reconnect, another view, a reload and a deploy.
 *
 * It is kept in the tab's sessionStorage. What is personal is kept in memory alone, so a reload for a new version waits.
 */

import { computed, signal } from "@preact/signals";
import { useCallback, useState } from "preact/hooks";

type Values = Readonly<Record<string, string>>;

const PLACE = "draft ";
const personal = signal<ReadonlyMap<string, Values>>(new Map());

/** Whether a reload would lose what somebody typed. */
export const holdsPersonal = computed(() =>
  [...personal.value.values()].some((values) => Object.values(values).some((value) => value !== "")),
);

function stored(key: string): Values {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE + key) ?? "{}") as Values;
  } catch {
    return {};
  }
}

export interface Draft {
  /** What was typed; a field that nobody touched is not in it. */
  readonly typed: Values;
  readonly set: (field: string, value: string) => void;
  readonly replace: (values: Values) => void;
  readonly clear: () => void;
}

/** The draft of a form. key: of the form and the thing. isPersonal: it may hold a name or a number. */
export function useDraft(key: string, isPersonal = false): Draft {
  const [kept, setKept] = useState(() => ({ key, values: isPersonal ? {} : stored(key) }));
  const typed = isPersonal ? (personal.value.get(key) ?? {}) : kept.key === key ? kept.values : stored(key);
  const replace = useCallback(
    (values: Values): void => {
      const empty = Object.keys(values).length === 0;
      if (isPersonal) {
        const all = new Map(personal.value);
        if (empty) all.delete(key);
        else all.set(key, values);
        personal.value = all;
        return;
      }
      if (empty) sessionStorage.removeItem(PLACE + key);
      else sessionStorage.setItem(PLACE + key, JSON.stringify(values));
      setKept({ key, values });
    },
    [key, isPersonal],
  );
  return {
    typed,
    set: (field, value) => replace({ ...typed, [field]: value }),
    replace,
    clear: () => replace({}),
  };
}
