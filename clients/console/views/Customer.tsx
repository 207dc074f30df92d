/** A customer: what is held, who may not order, and the right to be forgotten. */

import { useState } from "preact/hooks";
import { Badge } from "../../pages/design/Badge.tsx";
import { Button } from "../../pages/design/Button.tsx";
import { Failed, Loading } from "../../pages/design/states.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { CustomerShape } from "../../pages/generated/api.ts";
import { LANGUAGES } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { isKind, type Thing, useThing } from "../load.ts";
import { commands } from "../logic/commands.ts";
import { useIsOperator } from "../operations.ts";
import { Command } from "../parts/Command.tsx";
import { Heading } from "../parts/Heading.tsx";
import { Newer } from "../parts/Newer.tsx";
import { Pair } from "../parts/Pair.tsx";
import { useSwitch } from "../parts/useSave.ts";
import { texts } from "../texts/texts.ts";
import { ChangeNumber, Erase } from "./customerForms.tsx";
import { Results } from "./SearchOrders.tsx";

export const languageOptions = () =>
  LANGUAGES.map((value) => ({
    value,
    label: new Intl.DisplayNames([value], { type: "language" }).of(value) ?? value,
  }));

export type CustomerThing = Thing<{ customer: CustomerShape }>;

export function Customer({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const thing = useThing(`customer ${id}`, async (ifNoneMatch, signal) => {
    const given = { path: { id }, signal, ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) };
    return api.ask("GET /api/customers/{id}", given);
  });
  const gone = isKind(thing.error, "not_found");
  const customer = gone ? undefined : thing.data?.customer;
  return (
    <>
      <Heading
        title={customer?.name ?? texts("customer.title")}
        back={{ label: texts("place.customers"), parts: ["customers"] }}
      />
      {customer ? (
        <Shown customer={customer} thing={thing} />
      ) : gone ? (
        <p>{texts("customer.gone")}</p>
      ) : thing.error ? (
        <Failed error={thing.error} again={thing.again} />
      ) : (
        <Loading />
      )}
      {!customer && <Orders id={id} />}
    </>
  );
}

function Orders({ id }: { readonly id: string }) {
  return (
    <section class="stack-close">
      <h2>{texts("customer.orders")}</h2>
      <Results filters={{ customerId: id }} named={false} />
    </section>
  );
}

interface ShownProps {
  readonly customer: CustomerShape;
  readonly thing: CustomerThing;
}

function Shown({ customer, thing }: ShownProps) {
  const [erasing, setErasing] = useState(false);
  const isOperator = useIsOperator();
  const { newer } = thing;
  return (
    <>
      {newer && <Newer what={describe(newer.customer)} onAccept={thing.accept} />}
      <div class="columns columns-even">
        <section class="card stack">
          <dl class="facts">
            <Pair name={texts("customers.id")}>
              <span class="mono">{customer.id}</span>
            </Pair>
            <Pair name={texts("customer.number")}>{customer.smsNumber}</Pair>
            <Pair name={texts("customer.language")}>
              {languageOptions().find(({ value }) => value === customer.language)?.label}
            </Pair>
            <Pair name={texts("state")}>
              <Enabled customer={customer} thing={thing} />
            </Pair>
          </dl>
        </section>
        <ChangeNumber customer={customer} thing={thing} />
      </div>
      <Orders id={customer.id} />
      <section class="card stack danger-zone">
        <h2>{texts("erase.title")}</h2>
        <p>{texts("erase.what")}</p>
        <div class="row">
          <Button kind="danger" disabled={newer !== null} onPress={() => setErasing(true)}>
            {texts("erase.begin")}
          </Button>
        </div>
        {isOperator && <Command text={commands.erase(customer.id)} />}
        {erasing && <Erase customer={customer} thing={thing} onClose={() => setErasing(false)} />}
      </section>
    </>
  );
}

const describe = ({ smsNumber, enabled }: CustomerShape): string =>
  `${smsNumber}, ${texts(enabled ? "customer.enabled" : "customer.disabled")}`;

/** Whether a customer may order. It can be undone, so it is shown as done at once, and taken back if it fails. */
function Enabled({ customer, thing }: ShownProps) {
  const { api } = useConsole();
  const isOperator = useIsOperator();
  const { id, enabled } = customer;
  const [wanted, turn] = useSwitch(thing, async (on) => {
    await api.ask(on ? "PUT /api/customers/{id}/enable" : "PUT /api/customers/{id}/disable", {
      path: { id },
      body: {},
      intent: `${on ? "enable" : "disable"} ${id}`,
      ...(thing.etag === null ? {} : { ifMatch: thing.etag }),
    });
    toast(texts(on ? "customer.nowEnabled" : "customer.nowDisabled"));
  });
  const shown = wanted ?? enabled;
  return (
    <>
      <span class="row">
        <Badge kind={shown ? "good" : "bad"}>{texts(shown ? "customer.enabled" : "customer.disabled")}</Badge>
        <Button class="button-small" disabled={thing.newer !== null || wanted !== null} onPress={() => turn(!enabled)}>
          {texts(shown ? "customer.disable" : "customer.enable")}
        </Button>
      </span>
      {isOperator && <Command text={commands.customer(shown ? "disable" : "enable", id)} />}
    </>
  );
}
