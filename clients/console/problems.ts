/** What needs a person. No stream tells of it, so it is asked for again and again while the page is visible. */

import type { DifferenceList } from "../pages/generated/api.ts";
import { useConsole } from "./context.ts";
import { type Loaded, useLoad } from "./load.ts";
import { useSagas } from "./sagas.ts";

const MOST = 100; // differences

/** Orders whose money differs, asked for each `every` milliseconds. */
export function useDiffering(every: number): Loaded<DifferenceList> {
  const { api } = useConsole();
  const query = { status: "open", limit: MOST } as const;
  return useLoad("differences", (signal) => api.get("GET /api/payments/differences", { query, signal }), every);
}

/** How many there are of both, as far as they are listed; null before it is known. */
export function useProblems(every: number): number | null {
  const parked = useSagas("parked", every).data;
  const differing = useDiffering(every).data;
  return parked && differing ? parked.sagas.length + differing.differences.length : null;
}
