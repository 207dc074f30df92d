/** Cancels an order, with the reason that the customer is told. It cannot be undone. */

import { Button } from "../../pages/design/Button.tsx";
import { Field } from "../../pages/design/Field.tsx";
import { Failed, Loading, Notice } from "../../pages/design/states.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { OrderingOrderContent } from "../../pages/generated/api.ts";
import { shortId } from "../../pages/text/ids.ts";
import { money } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { useDraft } from "../drafts.ts";
import { type Thing, useThing } from "../load.ts";
import { Heading } from "../parts/Heading.tsx";
import { Newer } from "../parts/Newer.tsx";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave } from "../parts/useSave.ts";
import { go, to } from "../route.ts";
import { texts } from "../texts/texts.ts";
import { useKnown } from "./Order.tsx";

export function CancelOrder({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const known = useKnown(id);
  const thing = useThing(
    `order ${id}`,
    async (ifNoneMatch, signal) => {
      const given = { path: { id }, signal, ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) };
      return api.ask("GET /api/ordering/{id}", given);
    },
    known.order?.version,
  );
  return (
    <>
      <Heading
        title={texts("cancel.title", { id: shortId(id) })}
        back={{ label: texts("order.title", { id: shortId(id) }), parts: ["orders", id] }}
      />
      {thing.data ? (
        <Form thing={thing} order={thing.data.order} newer={thing.newer?.order ?? null} />
      ) : thing.error ? (
        <Failed error={thing.error} again={thing.again} />
      ) : (
        <Loading />
      )}
    </>
  );
}

interface FormProps {
  readonly thing: Thing<{ order: OrderingOrderContent }>;
  readonly order: OrderingOrderContent;
  readonly newer: OrderingOrderContent | null;
}

const isOpen = ({ status }: OrderingOrderContent): boolean => ["pending", "approved", "ready"].includes(status);

function Form({ thing, order, newer }: FormProps) {
  const { api } = useConsole();
  const { id } = order;
  const draft = useDraft(thing.key, { seen: thing.seen });
  const reason = draft.typed.reason ?? "";
  const { error, save } = useSave(
    () =>
      thing.saving(() =>
        api.ask("DELETE /api/ordering/{id}", {
          path: { id },
          body: { reason: reason.trim() },
          intent: `cancel ${id}`,
          ...(thing.etag === null ? {} : { ifMatch: thing.etag }),
        }),
      ),
    () => {
      draft.clear();
      toast(texts("cancel.done", { id: shortId(id) }));
      go("orders", id);
    },
  );
  if (!isOpen(order) && !newer) {
    return (
      <Notice>
        {texts("cancel.not", { status: texts(`order.${order.status}`) })}{" "}
        <a href={to("orders", id)}>{texts("order")}</a>
      </Notice>
    );
  }
  return (
    <form class="card stack narrow" onSubmit={(event) => event.preventDefault()}>
      {newer && <Newer what={stateOf(newer)} onAccept={thing.accept} />}
      <p>{texts("cancel.now", { state: stateOf(order), total: money(order.total) })}</p>
      <Notice kind="warn">{texts(order.paid ? "cancel.warningPaid" : "cancel.warning")}</Notice>
      <Field
        label={texts("cancel.reason")}
        hint={texts("cancel.reasonHint")}
        value={reason}
        onInput={(value) => draft.set("reason", value)}
        rows={3}
        required
      />
      {!newer && <SaveError error={error} />}
      <div class="row">
        <Button
          kind="danger"
          type="submit"
          disabled={newer !== null || reason.trim() === "" || !isOpen(order)}
          onPress={save}
        >
          {texts("cancel.save")}
        </Button>
        <a class="button" href={to("orders", id)} onClick={draft.clear}>
          {texts("cancel.keep")}
        </a>
      </div>
    </form>
  );
}

function stateOf(order: OrderingOrderContent): string {
  const facts = [texts(`order.${order.status}`)];
  if (order.ready) facts.push(texts("order.there"));
  facts.push(texts(order.paid ? "order.paid" : "order.unpaid"));
  return facts.join(", ");
}
