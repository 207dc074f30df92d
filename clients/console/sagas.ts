/** Sagas, asked for again and again while the page is visible: no stream tells of them. */

import type { SagaList } from "../pages/generated/api.ts";
import { useConsole } from "./context.ts";
import { type Loaded, useLoad } from "./load.ts";
import type { Which } from "./logic/sagas.ts";

/** As many of each status are shown, and counted. */
export const MOST = 100;
export const LOOKS = 15_000; // milliseconds: each saga that runs is read from its stream

/** Sagas of one status, of those that have not ended, or all; asked for each `every` milliseconds. */
export function useSagas(which: Which, every: number): Loaded<SagaList> {
  const { api } = useConsole();
  return useLoad(
    `sagas ${which}`,
    async (signal) => {
      const asked = which === "open" ? (["parked", "running"] as const) : [which];
      const found = await Promise.all(
        asked.map((status) => {
          const query = { limit: MOST, ...(status === "all" ? {} : { status }) };
          return api.get("GET /api/checkout/sagas", { query, signal });
        }),
      );
      const next = found.find((one) => one.next)?.next;
      return { sagas: found.flatMap(({ sagas }) => sagas), ...(next === undefined ? {} : { next }) };
    },
    every,
  );
}
