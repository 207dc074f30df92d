import { useEffect, useRef } from "preact/hooks";
import { announce } from "../../pages/design/toasts.tsx";

/** Has a screen reader told what a board has, when that changed. counts: null while they are loaded. */
export function useAnnounced<Counts extends object>(counts: Counts | null, words: (counts: Counts) => string): void {
  const before = useRef<string | null>(null);
  const latest = useRef({ counts, words });
  latest.current = { counts, words };
  const now = counts === null ? null : JSON.stringify(counts);
  useEffect(() => {
    const first = before.current === null;
    before.current = now;
    if (first || now === null) return;
    announce(() => {
      const { counts, words } = latest.current;
      return counts === null ? "" : words(counts);
    });
  }, [now]);
}
