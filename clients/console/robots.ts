/** Robots: the depot's rows from the stream, and what robots report, which REST is asked for again and again. */

import { useConsole } from "./context.ts";
import { type Loaded, useLoad, useLoading, useNow, useRows } from "./load.ts";
import { type Report, type Robot, robotsOf } from "./logic/robots.ts";

/** In milliseconds: how often it is asked where robots are what is looked at, and elsewhere. */
export const CLOSELY = 5_000;
export const NOW_AND_THEN = 15_000;

const PAGE = 100;

interface Reports {
  readonly robots: readonly Report[];
  /** When they came, in milliseconds. */
  readonly at: number;
}

/** What robots report, asked for each `every` milliseconds while the page is visible. */
function useReports(every: number): Loaded<Reports> {
  const { api } = useConsole();
  return useLoad(
    "robots",
    async (signal) => {
      const robots: Report[] = [];
      let next: string | undefined;
      do {
        const query = { limit: PAGE, ...(next === undefined ? {} : { next }) };
        const page = await api.get("GET /api/fleet/robots", { query, signal });
        robots.push(...page.robots);
        next = page.next ?? undefined;
      } while (next !== undefined);
      return { robots, at: Date.now() };
    },
    every,
  );
}

export interface Robots {
  readonly robots: readonly Robot[];
  /** There are none yet, and some may come. */
  readonly loading: boolean;
  /** The depot's rows are not there yet: a robot that is missing may be among them. */
  readonly waits: boolean;
  /** Why the reports were not loaded the last time. */
  readonly error: unknown;
  /** Since when the reports that are shown are no longer news, in milliseconds; null while they are. */
  readonly old: number | null;
  readonly now: number;
  readonly again: () => void;
}

export function useRobots(every: number): Robots {
  const rows = useRows("robots");
  const waits = useLoading("robots");
  const { data, error, again } = useReports(every);
  const now = useNow(1_000);
  const late = data !== null && now - data.at > 3 * every;
  // Rows are shown a moment after they were loaded: until then robots that reported do not go away for that moment.
  const robots = robotsOf(waits || rows.size === 0 ? null : rows, data?.robots ?? null);
  return {
    robots,
    loading: robots.length === 0 && (waits || (data === null && error === null)),
    waits,
    error,
    old: data !== null && (error !== null || late) ? data.at : null,
    now,
    again,
  };
}
