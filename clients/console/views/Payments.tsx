/** Invoices to take payment for. */

import { Badge } from "../../pages/design/Badge.tsx";
import { Empty, Loading } from "../../pages/design/states.tsx";
import { Table } from "../../pages/design/Table.tsx";
import type { InvoiceRow } from "../../pages/generated/frames.ts";
import { shortId } from "../../pages/text/ids.ts";
import { money } from "../../pages/text/text.ts";
import { useChanged, useLoading, useNow, useRows } from "../load.ts";
import { type Row, toBePaid } from "../logic/boards.ts";
import { Age } from "../parts/Age.tsx";
import { Heading } from "../parts/Heading.tsx";
import { useAnnounced } from "../parts/useAnnounced.ts";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";

export function Payments() {
  const invoices = useRows("invoices");
  const orders = useRows("orders");
  const loading = useLoading("invoices");
  const changed = useChanged("invoices");
  const now = useNow();
  const rows = toBePaid(invoices.values(), orders);
  const isThere = ({ data }: Row<InvoiceRow>): boolean => orders.get(data.orderId)?.data.ready ?? false;
  useAnnounced(loading ? null : { count: rows.length }, (told) => texts("payments.announced", told));
  const sum = rows.reduce((total, { data }) => total + data.amount, 0);
  return (
    <>
      <Heading title={texts("place.payments")}>
        {rows.length > 0 && <Badge>{texts("payments.sum", { count: rows.length, amount: money(sum) })}</Badge>}
      </Heading>
      {loading ? (
        <Loading />
      ) : rows.length === 0 ? (
        <Empty>
          <p>{texts("payments.none")}</p>
        </Empty>
      ) : (
        <div class="card">
          <Table<Row<InvoiceRow>>
            caption={texts("place.payments")}
            columns={[
              {
                name: texts("order"),
                cell: ({ data }) => (
                  <a href={to("orders", data.orderId)} class="mono" data-item>
                    {shortId(data.orderId)}
                  </a>
                ),
              },
              {
                name: texts("pay.items"),
                cell: (row) =>
                  isThere(row) ? <Badge kind="good">{texts("order.there")}</Badge> : texts("order.notThere"),
              },
              { name: texts("since"), cell: ({ data }) => <Age since={data.since} now={now} />, number: true },
              { name: texts("amount"), cell: ({ data }) => money(data.amount), number: true },
              {
                name: texts("pay"),
                silent: true,
                number: true,
                cell: ({ data }) => (
                  <a href={to("orders", data.orderId, "payment")} class="button button-small">
                    {texts("pay")}
                    <span class="for-readers"> {shortId(data.orderId)}</span>
                  </a>
                ),
              },
            ]}
            rows={rows}
            idOf={({ id }) => id}
            changed={changed}
          />
        </div>
      )}
    </>
  );
}
