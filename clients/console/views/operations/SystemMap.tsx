/** The map of the system: services, what goes from one to another, and how each is now. The table has the same facts. */

import { Badge } from "../../../pages/design/Badge.tsx";
import { Failed, Loading } from "../../../pages/design/states.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import { lasted, number } from "../../../pages/text/text.ts";
import { commands } from "../../logic/commands.ts";
import { COLUMNS, curve, type Facts, FLOWS, factsOf, layout, NODE } from "../../logic/systemMap.ts";
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
  const consumers = useConsumers(OFTEN);
  const groups = useGroups("open", OFTEN);
  const known: Known | null =
    consumers.data &&
    groups.data &&
    new Map(
      SERVICES.map((one) => [one, factsOf(one, consumers.data?.consumers ?? [], groups.data?.groups ?? [])] as const),
    );
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
      <Drawing known={known} chosen={chosen} />
      <p class="soft small">{said(chosen ? "map.back" : "map.how")}</p>
      {chosen && <Chosen service={chosen} />}
      <Rows known={known} />
      <Command text={[commands.status(), commands.consumers(), commands.groups("open")]} />
    </section>
  );
}

const addressOf = (service: string, chosen: string | null): string =>
  service === chosen ? to("operations", "map") : `${to("operations", "map")}?service=${service}`;

function Drawing({ known, chosen }: { readonly known: Known; readonly chosen: string | null }) {
  const shown = FLOWS.filter(({ from, to: end }) =>
    from === end ? false : chosen ? from === chosen || end === chosen : !LISTENERS.has(end),
  );
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
        {shown.map(({ from, to: end }) => {
          const [a, b] = [DRAWN.at.get(from), DRAWN.at.get(end)];
          const pace = known.get(end)?.perMinute ?? 0;
          const width = 1 + Math.min(3, Math.log10(1 + pace));
          const classes = `map-flow${pace > 0 ? " map-moves" : ""}${known.get(end)?.halted.length ? " map-held" : ""}`;
          return (
            a &&
            b && (
              <path
                key={`${from} ${end}`}
                class={classes}
                d={curve(a, b)}
                stroke-width={width}
                marker-end="url(#arrow)"
              />
            )
          );
        })}
        {SERVICES.map((one) => (
          <Service key={one} name={one} facts={known.get(one)} chosen={chosen} />
        ))}
      </svg>
    </figure>
  );
}

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
        {facts.perMinute === null ? "" : said("map.pace", { pace: number(Math.round(facts.perMinute)) })}
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

/** What one service takes and gives, by name. */
function Chosen({ service }: { readonly service: string }) {
  const lines = FLOWS.filter(({ from, to: end }) => (from === service || end === service) && from !== end);
  return (
    <Table
      caption={service}
      columns={[
        {
          name: said("map.flow"),
          cell: ({ from, to: end }) => (
            <span class="mono">
              {from} → {end}
            </span>
          ),
        },
        { name: texts("ops.message"), cell: ({ names }) => <span class="small why">{names.join(", ")}</span> },
      ]}
      rows={lines}
      idOf={({ from, to: end }) => `${from} ${end}`}
    />
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
