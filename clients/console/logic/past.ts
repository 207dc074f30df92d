/** An order over time: the commits of all its aggregates, one after another, and which version each had at a moment. */

import type { CommitShape } from "../../pages/generated/api.ts";
import type { Entry } from "./timeline.ts";
import { serviceOf } from "./timeline.ts";

/** A stream: `ordering` owns `Order#order-1`. */
export interface Stream {
  readonly service: string;
  readonly kind: string;
  readonly id: string;
}

export interface Moment {
  readonly time: string;
  readonly stream: Stream;
  readonly commit: CommitShape;
}

/** What outlives an order, and has a past of its own: it is not folded for each of them. */
const OTHERS = new Set(["Bot", "Customer", "Kiosk", "Phone", "Product", "Robot", "Store"]);

export const nameOf = ({ kind, id }: Stream): string => `${kind}#${id}`;

/** The streams of an order: its own, and those whose messages are in its flows. */
export function streamsOf(order: string, entries: readonly Pick<Entry, "source" | "stream">[]): readonly Stream[] {
  const found = new Map<string, Stream>();
  const note = (service: string, name: string): void => {
    const [kind = "", id = ""] = name.split(/#(.*)/s);
    if (id && !OTHERS.has(kind)) found.set(name, { service, kind, id });
  };
  note("ordering", `Order#${order}`);
  for (const { source, stream } of entries) note(serviceOf(source), stream);
  return [...found.values()];
}

/** The robots that had a list of the order, by their ids. They outlive it, so their owner tells of them by their pages. */
export function robotsOf(entries: readonly { readonly data: Readonly<Record<string, unknown>> }[]): readonly string[] {
  const ids = entries.map(({ data }) => data.bot_id).filter((id) => typeof id === "string" && id !== "");
  return [...new Set(ids)] as readonly string[];
}

/** All commits in order of time; of one time, those of a stream by their versions. */
export function momentsOf(
  commits: readonly { readonly stream: Stream; readonly commits: readonly CommitShape[] }[],
): readonly Moment[] {
  const all = commits.flatMap(({ stream, commits: own }) =>
    own.map((commit) => ({ time: commit.time, stream, commit })),
  );
  return all.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.commit.version - b.commit.version));
}

/** By the id of a message, the moment by which it was sent: its commit, or where that is not among the moments (a stream
 * of what outlives the order, an owner that does not answer) the first that is no earlier. At the last all are sent.
 */
export function sentAt(
  moments: readonly Moment[],
  messages: readonly Pick<Entry, "id" | "time">[],
): ReadonlyMap<string, number> {
  const commits = new Map(moments.flatMap(({ commit }, moment) => commit.messages.map(({ id }) => [id, moment])));
  const byTime = (time: string): number => {
    const found = moments.findIndex((moment) => moment.time >= time);
    return found < 0 ? moments.length - 1 : found;
  };
  return new Map(messages.map(({ id, time }) => [id, commits.get(id) ?? byTime(time)]));
}

export interface Then {
  readonly stream: Stream;
  readonly version: number;
  /** Whether this moment is a commit of it. */
  readonly changed: boolean;
}

/** Each aggregate that was there at a moment, with its version then, in the order in which they came. */
export function at(moments: readonly Moment[], moment: number): readonly Then[] {
  const found = new Map<string, Then>();
  for (const [index, { stream, commit }] of moments.slice(0, moment + 1).entries())
    found.set(nameOf(stream), { stream, version: commit.last, changed: index === moment });
  return [...found.values()];
}
