/** The depot: open lists by robot and age, and the robots. */

import { Badge } from "../../pages/design/Badge.tsx";
import { Empty, Loading } from "../../pages/design/states.tsx";
import { type Column, Table } from "../../pages/design/Table.tsx";
import type { ListRow, RobotRow } from "../../pages/generated/frames.ts";
import type { Rows } from "../../pages/live/connection.ts";
import { shortId } from "../../pages/text/ids.ts";
import { useChanged, useLoading, useNow, useRows } from "../load.ts";
import { byRobot, type RobotLists, type Row, sortedRobots } from "../logic/boards.ts";
import { Age } from "../parts/Age.tsx";
import { Heading } from "../parts/Heading.tsx";
import { ErrorCount, LastReport } from "../parts/RobotFacts.tsx";
import { ListStatus, RobotStatus } from "../parts/Status.tsx";
import { useAnnounced } from "../parts/useAnnounced.ts";
import { NOW_AND_THEN, useRobots } from "../robots.ts";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";
import { NotNews } from "./Robots.tsx";

const LATE = 15; // minutes

export function Depot() {
  const lists = useRows("lists");
  const robots = useRows("robots");
  const loading = useLoading("lists");
  const now = useNow();
  const changed = useChanged("lists");
  const groups = byRobot(lists.values(), robots);
  const counts = { count: lists.size, waiting: groups.find(({ botId }) => botId === null)?.lists.length ?? 0 };
  useAnnounced(loading ? null : counts, (told) => texts("depot.announced", told));
  return (
    <>
      <Heading title={texts("place.depot")} />
      <div class="columns columns-even">
        <section class="stack" aria-labelledby="lists">
          <h2 id="lists">
            {texts("depot.lists")} {!loading && <Badge>{lists.size}</Badge>}
          </h2>
          {loading ? (
            <Loading />
          ) : groups.length === 0 ? (
            <Empty>
              <p>{texts("depot.none")}</p>
            </Empty>
          ) : (
            groups.map((group) => <Group key={group.botId ?? "-"} group={group} now={now} changed={changed} />)
          )}
        </section>
        <Robots robots={sortedRobots(robots.values())} lists={lists} now={now} />
      </div>
    </>
  );
}

interface GroupProps {
  readonly group: RobotLists;
  readonly now: number;
  readonly changed: ReadonlySet<string>;
}

function Group({ group, now, changed }: GroupProps) {
  const { botId, robot, lists } = group;
  const name = botId === null ? texts("depot.waiting") : (robot?.name ?? shortId(botId));
  const columns: Column<Row<ListRow>>[] = [
    {
      name: texts("order"),
      cell: ({ data }) => (
        <a href={to("orders", data.orderId)} class="mono" data-item>
          {shortId(data.orderId)}
        </a>
      ),
    },
    { name: texts("state"), cell: ({ data }) => <ListStatus status={data.status} /> },
    {
      name: texts("who.picked"),
      cell: ({ data }) => texts("progress", { picked: data.picked, quantity: data.quantity }),
      number: true,
    },
    { name: texts("since"), cell: ({ data }) => <Age since={data.since} now={now} late={LATE} />, number: true },
    {
      name: texts("checkIn"),
      silent: true,
      number: true,
      cell: ({ data }) =>
        data.status === "assigned" || data.status === "active" ? (
          <a href={to("orders", data.orderId, "check-in", data.listId)} class="button button-small">
            {texts("checkIn")}
            <span class="for-readers"> {shortId(data.orderId)}</span>
          </a>
        ) : null,
    },
  ];
  return (
    <div class="card stack-close aligned">
      <h3 class="row">
        {name}
        {robot && <RobotStatus status={robot.status} listId={robot.listId} />}
      </h3>
      <Table caption={name} columns={columns} rows={lists} idOf={({ id }) => id} changed={changed} />
    </div>
  );
}

interface RobotsProps {
  readonly robots: readonly Row<RobotRow>[];
  readonly lists: Rows<ListRow>;
  readonly now: number;
}

function Robots({ robots, lists, now }: RobotsProps) {
  const loading = useLoading("robots");
  const known = useRobots(NOW_AND_THEN);
  const reports = new Map(known.robots.map((robot) => [robot.id, robot]));
  return (
    <section class="stack" aria-labelledby="robots">
      <h2 id="robots">
        {texts("depot.robots")} {!loading && <Badge>{robots.length}</Badge>}
      </h2>
      {loading ? (
        <Loading />
      ) : robots.length === 0 ? (
        <Empty>
          <p>{texts("depot.noRobots")}</p>
        </Empty>
      ) : (
        <div class="card stack-close">
          <NotNews known={known} />
          <Table<Row<RobotRow>>
            caption={texts("depot.robots")}
            columns={[
              { name: texts("robot"), cell: ({ id, data }) => <a href={to("robots", id)}>{data.name}</a> },
              {
                name: texts("state"),
                cell: ({ id, data }) => (
                  <span class="row row-tight">
                    <RobotStatus status={data.status} listId={data.listId} />
                    <ErrorCount robot={reports.get(id)} />
                  </span>
                ),
              },
              {
                name: texts("order"),
                cell: ({ data }) => <OrderOf listId={data.listId} lists={lists} />,
              },
              { name: texts("since"), cell: ({ data }) => <Age since={data.since} now={now} />, number: true },
              {
                name: texts("robots.reported"),
                cell: ({ id }) => <LastReport robot={reports.get(id)} now={known.now} />,
                number: true,
              },
            ]}
            rows={robots}
            idOf={({ id }) => id}
          />
        </div>
      )}
    </section>
  );
}

/** The order of a robot's list: a list that staff made has an id of its own. */
function OrderOf({ listId, lists }: { readonly listId: string | null; readonly lists: Rows<ListRow> }) {
  const orderId = listId === null ? undefined : lists.get(listId)?.data.orderId;
  if (orderId === undefined) return null;
  return (
    <a href={to("orders", orderId)} class="mono" data-item>
      {shortId(orderId)}
    </a>
  );
}
