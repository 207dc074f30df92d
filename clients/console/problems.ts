/** What needs a person. No stream tells of it, so it is asked for again and again while the page is visible. */

import type { DifferenceList, SagaList } from "../pages/generated/api.ts";
import { useConsole } from "./context.ts";
import { type Loaded, useLoad } from "./load.ts";

/** As many of each are shown, and counted. */
export const MOST = 100;

/** Sagas that are parked, asked for each `every` milliseconds. */
export function useParked(every: number): Loaded<SagaList> {
  const { api } = useConsole();
  const query = { status: "parked", limit: MOST } as const;
  return useLoad("sagas", (signal) => api.get("GET /api/checkout/sagas", { query, signal }), every);
}

/** Orders whose money differs, asked for each `every` milliseconds. */
export function useDiffering(every: number): Loaded<DifferenceList> {
  const { api } = useConsole();
  const query = { status: "open", limit: MOST } as const;
  return useLoad("differences", (signal) => api.get("GET /api/payments/differences", { query, signal }), every);
}

/** How many there are of both; null before it is known. More than MOST of one counts as MOST. */
export function useProblems(every: number): number | null {
  const parked = useParked(every).data;
  const differing = useDiffering(every).data;
  return parked && differing ? parked.sagas.length + differing.differences.length : null;
}
