import { Button } from "../../pages/design/Button.tsx";
import { money } from "../../pages/text/text.ts";
import { put } from "../kiosk.ts";
import type { Found } from "../logic/catalogue.ts";
import { visit } from "../logic/visit.ts";
import { t } from "../texts.ts";

interface Props {
  readonly label: string;
  readonly found: readonly Found[];
  /** Whether each names its store. */
  readonly stores?: boolean;
}

/** Products, each with how many are in the basket. The buttons stay where they are, so the focus does. */
export function Products({ label, found, stores = false }: Props) {
  return (
    <ul class="plain products" aria-label={label}>
      {found.map((each) => (
        <Row key={each.product.id} found={each} store={stores} />
      ))}
    </ul>
  );
}

function Row({ found, store }: { readonly found: Found; readonly store: boolean }) {
  const { name, description, price } = found.product;
  const count = visit.value.lines.find(({ productId }) => productId === found.product.id)?.quantity ?? 0;
  return (
    <li class="card product">
      <div class="grow">
        <h2>{name}</h2>
        {store && <p class="soft">{found.store.name}</p>}
        {description && (
          <p class="soft" tabIndex={-1} data-stop>
            {description}
          </p>
        )}
      </div>
      <p class="price number">{money(price)}</p>
      <Stepper found={found} count={count} />
    </li>
  );
}

export function Stepper({ found, count }: { readonly found: Found; readonly count: number }) {
  const { name, price } = found.product;
  return (
    <div class="stepper">
      <Button label={t("product.less", { name })} disabled={count === 0} onPress={() => put(found, -1)}>
        <span aria-hidden="true">−</span>
      </Button>
      <span class="count number" aria-hidden="true">
        {count}
      </span>
      <Button
        kind={count === 0 ? "primary" : "plain"}
        label={t("product.addOne", { name, price: money(price) })}
        onPress={() => put(found, 1)}
      >
        {count === 0 ? t("product.add") : <span aria-hidden="true">+</span>}
      </Button>
    </div>
  );
}
