/** The products of a store: prices, new ones, and those that go. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../pages/design/Button.tsx";
import { Dialog } from "../../pages/design/Dialog.tsx";
import { Field } from "../../pages/design/Field.tsx";
import { Table } from "../../pages/design/Table.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { ProductShape } from "../../pages/generated/api.ts";
import { shared } from "../../pages/text/shared.ts";
import { money } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { useDraft } from "../drafts.ts";
import { amountOf } from "../logic/search.ts";
import { Listed } from "../parts/Listed.tsx";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave } from "../parts/useSave.ts";
import { useProducts } from "../products.ts";
import { texts } from "../texts/texts.ts";
import { EditProduct } from "./EditProduct.tsx";

export function Products({ storeId }: { readonly storeId: string }) {
  const products = useProducts(storeId);
  const [edited, setEdited] = useState<string | null>(null);
  const [removed, setRemoved] = useState<ProductShape | null>(null);
  const [counts, setCounts] = useState({ added: 0, removed: 0 });
  const heading = useRef<HTMLHeadingElement>(null);
  // The dialog gives the focus back to the row, which goes.
  useEffect(() => {
    if (counts.removed > 0) heading.current?.focus();
  }, [counts.removed]);
  const add = (product: ProductShape): void => {
    products.change(product.id, product);
    setCounts({ ...counts, added: counts.added + 1 });
  };
  const edit = (product: ProductShape): void => {
    products.change(product.id, product);
    setEdited(null);
  };
  const remove = ({ id }: ProductShape): void => {
    products.change(id, null);
    setRemoved(null);
    setCounts({ ...counts, removed: counts.removed + 1 });
  };
  return (
    <div class="columns">
      <section class="card stack-close" aria-labelledby="products">
        <h2 id="products" ref={heading} tabIndex={-1}>
          {texts("products")}
        </h2>
        <Listed loaded={products} rows={products.data ?? undefined} none={texts("products.none")}>
          {(rows) => (
            // An own product that is new or gone makes it another table, in which nothing is held.
            <ProductTable key={`${counts.added} ${counts.removed}`} rows={rows} edit={setEdited} remove={setRemoved} />
          )}
        </Listed>
      </section>
      <NewProduct storeId={storeId} onDone={add} />
      {edited !== null && <EditProduct key={edited} id={edited} onDone={edit} onClose={() => setEdited(null)} />}
      {removed && <Remove product={removed} onDone={() => remove(removed)} onClose={() => setRemoved(null)} />}
    </div>
  );
}

interface TableProps {
  readonly rows: readonly ProductShape[];
  readonly edit: (id: string) => void;
  readonly remove: (product: ProductShape) => void;
}

function ProductTable({ rows, edit, remove }: TableProps) {
  const acts = (product: ProductShape) => (
    <span class="row row-tight">
      <Button
        class="button-small"
        label={`${texts("product.change")} ${product.name}`}
        onPress={() => edit(product.id)}
      >
        {texts("product.change")}
      </Button>
      <Button
        class="button-small"
        kind="quiet"
        label={`${texts("product.remove")} ${product.name}`}
        onPress={() => remove(product)}
      >
        {texts("product.remove")}
      </Button>
    </span>
  );
  return (
    <Table<ProductShape>
      caption={texts("products")}
      columns={[
        { name: texts("product.name"), cell: ({ name }) => name },
        { name: texts("product.sku"), cell: ({ sku }) => <span class="mono">{sku}</span> },
        { name: texts("items.price"), cell: ({ price }) => money(price), number: true },
        { name: texts("product.change"), silent: true, cell: acts },
      ]}
      rows={rows}
      idOf={({ id }) => id}
    />
  );
}

interface NewProps {
  readonly storeId: string;
  readonly onDone: (product: ProductShape) => void;
}

function NewProduct({ storeId, onDone }: NewProps) {
  const { api } = useConsole();
  const draft = useDraft(`new product of ${storeId}`);
  const { name = "", sku = "", price = "", description = "" } = draft.typed;
  const amount = amountOf(price);
  const { error, save } = useSave(
    async () => {
      const content = { name: name.trim(), sku: sku.trim(), description: description.trim(), price: amount ?? 0 };
      const { id } = await api.get("POST /api/stores/{storeId}/products", {
        path: { storeId },
        body: content,
        intent: `add a product to ${storeId}`,
      });
      onDone({ id, storeId, ...content });
    },
    () => {
      draft.clear();
      toast(texts("products.added"));
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
