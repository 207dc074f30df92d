/** Sagas, asked for again and again while the page is visible: no stream tells of them. */

import type { Api } from "../pages/api/api.ts";
import type { SagaList, SagaView } from "../pages/generated/api.ts";
import { useConsole } from "./context.ts";
import { type Loaded, useLoad } from "./load.ts";
import { OPEN, type Status, type Which } from "./logic/sagas.ts";

export const LOOKS = 15_000; // milliseconds: each saga that has not ended is read from its stream
const PAGE = 100;
const PAGES = 10; // of those that have not ended

const pagesOf = (which: Which): number => (OPEN.includes(which) ? PAGES : 1);

/** As many of each status are shown, and counted. */
export const mostOf = (which: Which): number => PAGE * pagesOf(which);

/** Sagas of one status, of those that have not ended, or all; asked for each `every` milliseconds. */
export function useSagas(which: Which, every: number): Loaded<SagaList> {
  const { api } = useConsole();
  return useLoad(
    `sagas ${which}`,
    async (signal) => {
      const asked = which === "open" ? (["parked", "running"] as const) : [which];
      const found = await Promise.all(asked.map((status) => listed(api, status, signal)));
      const next = found.find((one) => one.next)?.next;
      return { sagas: found.flatMap(({ sagas }) => sagas), ...(next === undefined ? {} : { next }) };
    },
    every,
  );
}

/** The mall gives the newest first. So of those that have not ended, the last page has the ones that matter most. */
async function listed(api: Api, which: Status | "all", signal: AbortSignal): Promise<SagaList> {
  const sagas: SagaView[] = [];
  const status = which === "all" ? {} : { status: which };
  let next: string | undefined;
  for (let page = 0; page < pagesOf(which); page += 1) {
    const query = { limit: PAGE, ...status, ...(next === undefined ? {} : { next }) };
    const answer = await api.get("GET /api/checkout/sagas", { query, signal });
    sagas.push(...answer.sagas);
    next = answer.next;
    if (!next) break;
  }
  return { sagas, ...(next === undefined ? {} : { next }) };
}
