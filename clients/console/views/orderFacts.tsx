/** An order's money, people and times, as far as they are known. */

import type { InvoiceShape, OrderingOrderContent } from "../../pages/generated/api.ts";
import type { InvoiceRow, PaymentRow } from "../../pages/generated/frames.ts";
import { shortId } from "../../pages/text/ids.ts";
import { clockTime, dayAndTime, money } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { isKind, useLoad, useRows } from "../load.ts";
import { Pair } from "../parts/Pair.tsx";
import { ListStatus } from "../parts/Status.tsx";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";
import type { Known } from "./Order.tsx";

const LOADING = "…";

interface Props {
  readonly order: OrderingOrderContent;
  readonly known: Known;
}

interface FoundInvoice {
  readonly invoice: Pick<InvoiceShape, "amount" | "status"> | undefined;
  /** Why there is none so far; null while it loads. */
  readonly error: unknown;
}

/** An order's invoice, of the stream; of its owner where the stream has none: not yet, or not any more. */
export function useInvoice(id: string, row: InvoiceRow | undefined): FoundInvoice {
  const { api } = useConsole();
  const { data, error } = useLoad(row ? "" : `invoice ${id}`, async (signal) =>
    row ? null : api.get("GET /api/payments/invoices/{id}", { path: { id }, signal }),
  );
  return { invoice: row ?? data?.invoice, error };
}

type FoundPayment = Pick<PaymentRow, "status" | "authorized"> & Partial<PaymentRow>;

/** The payment of an order, as `useInvoice`. Its owner does not show what of it was captured, released and refunded. */
function usePayment(id: string, row: PaymentRow | undefined): { payment: FoundPayment | undefined; error: unknown } {
  const { api } = useConsole();
  const { data, error } = useLoad(row ? "" : `payment ${id}`, async (signal) =>
    row ? null : api.get("GET /api/payments/{id}", { path: { id }, signal }),
  );
  const payment = row ?? (data ? { status: data.payment.status, authorized: data.payment.amount } : undefined);
  return { payment, error };
}

const missing = (error: unknown): string =>
  error ? texts(isKind(error, "not_found") ? "none" : "money.unread") : LOADING;

export function Money({ order, known, invoice: found }: Props & { readonly invoice: FoundInvoice }) {
  const { invoice } = found;
  const { payment, error } = usePayment(order.paymentId, known.payment?.data);
  return (
    <section class="card stack-close">
      <h2>{texts("money")}</h2>
      <dl class="facts">
        <Pair name={texts("items.total")}>{money(order.total)}</Pair>
        <Pair name={texts("money.invoice")}>
          {invoice ? `${money(invoice.amount)} · ${texts(`invoice.${invoice.status}`)}` : missing(found.error)}
        </Pair>
        <Pair name={texts("money.payment")}>{payment ? texts(`payment.${payment.status}`) : missing(error)}</Pair>
        {payment && (
          <>
            <Pair name={texts("money.authorized")}>{money(payment.authorized)}</Pair>
            {payment.captured !== undefined && <Pair name={texts("money.captured")}>{money(payment.captured)}</Pair>}
            {!!payment.released && <Pair name={texts("money.released")}>{money(payment.released)}</Pair>}
            {!!payment.refunded && <Pair name={texts("money.refunded")}>{money(payment.refunded)}</Pair>}
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
  return <a href={to("robots", id)}>{robots.get(id)?.data.name ?? shortId(id)}</a>;
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
