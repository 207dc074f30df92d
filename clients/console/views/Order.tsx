/** One order: items, money, who and when, and its timeline. */

import { Badge } from "../../pages/design/Badge.tsx";
import { Failed, Loading, Notice } from "../../pages/design/states.tsx";
import { Table } from "../../pages/design/Table.tsx";
import type { OrderingItem, OrderingOrderContent } from "../../pages/generated/api.ts";
import type { InvoiceRow, ListRow, OrderRow, PaymentRow } from "../../pages/generated/frames.ts";
import { shortId } from "../../pages/text/ids.ts";
import { money, number } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { isKind, useCaughtUp, useLoad, useRows } from "../load.ts";
import { versionOf } from "../logic/conflict.ts";
import { Heading } from "../parts/Heading.tsx";
import { OrderStatus } from "../parts/Status.tsx";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";
import { Money, useInvoice, When, Who } from "./orderFacts.tsx";
import { Timeline } from "./Timeline.tsx";

/** What the stream has of an order, by the rows' ids. */
export interface Known {
  readonly order?: { readonly version: number; readonly data: OrderRow };
  readonly list?: { readonly version: number; readonly data: ListRow };
  readonly invoice?: { readonly version: number; readonly data: InvoiceRow };
  readonly payment?: { readonly version: number; readonly data: PaymentRow };
}

export function useKnown(id: string): Known {
  return Object.fromEntries(useRows(`order:${id}`)) as Known;
}

export function Order({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const known = useKnown(id);
  const told = known.order?.version;
  const loaded = useLoad(id, (signal) => api.ask("GET /api/ordering/{id}", { path: { id }, signal }));
  const { error, again } = loaded;
  const data = loaded.data?.data;
  const etag = loaded.data?.etag ?? null;
  useCaughtUp(etag, told, loaded);
  const invoice = useInvoice(id, known.invoice?.data);
  const title = texts("order.title", { id: shortId(id) });
  const back = { label: texts("place.orders"), parts: ["orders"] };
  if (!data) {
    return (
      <>
        <Heading title={title} back={back} />
        {isKind(error, "not_found") ? (
          <p>{texts("order.none", { id })}</p>
        ) : error ? (
          <Failed error={error} again={again} />
        ) : (
          <Loading />
        )}
      </>
    );
  }
  const { order } = data;
  const status = known.order?.data.status ?? order.status;
  return (
    <>
      <Heading title={title} back={back}>
        <OrderStatus status={status} />
        {(known.order?.data.ready ?? order.ready) && <Badge kind="good">{texts("order.there")}</Badge>}
        {(known.order?.data.paid ?? order.paid) && <Badge kind="good">{texts("order.paid")}</Badge>}
      </Heading>
      {error ? <Notice kind="warn">{texts("problems.old")}</Notice> : null}
      <Actions id={id} known={known} status={status} owed={invoice.invoice?.status === "pending"} />
      <div class="columns">
        <div class="stack">
          <Items order={order} />
          <div class="pair">
            <Money order={order} known={known} invoice={invoice} />
            <Who order={order} known={known} />
          </div>
          <When known={known} />
        </div>
        <Timeline id={id} version={Math.max(versionOf(etag) ?? 0, told ?? 0)} />
      </div>
    </>
  );
}

function Items({ order }: { readonly order: OrderingOrderContent }) {
  return (
    <section class="card stack-close">
      <h2>{texts("items.title")}</h2>
      <Table<OrderingItem>
        caption={texts("items.title")}
        columns={[
          { name: texts("items.product"), cell: ({ productName }) => productName },
          { name: texts("items.store"), cell: ({ storeName }) => storeName },
          { name: texts("items.quantity"), cell: ({ quantity }) => number(quantity), number: true },
          { name: texts("items.price"), cell: ({ price }) => money(price), number: true },
          { name: texts("items.sum"), cell: ({ price, quantity }) => money(price * quantity), number: true },
        ]}
        rows={order.items}
        idOf={({ storeId, productId }) => `${storeId} ${productId}`}
      />
      <p class="total">
        {texts("items.total")} <strong>{money(order.total)}</strong>
      </p>
    </section>
  );
}

interface ActionsProps {
  readonly id: string;
  readonly known: Known;
  readonly status: OrderRow["status"];
  /** Whether its invoice is to be paid. */
  readonly owed: boolean;
}

/** What can be done now. */
function Actions({ id, known, status, owed }: ActionsProps) {
  const listStatus = known.list?.data.status;
  const open = ["pending", "approved", "ready"].includes(status);
  const checkIn = listStatus === "assigned" || listStatus === "active";
  if (!open && !checkIn && !owed) return null;
  return (
    <div class="row">
      {checkIn && (
        <a class="button button-primary" href={to("orders", id, "check-in")}>
          {texts("checkIn")}
        </a>
      )}
      {owed && (
        <a class={`button ${checkIn ? "" : "button-primary"}`} href={to("orders", id, "payment")}>
          {texts("pay")}
        </a>
      )}
      {open && (
        <a class="button" href={to("orders", id, "cancel")}>
          {texts("cancel")}
        </a>
      )}
    </div>
  );
}
