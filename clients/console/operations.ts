/** What operators alone see, asked for again and again while the page is visible: no stream tells of it. */

import { useEffect, useState } from "preact/hooks";
import type { Consumers, Groups, Runs } from "../pages/generated/api.ts";
import { useConsole } from "./context.ts";
import { type Loaded, useLoad } from "./load.ts";

/** As many groups and runs are shown, and counted. */
export const MOST = 100;
export const OFTEN = 5_000; // milliseconds

/** Whether who is signed in is an operator; null until it is known. The API judges by itself. */
export function useIsOperator(): boolean | null {
  const { session } = useConsole();
  const present = session.presence.value === "in";
  const [role, setRole] = useState(session.user?.role ?? null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: present: another user may be signed in since
  useEffect(() => {
    let gone = false;
    session.access().then(
      () => gone || setRole(session.user?.role ?? ""),
      () => undefined, // the pool does not answer: it is who it was
    );
    return () => {
      gone = true;
    };
  }, [session, present]);
  return role === null ? null : role === "operator";
}

export function useGroups(state: "open" | "resolved", every: number): Loaded<Groups> {
  const { api } = useConsole();
  const query = { state, limit: MOST };
  return useLoad(`groups ${state}`, (signal) => api.get("GET /api/operations/groups", { query, signal }), every);
}

export function useRuns(every: number): Loaded<Runs> {
  const { api } = useConsole();
  const query = { limit: 20 };
  return useLoad("runs", (signal) => api.get("GET /api/operations/runs", { query, signal }), every);
}

export function useConsumers(every: number): Loaded<Consumers> {
  const { api } = useConsole();
  return useLoad("consumers", (signal) => api.get("GET /api/operations/consumers", { signal }), every);
}
