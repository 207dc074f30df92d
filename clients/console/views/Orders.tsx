/** Orders by stage, as they move. */

import { Badge } from "../../pages/design/Badge.tsx";
import { List } from "../../pages/design/List.tsx";
import { Empty, Loading } from "../../pages/design/states.tsx";
import type { OrderRow } from "../../pages/generated/frames.ts";
import { shortId } from "../../pages/text/ids.ts";
import { money } from "../../pages/text/text.ts";
import { useChanged, useLoading, useNow, useRows } from "../load.ts";
import { byStage, type Row, STAGES, type Stage } from "../logic/boards.ts";
import { Age } from "../parts/Age.tsx";
import { Heading } from "../parts/Heading.tsx";
import { OrderStatus } from "../parts/Status.tsx";
import { useAnnounced } from "../parts/useAnnounced.ts";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";

/** In minutes: from when on an order of this stage is late. */
const LATE: Readonly<Partial<Record<Stage, number>>> = { new: 2, collecting: 30, waiting: 12 * 60 };
const MOST = 100; // cards of a stage: nobody reads more

export function Orders() {
  const rows = useRows("orders");
  const loading = useLoading("orders");
  const changed = useChanged("orders");
  const now = useNow();
  const stages = byStage(rows.values());
  const counts = Object.fromEntries(STAGES.map((stage) => [stage, stages[stage].length])) as Record<Stage, number>;
  useAnnounced(loading ? null : counts, (now) => texts("orders.announced", now));
  return (
    <>
      <Heading title={texts("place.orders")} />
      {loading ? (
        <Loading />
      ) : (
        <div class="stages">
          {STAGES.map((stage) => (
            <section key={stage} class="stack-close" aria-labelledby={`stage-${stage}`}>
              <h2 id={`stage-${stage}`} class="stage-title">
                {texts(`stage.${stage}`)} <Badge>{stages[stage].length}</Badge>
              </h2>
              <Cards stage={stage} orders={stages[stage]} changed={changed} now={now} />
            </section>
          ))}
        </div>
      )}
    </>
  );
}

interface CardsProps {
  readonly stage: Stage;
  readonly orders: readonly Row<OrderRow>[];
  readonly changed: ReadonlySet<string>;
  readonly now: number;
}

function Cards({ stage, orders, changed, now }: CardsProps) {
  if (orders.length === 0) return <Empty>{<p>{texts(`stage.${stage}.empty`)}</p>}</Empty>;
  const items = orders.slice(0, MOST).map(({ id, data }) => ({
    id,
    href: to("orders", id),
    content: <Card order={data} stage={stage} now={now} isChanged={changed.has(id)} />,
  }));
  return (
    <>
      <List label={texts(`stage.${stage}`)} items={items} />
      {orders.length > MOST && <p class="soft small">{texts("more", { count: orders.length - MOST })}</p>}
    </>
  );
}

interface CardProps {
  readonly order: OrderRow;
  readonly stage: Stage;
  readonly now: number;
  readonly isChanged: boolean;
}

function Card({ order, stage, now, isChanged }: CardProps) {
  const late = LATE[stage];
  const since = stage === "waiting" ? (order.readiedAt ?? order.createdAt) : (order.endedAt ?? order.createdAt);
  return (
    <span class={`card-lines${isChanged ? " card-changed" : ""}`}>
      <span class="card-line">
        <span class="mono id">{shortId(order.orderId)}</span>
        <span class="number">{money(order.total)}</span>
      </span>
      <span class="card-line soft small">
        <span>{texts("items", { count: order.quantity })}</span>
        <span class="number">
          <Age since={since} now={now} {...(late === undefined ? {} : { late })} />
        </span>
      </span>
      {stage === "ended" && <OrderStatus status={order.status} />}
      {stage === "waiting" && !order.paid && <Badge kind="warn">{texts("order.unpaid")}</Badge>}
      {stage === "collecting" && order.paid && <Badge kind="good">{texts("order.paid")}</Badge>}
    </span>
  );
}
