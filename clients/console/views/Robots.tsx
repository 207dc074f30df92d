/** Robots on the floor plan, those that need a person beside it, and all of them as a table. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { Badge } from "../../pages/design/Badge.tsx";
import { Empty, Loading, Notice } from "../../pages/design/states.tsx";
import { Table } from "../../pages/design/Table.tsx";
import { clockTime } from "../../pages/text/text.ts";
import { useRows } from "../load.ts";
import { FLOOR, labelOf, placeOf } from "../logic/floor.ts";
import { markOf, needsAttention, type Robot } from "../logic/robots.ts";
import { FloorPlan, Legend, whereIs } from "../parts/FloorPlan.tsx";
import { Heading } from "../parts/Heading.tsx";
import { PauseOrResume } from "../parts/RobotActs.tsx";
import { Activity, Battery, ErrorCount, ErrorText, LastReport, ListOf } from "../parts/RobotFacts.tsx";
import { useAnnounced } from "../parts/useAnnounced.ts";
import { CLOSELY, type Robots as Known, useRobots } from "../robots.ts";
import { route, to } from "../route.ts";
import { texts } from "../texts/texts.ts";

export function Robots() {
  const known = useRobots(CLOSELY);
  const { robots, loading } = known;
  const counts = { count: robots.length, bad: robots.filter((robot) => markOf(robot) === "bad").length };
  useAnnounced(loading ? null : counts, (told) => texts("robots.announced", told));
  return (
    <>
      <Heading title={texts("place.robots")}>
        {!loading && <Badge>{robots.length}</Badge>}
        <a class="button" href={to("robots", "connect")}>
          {texts("connect.title")}
        </a>
      </Heading>
      <NotNews known={known} />
      {loading ? (
        <Loading />
      ) : robots.length === 0 ? (
        <Empty>
          <p>{texts("depot.noRobots")}</p>
          <a href={to("robots", "connect")}>{texts("connect.title")}</a>
        </Empty>
      ) : (
        <>
          <div class="columns">
            <Plan robots={robots} old={known.old !== null} />
            <Attention robots={robots} />
          </div>
          <All known={known} />
        </>
      )}
    </>
  );
}

/** Says what is not known, and of when the rest is. */
export function NotNews({ known: { error, old } }: { readonly known: Known }) {
  if (old !== null) return <Notice kind="warn">{texts("robots.old", { time: clockTime(old) })}</Notice>;
  return error ? <Notice kind="warn">{texts("robots.unread")}</Notice> : null;
}

function Plan({ robots, old }: { readonly robots: readonly Robot[]; readonly old: boolean }) {
  const off = robots.filter((robot) => placeOf(FLOOR, robot) === null).length;
  return (
    <section class="card stack-close" aria-labelledby="plan">
      <h2 id="plan">{texts("robots.plan")}</h2>
      <FloorPlan robots={robots} old={old} />
      <Legend />
      {off > 0 && <p class="soft small">{texts("robots.offPlan", { count: off })}</p>}
    </section>
  );
}

/** As many are listed beside the plan; the table has all. */
const MOST = 6;

function Attention({ robots }: { readonly robots: readonly Robot[] }) {
  const found = robots.filter(needsAttention);
  return (
    <section class="stack-close" aria-labelledby="attention">
      <h2 id="attention">
        {texts("robots.attention")} {found.length > 0 && <Badge>{found.length}</Badge>}
      </h2>
      {found.length === 0 && <p class="soft">{texts("robots.calm")}</p>}
      {found.slice(0, MOST).map((robot) => (
        <article key={robot.id} class={`notice notice-${markOf(robot)} stack-close`} aria-label={robot.name}>
          <h3 class="row">
            <a href={to("robots", robot.id)}>{robot.name}</a>
            <Activity robot={robot} />
            <span class="soft small">{whereIs(robot)}</span>
          </h3>
          {robot.report?.errors.map((error, at) => (
            <div key={at} class="stack-close">
              <ErrorText error={error} />
            </div>
          ))}
        </article>
      ))}
      {found.length > MOST && <p class="soft">{texts("more", { count: found.length - MOST })}</p>}
    </section>
  );
}

/** All robots; or those whose last place is in the address, which a marker of several leads to. */
function All({ known: { robots, now, again } }: { readonly known: Known }) {
  const lists = useRows("lists");
  const nodes = route.value.query.get("at")?.split(",") ?? null;
  const shown = nodes ? robots.filter(({ report }) => report?.node && nodes.includes(report.node)) : robots;
  const title = nodes
    ? texts("robots.at", { place: nodes.map((node) => labelOf(FLOOR, node)).join(", ") })
    : texts("robots.all");
  const heading = useRef<HTMLHeadingElement>(null);
  const place = nodes?.join(",");
  useLayoutEffect(() => {
    if (place !== undefined) heading.current?.focus();
  }, [place]);
  return (
    <section class="card stack-close" aria-labelledby="all">
      <div class="row">
        <h2 id="all" ref={heading} tabIndex={-1}>
          {title}
        </h2>
        {nodes && <a href={to("robots")}>{texts("robots.showAll")}</a>}
      </div>
      <Table<Robot>
        caption={title}
        columns={[
          {
            name: texts("robot"),
            cell: ({ id, name }) => (
              <a href={to("robots", id)} data-item>
                {name}
              </a>
            ),
          },
          { name: texts("state"), cell: (robot) => <Activity robot={robot} /> },
          { name: texts("robots.where"), cell: whereIs },
          { name: texts("order"), cell: (robot) => <ListOf robot={robot} lists={lists} /> },
          { name: texts("robots.errors"), cell: (robot) => <ErrorCount robot={robot} /> },
          { name: texts("robots.battery"), cell: (robot) => <Battery robot={robot} />, number: true },
          { name: texts("robots.reported"), cell: (robot) => <LastReport robot={robot} now={now} />, number: true },
          {
            name: texts("bot.pause"),
            silent: true,
            number: true,
            cell: (robot) => <PauseOrResume robot={robot} done={again} />,
          },
        ]}
        rows={shown}
        idOf={({ id }) => id}
      />
    </section>
  );
}
