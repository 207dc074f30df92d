/** What is shown of a robot wherever robots are shown: what it does, its battery, its last report, its list and errors. */

import { Badge } from "../../pages/design/Badge.tsx";
import type { ListRow } from "../../pages/generated/frames.ts";
import { shortId } from "../../pages/text/ids.ts";
import { number } from "../../pages/text/text.ts";
import { gravity, type Robot, type RobotError } from "../logic/robots.ts";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";
import { Age } from "./Age.tsx";
import { RobotStatus } from "./Status.tsx";

const KINDS = {
  lost: "bad",
  paused: "warn",
  driving: "accent",
  working: "accent",
  idle: "good",
  offline: "plain",
  rest: "plain",
  unknown: "plain",
} as const;

/** What a robot does. Of one without a stream the depot knows it. */
export function Activity({ robot }: { readonly robot: Robot }) {
  const { activity, row, report } = robot;
  const own = <Badge kind={KINDS[activity]}>{texts(`activity.${activity}`)}</Badge>;
  const mode = report?.operatingMode;
  return (
    <span class="row row-tight">
      {activity === "unknown" && row ? <RobotStatus status={row.status} listId={row.listId} /> : own}
      {activity === "rest" && row && <RobotStatus status={row.status} listId={row.listId} />}
      {mode && mode !== "AUTOMATIC" && <Badge kind="warn">{modeWords(mode)}</Badge>}
    </span>
  );
}

const MODES = ["AUTOMATIC", "SEMIAUTOMATIC", "INTERVENED", "MANUAL", "SERVICE", "TEACH_IN", "STARTUP"] as const;

/** A mode in words; one that a newer version of the standard adds as it is. */
export function modeWords(mode: string): string {
  const known = MODES.find((one) => one === mode);
  return known ? texts(`mode.${known}`) : mode;
}

const LOW = 20; // percent

export function Battery({ robot }: { readonly robot: Robot }) {
  const charge = robot.report?.battery;
  if (typeof charge !== "number") return null;
  const value = Math.round(charge);
  const words = texts("robots.percent", { value: number(value) });
  return value <= LOW ? <Badge kind="warn">{words}</Badge> : <span>{words}</span>;
}

/** In minutes: a robot's state comes each 30 seconds at least; after a minute of silence it loses its list. */
const SILENT = 1;

/** How long ago a robot last reported. Of one that is not connected that is no news. */
export function LastReport({ robot, now }: { readonly robot: Robot | undefined; readonly now: number }) {
  if (!robot) return null;
  const { report, activity } = robot;
  if (!report?.lastReportedAt) return activity === "unknown" ? null : <span>{texts("robots.never")}</span>;
  return <Age since={report.lastReportedAt} now={now} {...(report.connection === "online" ? { late: SILENT } : {})} />;
}

/** The list that a robot has, as far as it is known: its order, and how much of it is picked. */
export function ListOf({ robot, lists }: { readonly robot: Robot; readonly lists: ReadonlyMap<string, ListEntry> }) {
  const id = listOf(robot);
  const list = id === null ? undefined : lists.get(id)?.data;
  if (list === undefined) return id === null ? null : <span class="mono">{shortId(id)}</span>;
  return (
    <span class="row row-list">
      <a href={to("orders", list.orderId)} class="mono">
        {shortId(list.orderId)}
      </a>
      <Progress list={list} />
    </span>
  );
}

interface ListEntry {
  readonly data: ListRow;
}

/** The depot decides who has a list; what the robot says counts where the depot's row is not there yet. */
export const listOf = ({ row, report }: Robot): string | null => (row ? row.listId : (report?.order?.listId ?? null));

export function Progress({ list }: { readonly list: Pick<ListRow, "picked" | "quantity"> }) {
  const words = texts("progress", { picked: list.picked, quantity: list.quantity });
  return (
    <span class="progress">
      <svg aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">
        <rect width={list.quantity > 0 ? (list.picked / list.quantity) * 100 : 0} height="10" />
      </svg>
      <span class="for-readers">{texts("who.picked")} </span>
      {words}
    </span>
  );
}

/** How many errors a robot reports, and how grave the gravest is. */
export function ErrorCount({ robot }: { readonly robot: Robot | undefined }) {
  if (!robot?.level || !robot.report) return null;
  const { level, report, id } = robot;
  return (
    <a href={to("robots", id)}>
      <Badge kind={gravity(level)}>
        {texts(`level.${level}`)} · {number(report.errors.length)}
      </Badge>
    </a>
  );
}

/** The name of an error's level; one that a newer version of the standard adds as it is. */
const LEVEL_WORDS = { WARNING: 1, URGENT: 1, CRITICAL: 1, FATAL: 1 } as const;
const levelWords = (level: string): string =>
  level in LEVEL_WORDS ? texts(`level.${level as keyof typeof LEVEL_WORDS}`) : level;

/** An error as the robot tells it: its words are the robot's, in its language. */
export function ErrorText({ error }: { readonly error: RobotError }) {
  return (
    <>
      <p class="row row-tight">
        <Badge kind={gravity(error.level)}>{levelWords(error.level)}</Badge> <span class="mono">{error.type}</span>
      </p>
      {error.description && <p>{error.description}</p>}
      {error.hint && (
        <p>
          <strong>{texts("bot.hint")}:</strong> {error.hint}
        </p>
      )}
      {error.references.length > 0 && (
        <dl class="references small">
          {error.references.map(({ key, value }) => (
            <div key={`${key} ${value}`}>
              <dt>{key}</dt>
              <dd class="mono">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}
