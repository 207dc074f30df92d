/** What is known of a robot, from the depot's rows (live) and the reports of the robots' stream (REST), and what of it matters most. */

import type { Operations } from "../../pages/generated/api.ts";
import type { RobotRow } from "../../pages/generated/frames.ts";

/** A robot as the robots' gateway knows it. */
export type Report = Operations["GET /api/fleet/robots"]["answer"]["robots"][number];
export type RobotError = Report["errors"][number];

export interface Robot {
  readonly id: string;
  readonly name: string;
  /** The depot's; null while it is not loaded. */
  readonly row: RobotRow | null;
  /** The stream's; null for a robot that never spoke there, and while it is not loaded. */
  readonly report: Report | null;
  /** lost: it went in the middle of its list, or without a word. rest: it works without a stream. unknown: not loaded. */
  readonly activity: "lost" | "paused" | "driving" | "working" | "idle" | "offline" | "rest" | "unknown";
  /** Of its errors, the gravest. */
  readonly level: Level | null;
}

/** The standard's levels, the gravest first. */
export const LEVELS = ["FATAL", "CRITICAL", "URGENT", "WARNING"] as const;
export type Level = (typeof LEVELS)[number];

type Rows = ReadonlyMap<string, { readonly data: RobotRow }>;

/** All robots, those that need a person first, then by name. Both sources are null while they are not loaded. */
export function robotsOf(rows: Rows | null, reports: readonly Report[] | null): Robot[] {
  const told = new Map((reports ?? []).map((report) => [report.id, report]));
  // A robot that retired has left the depot's rows: what the stream last told of it does not bring it back.
  const ids = rows ? [...rows.keys()] : [...told.keys()];
  const robots = ids.map((id) => robotOf(id, rows?.get(id)?.data ?? null, told.get(id) ?? null, reports !== null));
  return robots.sort((a, b) => rank(a) - rank(b) || compare(a.name, b.name) || compare(a.id, b.id));
}

function robotOf(id: string, row: RobotRow | null, told: Report | null, loaded: boolean): Robot {
  const report = told && (told.lastReportedAt !== null || told.connection !== "offline") ? told : null;
  return {
    id,
    name: row?.name ?? told?.name ?? id,
    row,
    report,
    activity: report ? activityOf(report, row) : silentActivity(row, loaded),
    level: levelOf(report?.errors ?? []),
  };
}

function activityOf(report: Report, row: RobotRow | null): Robot["activity"] {
  const busy = report.order !== null || (row?.listId ?? null) !== null;
  // The depot has it at work after its stream's end: by REST.
  if (report.connection !== "online") return busy || report.connection === "broken" ? "lost" : "offline";
  if (report.paused) return "paused";
  if (report.driving) return "driving";
  return busy ? "working" : "idle";
}

function silentActivity(row: RobotRow | null, loaded: boolean): Robot["activity"] {
  if (!loaded) return "unknown";
  return row && row.status !== "offline" ? "rest" : "offline";
}

/** The gravest level of some errors. A level of a newer version of the standard counts as grave. */
export function levelOf(errors: readonly RobotError[]): Level | null {
  if (errors.length === 0) return null;
  return LEVELS.find((level) => errors.some((error) => known(error.level) === level)) ?? null;
}

const known = (level: string): Level => LEVELS.find((one) => one === level) ?? "URGENT";

export const gravity = (level: string): "bad" | "warn" => (known(level) === "WARNING" ? "warn" : "bad");

/** How a robot is marked: what needs a person at once, what does not go on, what goes on. */
export function markOf({ activity, level, report }: Robot): "bad" | "warn" | "accent" | "good" | "plain" {
  if (activity === "lost" || (level !== null && gravity(level) === "bad")) return "bad";
  if (activity === "paused" || level !== null || report?.retriable.length) return "warn";
  if (activity === "driving" || activity === "working") return "accent";
  return activity === "idle" ? "good" : "plain";
}

const MARKS = ["bad", "warn", "accent", "good", "plain"] as const;

/** Robots that need a person come first; those that rest or work come as their names do. */
const rank = (robot: Robot): number => Math.min(2, MARKS.indexOf(markOf(robot)));

export const needsAttention = (robot: Robot): boolean => rank(robot) < 2;

/** The mark of several robots: that of the one that matters most. */
export const markOfAll = (robots: readonly Robot[]): (typeof MARKS)[number] =>
  MARKS[Math.min(...robots.map((robot) => MARKS.indexOf(markOf(robot))))] ?? "plain";

export interface Waiting {
  /** Null for an action of which no error tells. */
  readonly error: RobotError | null;
  /** The action that failed, and waits until it is tried again or skipped; null where none waits. */
  readonly actionId: string | null;
}

/** Errors, each with the action that it keeps waiting; and actions that wait without an error. Each waits once. */
export function errorsOf({ report }: Robot): Waiting[] {
  const left = new Set(report?.retriable ?? []);
  const told = (report?.errors ?? []).map((error) => {
    const actionId = error.references.find(({ key, value }) => key === "actionId" && left.delete(value))?.value;
    return { error, actionId: actionId ?? null };
  });
  return [...told, ...[...left].map((actionId) => ({ error: null, actionId }))];
}

const compare = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });
