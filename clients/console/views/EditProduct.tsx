/** Changes a product: its name, description and price, each a request of its own where it changed. */

import { Button } from "../../pages/design/Button.tsx";
import { Dialog } from "../../pages/design/Dialog.tsx";
import { Field } from "../../pages/design/Field.tsx";
import { Failed, Loading } from "../../pages/design/states.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { ProductShape } from "../../pages/generated/api.ts";
import { shared } from "../../pages/text/shared.ts";
import { money } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { type Draft, useDraft } from "../drafts.ts";
import { type Thing, useThing } from "../load.ts";
import { merge } from "../logic/conflict.ts";
import { amountOf } from "../logic/search.ts";
import { Newer } from "../parts/Newer.tsx";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave } from "../parts/useSave.ts";
import { texts } from "../texts/texts.ts";

interface Props {
  readonly id: string;
  readonly onDone: (product: ProductShape) => void;
  readonly onClose: () => void;
}

export function EditProduct({ id, onDone, onClose }: Props) {
  const { api } = useConsole();
  const thing = useThing(`product ${id}`, async (ifNoneMatch, signal) => {
    const given = { path: { id }, signal, ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) };
    return api.ask("GET /api/stores/products/{id}", given);
  });
  const draft = useDraft(thing.key, { seen: thing.seen });
  const close = (): void => {
    draft.clear();
    onClose();
  };
  return (
    <Dialog title={texts("product.title")} onClose={close}>
      {thing.data ? (
        <Form thing={thing} draft={draft} product={thing.data.product} onDone={onDone} onClose={close} />
      ) : thing.error ? (
        <Failed error={thing.error} again={thing.again} />
      ) : (
        <Loading />
      )}
    </Dialog>
  );
}

interface FormProps extends Omit<Props, "id"> {
  readonly thing: Thing<{ product: ProductShape }>;
  readonly draft: Draft;
  readonly product: ProductShape;
}

const fieldsOf = ({ name, description, price }: ProductShape) => ({ name, description, price: price.toFixed(2) });

function Form({ thing, draft, product, onDone, onClose }: FormProps) {
  const { api } = useConsole();
  const { id } = product;
  const there = fieldsOf(product);
  const { name, description, price } = { ...there, ...draft.typed };
  const newer = thing.newer?.product ?? null;
  const amount = amountOf(price);
  const relabelled = name.trim() !== product.name || description.trim() !== product.description;
  const { error, save } = useSave(
    () =>
      thing.saving(async () => {
        // The price after the label: each raises the version, so only the first has the one that was seen.
        let etag = thing.etag;
        if (relabelled) {
          const body = { name: name.trim(), description: description.trim() };
          const answer = await api.ask("PUT /api/stores/products/{id}/rebrand", {
            path: { id },
            body,
            intent: `rename ${id}`,
            ...(etag === null ? {} : { ifMatch: etag }),
          });
          etag = answer.etag;
        }
        if (amount !== null && amount !== product.price) {
          await api.ask(
            amount > product.price
              ? "PUT /api/stores/products/{id}/increasePrice"
              : "PUT /api/stores/products/{id}/decreasePrice",
            {
              path: { id },
              body: { price: amount },
              intent: `price ${id}`,
              ...(etag === null ? {} : { ifMatch: etag }),
            },
          );
        }
      }),
    () => {
      draft.clear();
      toast(texts("product.changed"));
      onDone({ ...product, name: name.trim(), description: description.trim(), price: amount ?? product.price });
    },
  );
  const accept = (): void => {
    if (!newer) return;
    const now = fieldsOf(newer);
    const { values } = merge(there, draft.typed, now);
    draft.replace(Object.fromEntries(Object.entries(values).filter(([key, value]) => value !== now[key as "name"])));
    thing.accept();
  };
  const wrong = amount === null ? { error: texts("product.priceWrong") } : {};
  const unchanged = !relabelled && amount === product.price;
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()}>
      {newer && <Newer what={`${newer.name}, ${money(newer.price)}`} onAccept={accept} />}
      <Field label={texts("product.name")} value={name} onInput={(value) => draft.set("name", value)} required />
      <Field
        label={texts("items.price")}
        inputMode="decimal"
        value={price}
        onInput={(value) => draft.set("price", value)}
        required
        {...wrong}
      />
      <Field
        label={texts("product.description")}
        rows={2}
        value={description}
        onInput={(value) => draft.set("description", value)}
      />
      {newer === null && <SaveError error={error} />}
      <div class="row">
        <Button
          kind="primary"
          type="submit"
          disabled={newer !== null || name.trim() === "" || amount === null || unchanged}
          onPress={save}
        >
          {texts("save")}
        </Button>
        <Button onPress={onClose}>{shared("cancel")}</Button>
      </div>
    </form>
  );
}
