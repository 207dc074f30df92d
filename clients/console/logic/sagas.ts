/** What operators see of sagas: which come first, what may be done with one, and what it did. */

import type { CommitShape, EventShape, SagaView, WholeSaga } from "../../pages/generated/api.ts";
import { words } from "./timeline.ts";

export type Status = SagaView["status"];

/** Which sagas are listed: open are those that run or are parked. */
export const LISTS = ["open", "running", "parked", "compensated", "stopped", "completed", "all"] as const;
export type Which = (typeof LISTS)[number];

/** The lists of sagas that have not ended. */
export const OPEN: readonly Which[] = ["open", "running", "parked"];

/** Which list an address names; those that have not ended where it names none. */
export const listOf = (name: string | null): Which => LISTS.find((one) => one === name) ?? "open";

/** From when on a saga runs long, in minutes: the first try of a step has timed out (`step_timeout`). */
export const LONG = 1;

const RANKS: Readonly<Record<Status, number>> = { parked: 0, running: 1, compensated: 2, stopped: 2, completed: 2 };

/** Those that wait for a person come first, then those that run, the longest first; the others stay as they came. */
export function inOrder(sagas: readonly SagaView[]): readonly SagaView[] {
  const since = ({ status, since }: SagaView): number => (RANKS[status] < 2 ? Date.parse(since) : 0);
  return [...sagas].sort((one, other) => RANKS[one.status] - RANKS[other.status] || since(one) - since(other));
}

export const mayResume = ({ status }: Pick<SagaView, "status">): boolean => status === "parked";

/** The commands without an answer, which may be sent again, each once. */
export const unanswered = ({ awaited }: Pick<WholeSaga, "awaited">): readonly string[] => [
  ...new Set(awaited.map(({ command }) => command)),
];

export interface Did {
  readonly version: number;
  readonly time: string;
  /** What happened, as the stream has it. */
  readonly events: readonly string[];
  /** The commands that were sent then. */
  readonly sent: readonly string[];
}

/** What has no news for a person: that the saga is looked at again later, and the reminder for it. */
const WATCHES: readonly string[] = ["WatchSet", "SagaWatchEnds"];

/** What a saga did, from its commits: a line for each that has more than a watch. */
export function stepsOf(commits: readonly CommitShape[]): readonly Did[] {
  return commits
    .map(({ version, time, events, messages }) => ({
      version,
      time,
      events: events.filter(({ name }) => !WATCHES.includes(name)).map(eventWords),
      sent: messages.map(({ name }) => name).filter((name) => !WATCHES.includes(name)),
    }))
    .filter(({ events, sent }) => events.length + sent.length > 0);
}

/** "Step sent 3, try 2: reason". */
function eventWords({ name, data: { step, attempt, reason } }: EventShape): string {
  const which = typeof step === "number" ? ` ${step}` : "";
  const again = typeof attempt === "number" && attempt > 1 ? `, try ${attempt}` : "";
  const why = typeof reason === "string" && reason !== "" ? `: ${reason}` : "";
  return `${words(name)}${which}${again}${why}`;
}
