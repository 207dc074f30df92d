/** The map of the system: services, what goes from one to another, and how each is now. The table has the same facts. */

import { Badge } from "../../../pages/design/Badge.tsx";
import { Failed, Loading, Notice } from "../../../pages/design/states.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import { lasted, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { useSeen } from "../../flow.ts";
import { commands } from "../../logic/commands.ts";
import { isBusy, isTold, type Line, lineOf, moves } from "../../logic/flow.ts";
import { COLUMNS, curve, type Facts, FLOWS, factsOf, layout, middle, NODE } from "../../logic/systemMap.ts";
import { OFTEN, useConsumers, useGroups } from "../../operations.ts";
import { Command } from "../../parts/Command.tsx";
import { useAnnounced } from "../../parts/useAnnounced.ts";
import { route, to } from "../../route.ts";
import { said } from "../../texts/said.ts";
import { texts } from "../../texts/texts.ts";

const DRAWN = layout(COLUMNS);
const LISTENERS = new Set(COLUMNS.at(-1));
const SERVICES = COLUMNS.flat();

type Known = ReadonlyMap<string, Facts>;

export function SystemMap() {
  const { state } = useConsole().live.status.value;
  const seen = useSeen();
  const consumers = useConsumers(OFTEN);
  const groups = useGroups("open", OFTEN);
  const [taking, failing] = [consumers.data?.consumers ?? [], groups.data?.groups ?? []];
  const lines = FLOWS.map((flow) => lineOf(flow, seen, taking, failing));
  const factsNow = (one: string): Facts => {
    const paces = lines.filter(({ to: end }) => end === one).map(({ pace }) => pace);
    return factsOf(one, paces, taking, failing);
  };
  const known: Known | null =
    consumers.data && groups.data && new Map(SERVICES.map((one) => [one, factsNow(one)] as const));
  const troubled = known && [...known.values()].filter(({ mark }) => mark === "bad" || mark === "warn").length;
  useAnnounced(troubled === null ? null : { count: troubled }, (told) => said("map.announced", told));
  const error = consumers.error ?? groups.error;
  const chosen = SERVICES.find((one) => one === route.value.query.get("service")) ?? null;
  const again = (): void => {
    consumers.again();
    groups.again();
  };
  if (!known) return error ? <Failed error={error} again={again} /> : <Loading />;
  return (
    <section class="card stack-close" aria-labelledby="map">
      <h2 id="map">{texts("ops.map")}</h2>
      {error ? <p class="soft small">{texts("problems.old")}</p> : null}
      {(state === "reconnecting" || state === "stale") && <Notice kind="warn">{said("map.silent")}</Notice>}
      <Drawing known={known} lines={lines} chosen={chosen} />
      <p class="soft small">
        {said(chosen ? "map.back" : "map.how")} {said("map.counted")}
      </p>
      <Lines lines={lines} chosen={chosen} counted={seen !== null} />
      <Rows known={known} />
      <Command text={[commands.status(), commands.consumers(), commands.groups("open")]} />
    </section>
  );
}

const addressOf = (service: string, chosen: string | null): string =>
  service === chosen ? to("operations", "map") : `${to("operations", "map")}?service=${service}`;

/** The lines of the chosen service; where none is chosen, those between services that do not only listen. */
const shownOf = (lines: readonly Line[], chosen: string | null): readonly Line[] =>
  lines.filter(({ from, to: end }) =>
    from === end ? false : chosen ? from === chosen || end === chosen : !LISTENERS.has(end),
  );

interface DrawingProps {
  readonly known: Known;
  readonly lines: readonly Line[];
  readonly chosen: string | null;
}

function Drawing({ known, lines, chosen }: DrawingProps) {
  return (
    <figure class="map">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is no drawing */}
      <svg viewBox={`0 0 ${DRAWN.width} ${DRAWN.height}`} role="group" aria-label={texts("ops.map")}>
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="6"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0l8 4l-8 4z" />
          </marker>
        </defs>
        {shownOf(lines, chosen).map((line) => (
          <Drawn key={`${line.from} ${line.to}`} line={line} />
        ))}
        {SERVICES.map((one) => (
          <Service key={one} name={one} facts={known.get(one)} chosen={chosen} />
        ))}
      </svg>
    </figure>
  );
}

/** A line, and what is known of it; the table of lines says the same. */
function Drawn({ line }: { readonly line: Line }) {
  const { from, to: end, pace, held, dead } = line;
  const [a, b] = [DRAWN.at.get(from), DRAWN.at.get(end)];
  if (!a || !b) return null;
  const kind = dead > 0 ? "map-fails" : held.length > 0 ? "map-held" : pace === null ? "map-uncounted" : "";
  const { x, y } = middle(a, b);
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a drawing, which no key reaches
    <g class={`map-line ${kind}${moves(line) ? " map-moves" : ""}`} data-line={`${from} ${end}`} aria-hidden="true">
      <path class="map-flow" d={curve(a, b)} stroke-width={widthOf(pace)} marker-end="url(#arrow)" />
      {isBusy(line) && (
        <text class="map-pace" x={x} y={y + 4} text-anchor="middle">
          {onLine(line)}
        </text>
      )}
    </g>
  );
}

const widthOf = (pace: number | null): number => 1 + Math.min(3, Math.log10(1 + (pace ?? 0)) * 1.5);

