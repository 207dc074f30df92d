import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError } from "../../pages/api/problem.ts";
import { Button } from "../../pages/design/Button.tsx";
import type { BasketContent } from "../../pages/generated/api.ts";
import { shared } from "../../pages/text/shared.ts";
import { money } from "../../pages/text/text.ts";
import { checkoutOf, fail, go, type Kiosk, nameOf, quiet, reachable, tell } from "../kiosk.ts";
import { type Line, totalOf } from "../logic/basket.ts";
import { GoneError, NotOrderedError } from "../logic/checkout.ts";
import { awaited, busy } from "../logic/network.ts";
import { change, still, visit } from "../logic/visit.ts";
import { t, wrong } from "../texts.ts";
import { Lines, Total } from "./basket.tsx";
import { Screen } from "./Screen.tsx";

type Phase = "checking" | "ready" | "working" | "failed";

/** The mall's prices are what is paid: where they differ from those shown before, the customer decides again.
 *
 * What it has begun ends before the customer goes back: an order of a basket that is being changed, or a basket that
 * comes back as it was, would be neither what was shown nor what was meant.
 */
export function Pay({ kiosk }: { readonly kiosk: Kiosk }) {
  const checkout = useMemo(() => checkoutOf(kiosk), [kiosk]);
  const [phase, setPhase] = useState<Phase>("checking");
  const { lines, id } = visit.value;
  const total = totalOf(lines);

  /** again: after a refusal, whose words stay. */
  const prepare = async (again = false): Promise<void> => {
    setPhase("checking");
    if (!again) tell(t("pay.checking"));
    try {
      const { customerId, lines } = visit.value;
      const basket = await awaited(() => checkout.prepare(customerId, lines));
      if (!still(id)) return;
      if (basket === null) return go("order");
      const before = totalOf(lines);
      change({ lines: linesOf(basket) });
      if (basket.total !== before) tell(t("pay.changed", { total: money(basket.total) }));
      else if (!again) tell(t("pay.ready"));
      setPhase("ready");
    } catch (error) {
      if (still(id)) refused(error);
    }
  };

  const refused = (error: unknown): void => {
    setPhase("failed");
    fail(wrong(error, "any", nameOf));
    if (error instanceof GoneError) {
      kiosk.catalogue.drop(error.productId);
      change({ lines: visit.value.lines.filter(({ productId }) => productId !== error.productId) });
    }
    if (error instanceof ApiError && error.kind === "unauthenticated")
      change({ customerId: "", token: "", expiresAt: "" });
  };

  const pay = async (): Promise<void> => {
    setPhase("working");
    quiet();
    if (!(await awaited(() => reachable(kiosk)))) {
      setPhase("ready");
      return fail(t("pay.lost"));
    }
    tell(t("pay.working"));
    try {
      await awaited(() => checkout.pay());
      if (still(id)) go("order");
    } catch (error) {
      if (still(id)) await notPaid(error);
    }
  };

  const notPaid = async (error: unknown): Promise<void> => {
    setPhase("ready");
    const kind = error instanceof ApiError ? error.kind : "";
    if (kind === "unauthenticated") return refused(error);
    if (visit.value.progress.sent && kind === "offline") return fail(t("pay.unsure"));
    const ordering = error instanceof NotOrderedError;
    fail(wrong(error, ordering ? "order" : "pay", nameOf));
    if (ordering && kind !== "invalid") await prepare(true);
  };

  const again = (): unknown => {
    if (visit.value.customerId === "") return go("who");
    return visit.value.lines.length === 0 ? go("basket") : prepare();
  };

  // Once for each time that the screen is shown.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is paid does not change while it is shown
  useEffect(() => {
    void prepare();
  }, []);

  return (
    <Screen title={t("pay.title", { total: money(total) })} intro={t("pay.intro")}>
      <Lines lines={lines} />
      <Total total={total} />
      <div class="actions">
        {!visit.value.progress.sent && (
          <Button disabled={busy.value} onPress={() => go("basket")}>
            {t("pay.back")}
          </Button>
        )}
        {phase === "failed" ? (
          <Button kind="primary" onPress={again}>
            {shared("retry")}
          </Button>
        ) : (
          <Button kind="primary" disabled={phase !== "ready"} onPress={pay}>
            {t("pay.action", { total: money(total) })}
          </Button>
        )}
      </div>
    </Screen>
  );
}

const linesOf = ({ items }: BasketContent): Line[] =>
  items.map(({ productId, storeId, storeName, productName, productPrice, quantity }) => ({
    productId,
    storeId,
    storeName,
    name: productName,
    price: productPrice,
    quantity,
  }));
