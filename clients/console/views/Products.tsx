/** The products of a store: prices, new ones, and those that go. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Api } from "../../pages/api/api.ts";
import { Button } from "../../pages/design/Button.tsx";
import { Dialog } from "../../pages/design/Dialog.tsx";
import { Field } from "../../pages/design/Field.tsx";
import { Empty, Failed, Loading } from "../../pages/design/states.tsx";
import { Table } from "../../pages/design/Table.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { ProductShape } from "../../pages/generated/api.ts";
import { shared } from "../../pages/text/shared.ts";
import { money } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { useDraft } from "../drafts.ts";
import { useLoad } from "../load.ts";
import { amountOf } from "../logic/search.ts";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave } from "../parts/useSave.ts";
import { texts } from "../texts/texts.ts";
import { EditProduct } from "./EditProduct.tsx";

async function allProducts(api: Api, storeId: string, signal: AbortSignal): Promise<readonly ProductShape[]> {
  const products: ProductShape[] = [];
  let next: string | undefined;
  do {
    const query = next === undefined ? {} : { next };
    const answer = await api.get("GET /api/stores/{storeId}/products", { path: { storeId }, query, signal });
    products.push(...answer.products);
    next = answer.next;
  } while (next);
  return products;
}

export function Products({ storeId }: { readonly storeId: string }) {
  const { api } = useConsole();
  const { data, error, again } = useLoad(`products ${storeId}`, (signal) => allProducts(api, storeId, signal));
  const [edited, setEdited] = useState<string | null>(null);
  const [removed, setRemoved] = useState<ProductShape | null>(null);
  const [removals, setRemovals] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  // The dialog gives the focus back to the row, which goes.
  useEffect(() => {
    if (removals > 0) heading.current?.focus();
  }, [removals]);
  const done = (): void => {
    if (removed) setRemovals(removals + 1);
    setEdited(null);
    setRemoved(null);
    again();
  };
  return (
    <div class="columns">
      <section class="card stack-close" aria-labelledby="products">
        <h2 id="products" ref={heading} tabIndex={-1}>
          {texts("products")}
        </h2>
        {!data ? (
          error ? (
            <Failed error={error} again={again} />
          ) : (
            <Loading />
          )
        ) : data.length === 0 ? (
          <Empty>
            <p>{texts("products.none")}</p>
          </Empty>
        ) : (
          // It changes by what its user does, and then at once: another list is another table, in which nothing is held.
          <Table<ProductShape>
            key={data.map(({ id }) => id).join()}
            caption={texts("products")}
            columns={[
              { name: texts("product.name"), cell: ({ name }) => name },
              { name: texts("product.sku"), cell: ({ sku }) => <span class="mono">{sku}</span> },
              { name: texts("items.price"), cell: ({ price }) => money(price), number: true },
              {
                name: texts("product.change"),
                silent: true,
                cell: (product) => (
                  <span class="row row-tight">
                    <Button
                      class="button-small"
                      label={`${texts("product.change")} ${product.name}`}
                      onPress={() => setEdited(product.id)}
                    >
                      {texts("product.change")}
                    </Button>
                    <Button
                      class="button-small"
                      kind="quiet"
                      label={`${texts("product.remove")} ${product.name}`}
                      onPress={() => setRemoved(product)}
                    >
                      {texts("product.remove")}
                    </Button>
                  </span>
                ),
              },
            ]}
            rows={data}
            idOf={({ id }) => id}
          />
        )}
      </section>
      <NewProduct storeId={storeId} onDone={again} />
      {edited !== null && <EditProduct key={edited} id={edited} onDone={done} onClose={() => setEdited(null)} />}
      {removed && <Remove product={removed} onDone={done} onClose={() => setRemoved(null)} />}
    </div>
  );
}

function NewProduct({ storeId, onDone }: { readonly storeId: string; readonly onDone: () => void }) {
  const { api } = useConsole();
  const draft = useDraft(`new product of ${storeId}`);
  const { name = "", sku = "", price = "", description = "" } = draft.typed;
  const amount = amountOf(price);
  const { error, save } = useSave(
    () =>
      api.ask("POST /api/stores/{storeId}/products", {
        path: { storeId },
        body: { name: name.trim(), sku: sku.trim(), description: description.trim(), price: amount ?? 0 },
        intent: `add a product to ${storeId}`,
      }),
    () => {
      draft.clear();
      toast(texts("products.added"));
      onDone();
    },
  );
  const wrong = price !== "" && amount === null ? { error: texts("product.priceWrong") } : {};
  return (
    <form class="card stack" onSubmit={(event) => event.preventDefault()}>
      <h2>{texts("products.new")}</h2>
      <Field label={texts("product.name")} value={name} onInput={(value) => draft.set("name", value)} required />
      <Field label={texts("product.sku")} value={sku} onInput={(value) => draft.set("sku", value)} />
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
      <SaveError error={error} />
      <div class="row">
        <Button kind="primary" type="submit" disabled={name.trim() === "" || amount === null} onPress={save}>
          {texts("products.add")}
        </Button>
      </div>
    </form>
  );
}

interface RemoveProps {
  readonly product: ProductShape;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** A product that was removed is not brought back. */
function Remove({ product, onDone, onClose }: RemoveProps) {
  const { api } = useConsole();
  const { id, name } = product;
  const { error, save } = useSave(
    () => api.ask("DELETE /api/stores/products/{id}", { path: { id }, body: {}, intent: `remove ${id}` }),
    () => {
      toast(texts("product.removed", { name }));
      onDone();
    },
  );
  return (
    <Dialog title={texts("product.removeTitle", { name })} onClose={onClose}>
      <p>{texts("product.removeWarning")}</p>
      <SaveError error={error} />
      <div class="row">
        <Button kind="danger" onPress={save}>
          {texts("product.remove")}
        </Button>
        <Button onPress={onClose}>{shared("cancel")}</Button>
      </div>
    </Dialog>
  );
}