const onLine = ({ pace, held, dead }: Line): string =>
  [dead > 0 ? `✕ ${number(dead)}` : "", held.length > 0 ? said("map.held") : "", pace ? number(pace) : ""]
    .filter(Boolean)
    .join(" · ");

const SIGNS = { good: "✓", warn: "!", bad: "✕", plain: "" } as const;

interface ServiceProps {
  readonly name: string;
  readonly facts: Facts | undefined;
  readonly chosen: string | null;
}

function Service({ name, facts, chosen }: ServiceProps) {
  const spot = DRAWN.at.get(name);
  if (!spot || !facts) return null;
  const { x, y } = spot;
  return (
    <a
      href={addressOf(name, chosen)}
      class={`map-node map-${facts.mark}`}
      aria-current={name === chosen ? "true" : undefined}
    >
      <rect x={x} y={y} width={NODE.width} height={NODE.height} rx={8} />
      <text class="map-name" x={x + 10} y={y + 20}>
        {name}
      </text>
      <text class="map-sign" x={x + NODE.width - 10} y={y + 20} text-anchor="end">
        {SIGNS[facts.mark]}
      </text>
      <text class="map-fact" x={x + 10} y={y + 38}>
        {facts.perMinute === null ? "" : said("map.pace", { pace: number(facts.perMinute) })}
      </text>
      <text class="map-fact" x={x + 10} y={y + 54}>
        {short(facts)}
      </text>
    </a>
  );
}

/** What matters most of a service. */
function short({ dead, halted, waits, lag }: Facts): string {
  if (dead > 0) return said("map.dead", { count: dead });
  if (halted.length > 0) return said("map.paused", { count: waits ?? 0 });
  if (waits !== null && waits > 0)
    return `${said("map.waits", { count: waits })}${lag === null ? "" : ` · ${lasted(lag * 1000)}`}`;
  return "";
}

interface LinesProps {
  readonly lines: readonly Line[];
  readonly chosen: string | null;
  readonly counted: boolean;
}

/** What the chosen service takes and gives, by name; where none is chosen, the lines that are drawn with anything on. */
function Lines({ lines, chosen, counted }: LinesProps) {
  const rows = shownOf(lines, chosen).filter((one) => chosen || isBusy(one));
  if (rows.length === 0) return counted ? <p class="soft small">{said("map.still")}</p> : null;
  return (
    <Table
      caption={chosen ?? said("map.lines")}
      columns={[
        {
          name: said("map.flow"),
          cell: ({ from, to: end }) => (
            <span class="mono">
              {from} → {end}
            </span>
          ),
        },
        { name: said("map.perMinute"), cell: (one) => <Pace line={one} />, number: true },
        {
          name: said("map.paused.by"),
          cell: ({ held }) => (held.length === 0 ? "–" : <Badge kind="warn">{held.join(", ")}</Badge>),
        },
        { name: texts("problems.letters"), cell: ({ dead }) => number(dead), number: true },
        ...(chosen ? [{ name: texts("ops.message"), cell: (line: Line) => <Names line={line} /> }] : []),
      ]}
      rows={rows}
      idOf={({ from, to: end }) => `${from} ${end}`}
    />
  );
}

/** Messages that no board tells of are not counted, which is no 0. */
function Pace({ line: { from, names, pace } }: { readonly line: Line }) {
  if (pace !== null) return <>{number(pace)}</>;
  return <>{names.some((name) => isTold(from, name)) ? "–" : said("map.uncounted")}</>;
}

function Names({ line: { from, names } }: { readonly line: Line }) {
  const [told, others] = [names.filter((one) => isTold(from, one)), names.filter((one) => !isTold(from, one))];
  return (
    <span class="small why">
      {told.join(", ")}
      {told.length > 0 && others.length > 0 ? ` · ${said("map.uncounted")}: ` : ""}
      {others.join(", ")}
    </span>
  );
}

function Rows({ known }: { readonly known: Known }) {
  const orDash = (value: number | null): string => (value === null ? "–" : number(Math.round(value)));
  return (
    <Table
      caption={said("map.table")}
      columns={[
        { name: said("map.service"), cell: (one) => <a href={addressOf(one, null)}>{one}</a> },
        { name: texts("state"), cell: (one) => <Mark facts={known.get(one)} /> },
        { name: said("map.perMinute"), cell: (one) => orDash(known.get(one)?.perMinute ?? null), number: true },
        { name: texts("consumer.waiting"), cell: (one) => orDash(known.get(one)?.waits ?? null), number: true },
        {
          name: texts("consumer.drained"),
          cell: (one) => {
            const lag = known.get(one)?.lag ?? null;
            return lag === null ? "–" : lasted(lag * 1000);
          },
          number: true,
        },
        { name: texts("problems.letters"), cell: (one) => number(known.get(one)?.dead ?? 0), number: true },
      ]}
      rows={SERVICES}
      idOf={(one) => one}
    />
  );
}

function Mark({ facts }: { readonly facts: Facts | undefined }) {
  if (!facts || facts.mark === "plain") return <>–</>;
  const { mark, dead, halted } = facts;
  if (dead > 0) return <Badge kind={mark}>{said("map.fails")}</Badge>;
  if (halted.length > 0) return <Badge kind={mark}>{texts("consumer.paused")}</Badge>;
  return <Badge kind={mark}>{mark === "warn" ? said("map.late") : texts("consumer.running")}</Badge>;
}
