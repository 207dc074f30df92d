/** What the boards tell of flow. They are watched while a view of it is open, so they cost what a watched board costs. */

import { useEffect, useState } from "preact/hooks";
import { useConsole } from "./context.ts";
import { BOARDS, noted, recent, type Seen } from "./logic/flow.ts";

const LOOKS = 1_000; // milliseconds, after which what is older than a minute is let go

/** The messages of the last minute that came since the view was opened; null until the boards are there, and while they
 * are not live.
 */
export function useSeen(): readonly Seen[] | null {
  const { live } = useConsole();
  const [seen, setSeen] = useState<readonly Seen[]>([]);
  useEffect(() => {
    const ends = BOARDS.map((topic) => live.watch(topic));
    ends.push(live.onMessages((_, messages) => setSeen((before) => noted(before, messages, Date.now()))));
    const timer = setInterval(() => setSeen((before) => recent(before, Date.now())), LOOKS);
    return () => {
      clearInterval(timer);
      for (const end of ends) end();
    };
  }, [live]);
  const { state, loading } = live.status.value;
  return state === "live" && loading.length === 0 ? seen : null;
}
