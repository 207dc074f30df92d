/** What operators see of what failed and what is mended: sums, what may be done with a run, and what comes first. */

import type { ConsumerShape, ForecastShape, GroupShape, RunShape } from "../../pages/generated/api.ts";

export const LETTER_STATES = ["open", "redriving", "parked", "done", "discarded"] as const;
export type LetterState = (typeof LETTER_STATES)[number];
export type Counted = Readonly<Record<LetterState, number>>;

/** How many letters of some groups there are, by state. */
export function lettersOf(groups: readonly Pick<GroupShape, "counts">[]): Counted {
  const sums = { open: 0, redriving: 0, parked: 0, done: 0, discarded: 0 };
  for (const { counts } of groups) for (const state of LETTER_STATES) sums[state] += counts[state];
  return sums;
}

/** By which text an estimate is told: counted whole, concluded from a part, or with more than what was counted. */
export function toldBy(precision: string): "estimate.exact" | "estimate.about" | "estimate.atLeast" {
  if (precision === "exact") return "estimate.exact";
  return precision === "at least" ? "estimate.atLeast" : "estimate.about";
}

export type Act = "pause" | "resume" | "cancel";

const ACTS: Readonly<Record<RunShape["state"], readonly Act[]>> = {
  gathering: ["pause", "cancel"],
  running: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  stopped: ["resume", "cancel"],
  cancelled: [],
  done: [],
};

/** What may be done with a run as it is. */
export const actsOf = (state: RunShape["state"]): readonly Act[] => ACTS[state];

/** Whether it goes on by itself. What an earlier one sent may still have its outcome after it was paused or cancelled. */
export function goesOn({ state, counts }: Pick<RunShape, "state" | "counts">): boolean {
  const waits = (counts.sent ?? 0) + (counts.failing ?? 0) > 0;
  return state === "gathering" || state === "running" || (state !== "done" && waits);
}

/** In the order of the bar: what ended well, what did not, what is on its way, and what is to come. */
export const PARTS = ["done", "dead", "failing", "sent", "skipped", "pending"] as const;
export type Part = (typeof PARTS)[number];

/** The parts of a redrive that have any letters. */
export function partsOf(counts: Readonly<Record<string, number>>): readonly { part: Part; letters: number }[] {
  return PARTS.map((part) => ({ part, letters: counts[part] ?? 0 })).filter(({ letters }) => letters > 0);
}

export type Step =
  | { readonly kind: "ramp"; readonly step: number; readonly steps: number; readonly letters: number }
  | { readonly kind: "rate"; readonly rate: number }
  | null;

/** How far the ramp is, as the API says it in English; null for what it does not say so. */
export function readStep(step: string): Step {
  const ramp = /^step (\d+) of (\d+): (\d+) letters$/.exec(step);
  if (ramp) return { kind: "ramp", step: Number(ramp[1]), steps: Number(ramp[2]), letters: Number(ramp[3]) };
  const rate = /^(\d+(?:\.\d+)?) letters a second$/.exec(step);
  return rate ? { kind: "rate", rate: Number(rate[1]) } : null;
}

/** The service and the queue of a consumer: "depot/inbox". */
export function placeOf(consumer: string): { service: string; queue: string } {
  const [service = consumer, queue = ""] = consumer.split("/", 2);
  return { service, queue };
}

/** How many messages wait for a consumer; null where SQS does not say. */
export const waitingOf = ({ waiting }: Pick<ConsumerShape, "waiting">): number | null =>
  waiting && waiting.visible + waiting.inFlight + waiting.delayed;

/** Those that do not run come first, then those with the most that waits. */
export function inOrder(consumers: readonly ConsumerShape[]): readonly ConsumerShape[] {
  const rank = (one: ConsumerShape): number => (one.state === "running" ? 0 : 1);
  return [...consumers].sort(
    (one, other) =>
      rank(other) - rank(one) || (waitingOf(other) ?? 0) - (waitingOf(one) ?? 0) || one.name.localeCompare(other.name),
  );
}

/** The read models that history can build anew, by service (functions/operations/README.md). */
export const VIEWS: Readonly<Record<string, readonly string[]>> = {
  baskets: ["baskets", "customers"],
  depot: ["depot"],
  fleet: ["robots"],
  insights: ["names", "stages", "timeline"],
  live: ["boards"],
  notifications: ["texts"],
  ordering: ["unpaid"],
  payments: ["orders", "customers"],
  search: ["orders"],
  stores: ["catalogue"],
};

/** A whole number from 1 to the most; null for what is none. */
export function wholeIn(text: string, most: number): number | null {
  const value = /^\d{1,6}$/.test(text.trim()) ? Number(text) : 0;
  return value >= 1 && value <= most ? value : null;
}

/** JSON with an indent; what is none as it is. */
export function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** What may be forecast of a letter. */
export const ANSWERS = ["passes", "refused", "waits", "fails", "cannot tell"] as const;

/** How many letters of a forecast have an answer. */
export const countOf = ({ counts }: Pick<ForecastShape, "counts">, answer: (typeof ANSWERS)[number]): number =>
  answer === "cannot tell" ? counts.cannotTell : counts[answer];
