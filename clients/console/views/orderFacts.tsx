/** An order's money, people and times, as far as they are known. */

import type { OrderingOrderContent } from "../../pages/generated/api.ts";
import { shortId } from "../../pages/text/ids.ts";
import { clockTime, dayAndTime, money } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { isKind, useLoad, useRows } from "../load.ts";
import { Pair } from "../parts/Pair.tsx";
import { ListStatus } from "../parts/Status.tsx";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";
import type { Known } from "./Order.tsx";

interface Props {
  readonly order: OrderingOrderContent;
  readonly known: Known;
}

export function Money({ order, known }: Props) {
  const invoice = known.invoice?.data;
  const payment = known.payment?.data;
  return (
    <section class="card stack-close">
      <h2>{texts("money")}</h2>
      <dl class="facts">
        <Pair name={texts("items.total")}>{money(order.total)}</Pair>
        <Pair name={texts("money.invoice")}>
          {invoice ? `${money(invoice.amount)} · ${texts(`invoice.${invoice.status}`)}` : texts("none")}
        </Pair>
        {payment && (
          <>
            <Pair name={texts("money.payment")}>{texts(`payment.${payment.status}`)}</Pair>
            <Pair name={texts("money.authorized")}>{money(payment.authorized)}</Pair>
            <Pair name={texts("money.captured")}>{money(payment.captured)}</Pair>
            {payment.released > 0 && <Pair name={texts("money.released")}>{money(payment.released)}</Pair>}
            {payment.refunded > 0 && <Pair name={texts("money.refunded")}>{money(payment.refunded)}</Pair>}
          </>
        )}
      </dl>
    </section>
  );
}

export function Who({ order, known }: Props) {
  const list = known.list?.data;
  return (
    <section class="card stack-close">
      <h2>{texts("who")}</h2>
      <dl class="facts">
        <Pair name={texts("who.customer")}>
          <a href={to("customers", order.customerId)}>
            <CustomerName id={order.customerId} />
          </a>
        </Pair>
        {list && (
          <>
            <Pair name={texts("who.list")}>
              <ListStatus status={list.status} />
            </Pair>
            <Pair name={texts("who.picked")}>
              {texts("progress", { picked: list.picked, quantity: list.quantity })}
            </Pair>
            <Pair name={texts("who.robot")}>{list.botId ? <RobotName id={list.botId} /> : texts("none")}</Pair>
          </>
        )}
        {known.order?.data.cancelledBy && (
          <Pair name={texts("who.cancelledBy")}>{texts(`by.${known.order.data.cancelledBy}`)}</Pair>
        )}
        {known.order?.data.reason && <Pair name={texts("who.reason")}>{known.order.data.reason}</Pair>}
      </dl>
    </section>
  );
}

/** The stream holds nothing personal: a name is asked of its owner. */
export function CustomerName({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const { data, error } = useLoad(`customer ${id}`, (signal) =>
    api.get("GET /api/customers/{id}", { path: { id }, signal }),
  );
  if (data) return <>{data.customer.name}</>;
  return <>{isKind(error, "not_found") ? texts("who.erased") : shortId(id)}</>;
}

function RobotName({ id }: { readonly id: string }) {
  const robots = useRows("robots");
  return <>{robots.get(id)?.data.name ?? shortId(id)}</>;
}

export function When({ known }: Pick<Props, "known">) {
  const order = known.order?.data;
  if (!order) return null;
  const times = [
    ["when.created", order.createdAt],
    ["when.approved", order.approvedAt],
    ["when.readied", order.readiedAt],
    ["when.ended", order.endedAt],
  ] as const;
  return (
    <section class="card stack-close">
      <h2>{texts("when")}</h2>
      <ol class="steps plain">
        {times.map(([name, time]) => (
          <li key={name} class={time ? "step done" : "step"}>
            <span>{texts(name)}</span>
            {time ? (
              <time dateTime={time} title={dayAndTime(time)} class="soft small">
                {clockTime(time)}
              </time>
            ) : (
              <span class="soft small">{order.endedAt ? "–" : texts("when.notYet")}</span>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
