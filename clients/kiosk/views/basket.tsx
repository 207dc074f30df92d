import { Button } from "../../pages/design/Button.tsx";
import { money } from "../../pages/text/text.ts";
import { go } from "../kiosk.ts";
import { countOf, type Line, totalOf } from "../logic/basket.ts";
import { visit } from "../logic/visit.ts";
import { t } from "../texts.ts";
import { Stepper } from "./Products.tsx";
import { Said, Screen } from "./Screen.tsx";

const said = ({ quantity, name, storeName, price }: Line): string =>
  t("basket.line", { quantity, name, store: storeName, total: money(price * quantity) });

function Words({ line }: { readonly line: Line }) {
  return (
    <p class="grow line" tabIndex={-1} data-stop data-say={said(line)}>
      <span class="line-count number">{line.quantity} ×</span>{" "}
      <span class="grow">
        <strong>{line.name}</strong> <span class="soft">{line.storeName}</span>
      </span>{" "}
      <span class="number">{money(line.price * line.quantity)}</span>
    </p>
  );
}

export function Basket() {
  const { lines } = visit.value;
  const count = countOf(lines);
  if (count === 0) {
    return (
      <Screen title={t("basket.title")} intro={t("basket.none")}>
        <Button kind="primary" onPress={() => go("stores")}>
          {t("basket.more")}
        </Button>
      </Screen>
    );
  }
  return (
    <Screen title={t("basket.title")} intro={t("basket.intro", { count, total: money(totalOf(lines)) })}>
      <ul class="plain products" aria-label={t("basket.title")}>
        {lines.map((line) => (
          <li key={line.productId} class="card product">
            <Words line={line} />
            <Stepper found={foundOf(line)} count={line.quantity} />
          </li>
        ))}
      </ul>
      <Total total={totalOf(lines)} />
      <div class="actions">
        <Button onPress={() => go("stores")}>{t("basket.more")}</Button>
        <Button kind="primary" onPress={() => go("review")}>
          {t("basket.continue")}
        </Button>
      </div>
    </Screen>
  );
}

const foundOf = ({ storeId, storeName, productId, name, price }: Line) => ({
  store: { id: storeId, name: storeName, location: "", participating: true },
  product: { id: productId, storeId, name, description: "", sku: "", price },
});

export function Total({ total }: { readonly total: number }) {
  return (
    <p class="total" tabIndex={-1} data-stop>
      <span>{t("basket.total")}</span> <span class="number">{money(total)}</span>
    </p>
  );
}

export function Review() {
  const { lines } = visit.value;
  return (
    <Screen title={t("review.title")} intro={t("review.intro")}>
      <Lines lines={lines} />
      <Total total={totalOf(lines)} />
      <Said class="soft">{t("review.next")}</Said>
      <div class="actions">
        <Button onPress={() => go("basket")}>{t("review.change")}</Button>
        <Button kind="primary" onPress={() => go(visit.value.customerId ? "pay" : "who")}>
          {t("review.yes")}
        </Button>
      </div>
    </Screen>
  );
}

export function Lines({ lines }: { readonly lines: readonly Line[] }) {
  return (
    <ul class="plain card lines" aria-label={t("basket.title")}>
      {lines.map((line) => (
        <li key={line.productId} class="row">
          <Words line={line} />
        </li>
      ))}
    </ul>
  );
}
