/** Lists that are asked for page by page: what is there stays while more comes, and when that fails. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Loaded, useLoad } from "./load.ts";

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Asks for the page after it; undefined where there is none. */
  readonly next: string | undefined;
}

export interface Paged<Row> extends Loaded<Page<Row>> {
  /** Adds a page. Null where there is none. */
  readonly more: (() => Promise<void>) | null;
  /** Why no page was added. */
  readonly failed: unknown;
}

const joined = <Row>(before: Page<Row>, { rows, next }: Page<Row>): Page<Row> => ({
  rows: [...before.rows, ...rows],
  next,
});

/** The first page of a list, and those that were asked for since. `again` reads as many as there are. */
export function usePaged<Row>(
  key: string,
  read: (next: string | undefined, signal: AbortSignal) => Promise<Page<Row>>,
): Paged<Row> {
  const pages = useRef(1);
  const ending = useRef(new AbortController());
  // biome-ignore lint/correctness/useExhaustiveDependencies: key: another list begins at its first page
  useEffect(() => {
    pages.current = 1;
    ending.current = new AbortController();
    return () => ending.current.abort();
  }, [key]);
  const loaded = useLoad(key, async (signal) => {
    let whole = await read(undefined, signal);
    for (let page = 1; page < pages.current && whole.next !== undefined; page += 1)
      whole = joined(whole, await read(whole.next, signal));
    return whole;
  });
  const [added, setAdded] = useState<{ to: Page<Row> | null; whole: Page<Row> } | null>(null);
  const [failure, setFailure] = useState<{ after: Page<Row>; error: unknown } | null>(null);
  const data = added && added.to === loaded.data ? added.whole : loaded.data;
  const latest = useRef({ to: loaded.data, whole: data });
  latest.current = { to: loaded.data, whole: data };
  const more = async (): Promise<void> => {
    const { signal } = ending.current;
    setFailure(null);
    for (;;) {
      const { to, whole } = latest.current;
      if (whole?.next === undefined) return;
      try {
        const page = await read(whole.next, signal);
        if (signal.aborted) return;
        // Where the list was read anew meanwhile, another page follows.
        if (latest.current.whole !== whole) continue;
        pages.current += 1;
        return setAdded({ to, whole: joined(whole, page) });
      } catch (error) {
        if (!signal.aborted) setFailure({ after: whole, error });
        return;
      }
    }
  };
  return {
    ...loaded,
    data,
    more: data?.next === undefined ? null : more,
    failed: failure && failure.after === data ? failure.error : null,
  };
}
