/** The tree of an order's messages: a line for each, its effects below it. */

import { Badge } from "../../pages/design/Badge.tsx";
import { clockTime, dayAndTime, lasted, number } from "../../pages/text/text.ts";
import { type Actor, type Entry, type Line, serviceOf, words } from "../logic/timeline.ts";
import { texts } from "../texts/texts.ts";

/** Where a message is, seen from a moment: sent before it, by it, or later. */
export type Place = "sent" | "now" | "later";

interface Props {
  readonly lines: readonly Line[];
  /** All are sent where no moment was chosen. */
  readonly placeOf?: (entry: Entry) => Place;
}

export function MessageTree({ lines, placeOf = () => "sent" }: Props) {
  return (
    <ol class="timeline plain">
      {lines.map((line) => (
        <Node key={line.entry.id} {...line} place={placeOf(line.entry)} />
      ))}
    </ol>
  );
}

const DEEPEST = 6;

const ROLES = ["customer", "staff", "operator", "kiosk", "bot", "system"] as const;

function actorWords({ role, id }: Actor): string {
  const known = ROLES.find((one) => one === role);
  return known ? texts(`actor.${known}`, { id }) : `${role} ${id}`.trim();
}

function Node({ entry, depth, cause, after, actor, place }: Line & { readonly place: Place }) {
  const service = serviceOf(entry.source);
  const drawn = place === "sent" && entry.fresh ? "fresh" : place;
  return (
    <li class={`node depth-${Math.min(depth, DEEPEST)} node-${drawn}`}>
      <span class="node-line">
        {/* Names of messages and services are what the system calls them, in each language. */}
        <span class="node-name" lang="en">
          {words(entry.name)}
        </span>
        <span class="service" lang="en">
          {service}
        </span>
        {entry.fresh && <Badge kind="accent">{texts("timeline.fresh")}</Badge>}
        {place === "now" && <Badge kind="accent">{texts("timeline.now")}</Badge>}
      </span>
      <span class="soft small">
        {place === "later" && `${texts("timeline.later")} · `}
        <time dateTime={entry.time} title={dayAndTime(entry.time)}>
          {clockTime(entry.time)}
        </time>
        {after !== null && ` · +${after < 1000 ? `${number(after)} ms` : lasted(after)}`}
        {actor && ` · ${texts("timeline.by", { actor: actorWords(actor) })}`}
        {cause && ` · ${texts("timeline.cause", { name: words(cause.name) })}`}
      </span>
    </li>
  );
}
