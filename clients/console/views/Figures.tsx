/** Today's figures as plots. Asked for again every minute. */

import { BarPlot, LinePlot } from "../../pages/design/plots.tsx";
import { Failed, Loading } from "../../pages/design/states.tsx";
import type { FunnelAnswer } from "../../pages/generated/api.ts";
import { lasted, money, number } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { useLoad } from "../load.ts";
import { byHour, FUNNEL, funnelPoints, LOST, type Point, today } from "../logic/figures.ts";
import { Bars } from "../parts/Bars.tsx";
import { Heading } from "../parts/Heading.tsx";
import { texts } from "../texts/texts.ts";

const LOOKS = 60_000; // milliseconds
const BEST = 8; // stores

export function Figures() {
  const { api } = useConsole();
  const { data, error, again } = useLoad(
    "figures",
    async (signal) => {
      const now = new Date();
      const query = today(now);
      const [sales, funnel, waiting] = await Promise.all([
        api.get("GET /api/insights/sales", { query, signal }),
        api.get("GET /api/insights/funnel", { query, signal }),
        api.get("GET /api/insights/waiting", { query, signal }),
      ]);
      return { now, sales, funnel, waiting };
    },
    LOOKS,
  );
  if (!data) {
    return (
      <>
        <Heading title={texts("figures.title")} />
        {error ? <Failed error={error} again={again} /> : <Loading />}
      </>
    );
  }
  const { now, sales, funnel, waiting } = data;
  const stage = (name: keyof FunnelAnswer): string => texts(`figures.${name}`);
  const stages = new Map(waiting.stages.map((one) => [one.stage, one]));
  const waits = (["approval", "collection", "payment", "completion"] as const).flatMap((name) => {
    const found = stages.get(name);
    return found ? [{ id: name, label: texts(`figures.wait.${name}`), value: found.averageSeconds }] : [];
  });
  return (
    <>
      <Heading title={texts("figures.title")} />
      {error ? <p class="soft small">{texts("problems.old")}</p> : null}
      <dl class="numbers">
        <Figure name={texts("figures.orders")} value={number(sales.orders)} />
        <Figure name={texts("figures.items")} value={number(sales.items)} />
        <Figure name={texts("figures.revenue")} value={money(sales.revenue)} />
      </dl>
      <div class="plots">
        <div class="card">
          <BarPlot
            title={texts("figures.byHour")}
            labels={texts("figures.hour")}
            values={texts("figures.orders")}
            points={byHour(sales, now, "orders")}
            show={number}
          />
        </div>
        <div class="card">
          <LinePlot
            title={texts("figures.revenueByHour")}
            labels={texts("figures.hour")}
            values={texts("figures.revenue")}
            points={byHour(sales, now, "revenue")}
            show={money}
          />
        </div>
        <div class="card">
          <Bars
            title={texts("figures.funnel")}
            labels={texts("figures.stage")}
            values={texts("figures.orders")}
            bars={named(funnelPoints(funnel, FUNNEL, stage))}
            show={number}
            none={texts("figures.none")}
          />
        </div>
        <div class="card">
          <Bars
            title={texts("figures.lost")}
            labels={texts("figures.stage")}
            values={texts("figures.orders")}
            bars={named(funnelPoints(funnel, LOST, stage))}
            show={number}
            none={texts("figures.none")}
          />
        </div>
        <div class="card">
          <Bars
            title={texts("figures.waiting")}
            labels={texts("figures.stage")}
            values={texts("figures.time")}
            bars={waits}
            show={(seconds) => lasted(seconds * 1000)}
            none={texts("figures.none")}
          />
        </div>
        <div class="card">
          <Bars
            title={texts("figures.byStore")}
            labels={texts("items.store")}
            values={texts("figures.revenue")}
            bars={sales.byStore
              .slice(0, BEST)
              .map((sold) => ({ id: sold.storeId, label: sold.storeName, value: sold.revenue }))}
            show={money}
            none={texts("figures.none")}
          />
        </div>
      </div>
    </>
  );
}

const named = (points: readonly Point[]) => points.map((point) => ({ id: point.label, ...point }));

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div class="card">
      <dt class="soft">{name}</dt>
      <dd class="display">{value}</dd>
    </div>
  );
}
