/** Takes payment for an invoice: it is captured from the payment that was authorized. */

import { Button } from "../../pages/design/Button.tsx";
import { Failed, Loading, Notice } from "../../pages/design/states.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { InvoiceShape } from "../../pages/generated/api.ts";
import { shortId } from "../../pages/text/ids.ts";
import { money } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { type Thing, useThing } from "../load.ts";
import { Heading } from "../parts/Heading.tsx";
import { Newer } from "../parts/Newer.tsx";
import { Pair } from "../parts/Pair.tsx";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave } from "../parts/useSave.ts";
import { go, to } from "../route.ts";
import { texts } from "../texts/texts.ts";
import { useKnown } from "./Order.tsx";
import { CustomerName } from "./orderFacts.tsx";

export function TakePayment({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const known = useKnown(id);
  const thing = useThing(
    `invoice ${id}`,
    async (ifNoneMatch, signal) => {
      const given = { path: { id }, signal, ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) };
      return api.ask("GET /api/payments/invoices/{id}", given);
    },
    known.invoice?.version,
  );
  return (
    <>
      <Heading
        title={texts("pay.title", { id: shortId(id) })}
        back={{ label: texts("place.payments"), parts: ["payments"] }}
      />
      {thing.data ? (
        <Form
          thing={thing}
          invoice={thing.data.invoice}
          newer={thing.newer?.invoice ?? null}
          customerId={known.order?.data.customerId}
          isThere={known.order?.data.ready}
        />
      ) : thing.error ? (
        <Failed error={thing.error} again={thing.again} />
      ) : (
        <Loading />
      )}
    </>
  );
}

interface FormProps {
  readonly thing: Thing<{ invoice: InvoiceShape }>;
  readonly invoice: InvoiceShape;
  readonly newer: InvoiceShape | null;
  readonly customerId: string | undefined;
  readonly isThere: boolean | undefined;
}

function Form({ thing, invoice, newer, customerId, isThere }: FormProps) {
  const { api } = useConsole();
  const { id, orderId, amount, status } = invoice;
  const { error, save } = useSave(
    () =>
      thing.saving(() =>
        api.ask("PUT /api/payments/invoices/{id}/pay", {
          path: { id },
          body: {},
          intent: `pay ${id}`,
          ...(thing.etag === null ? {} : { ifMatch: thing.etag }),
        }),
      ),
    () => {
      toast(texts("pay.done", { id: shortId(orderId), amount: money(amount) }));
      go("payments");
    },
  );
  const what = newer ? texts("pay.now", { status: texts(`invoice.${newer.status}`), amount: money(newer.amount) }) : "";
  return (
    <div class="card stack narrow">
      {newer && <Newer what={what} onAccept={thing.accept} />}
      <p class="display">{money(amount)}</p>
      <dl class="facts">
        <Pair name={texts("order")}>
          <a href={to("orders", orderId)} class="mono">
            {shortId(orderId)}
          </a>
        </Pair>
        {customerId && (
          <Pair name={texts("who.customer")}>
            <CustomerName id={customerId} />
          </Pair>
        )}
        <Pair name={texts("pay.status")}>{texts(`invoice.${status}`)}</Pair>
        {isThere !== undefined && (
          <Pair name={texts("pay.items")}>{texts(isThere ? "order.there" : "order.notThere")}</Pair>
        )}
      </dl>
      {!newer && <SaveError error={error} />}
      {status === "pending" ? (
        <div class="row">
          <Button kind="primary" disabled={newer !== null} onPress={save}>
            {texts("pay.save", { amount: money(amount) })}
          </Button>
        </div>
      ) : (
        <Notice>{texts("pay.not", { status: texts(`invoice.${status}`) })}</Notice>
      )}
    </div>
  );
}
