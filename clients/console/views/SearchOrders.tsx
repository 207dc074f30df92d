/** Search: an order by its number, what is on the boards at once, and all orders by filters. */

import { useEffect, useState } from "preact/hooks";
import { Button } from "../../pages/design/Button.tsx";
import { Field } from "../../pages/design/Field.tsx";
import { List } from "../../pages/design/List.tsx";
import { Empty, Failed, Loading } from "../../pages/design/states.tsx";
import type { SearchFilters, SearchOrderContent } from "../../pages/generated/api.ts";
import { isMeant, numberIn, shortId } from "../../pages/text/ids.ts";
import { dayAndTime, money } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { isKind, useLoad, useRows } from "../load.ts";
import {
  type Asked,
  filtersOf,
  type Field as Named,
  readAsked,
  STATUSES,
  writeAsked,
  wrongAmounts,
} from "../logic/search.ts";
import { usePaged } from "../paged.ts";
import { Heading } from "../parts/Heading.tsx";
import { More } from "../parts/More.tsx";
import { OrderStatus } from "../parts/Status.tsx";
import { route, to } from "../route.ts";
import { texts } from "../texts/texts.ts";

export function SearchOrders() {
  const { query } = route.value;
  const text = query.get("text") ?? "";
  const asked = readAsked(query);
  const filters = filtersOf(asked);
  const byText = text !== "";
  return (
    <>
      <Heading title={texts("search")} />
      <Filters asked={asked} text={text} />
      {byText && <ByText text={text} />}
      {(!byText || Object.keys(filters).length > 0) && wrongAmounts(asked).length === 0 && (
        <section class="stack-close">
          <h2>{texts("search.all")}</h2>
          <Results filters={filters} />
        </section>
      )}
    </>
  );
}

/** An order's number, or its beginning: no customer is meant. */
const NUMBER = /^[0-9a-f\s]{1,9}$/i;

const MOST = 10; // orders whose ids begin the same

/** What a typed text may mean: an order's number or, on the boards, its beginning; an order's id, or a customer's. */
function ByText({ text }: { readonly text: string }) {
  const { api } = useConsole();
  const orders = useRows("orders");
  const close = [...orders.values()].filter(({ id }) => isMeant(text, id));
  const named = useLoad(`order ${text}`, async (signal) => {
    const asked = numberIn(text);
    if (asked !== null) {
      const body = { filters: { number: asked }, limit: MOST };
      return (await api.get("POST /api/search/orders", { body, signal })).orders;
    }
    try {
      return [(await api.get("GET /api/search/orders/{id}", { path: { id: text }, signal })).order];
    } catch (error) {
      if (isKind(error, "not_found", "invalid")) return [];
      throw error;
    }
  });
  const shown = close.map(({ id, data }) => ({
    id,
    href: to("orders", id),
    content: <Found id={id} status={data.status} total={data.total} at={data.createdAt} />,
  }));
  const others = named.data?.filter(({ orderId }) => !orders.has(orderId)) ?? [];
  shown.push(...others.map((order) => itemOf(order, true)));
  return (
    <>
      <section class="stack-close">
        <h2>{texts("search.found", { text })}</h2>
        {shown.length > 0 ? (
          <List label={texts("search.found", { text })} items={shown} />
        ) : named.error ? (
          <Failed error={named.error} again={named.again} />
        ) : named.data === null ? (
          <Loading />
        ) : (
          <Empty>
            <p>{texts("search.none")}</p>
          </Empty>
        )}
      </section>
      {!NUMBER.test(text) && (
        <section class="stack-close">
          <h2>{texts("search.ofCustomer", { text })}</h2>
          <Results filters={{ customerId: text }} />
        </section>
      )}
    </>
  );
}

function itemOf({ orderId, status, total, createdAt, customerName }: SearchOrderContent, named: boolean) {
  const name = named && customerName ? { name: customerName } : {};
  return {
    id: orderId,
    href: to("orders", orderId),
    content: <Found id={orderId} status={status} total={total} at={createdAt} {...name} />,
  };
}

interface FoundProps {
  readonly id: string;
  readonly status: SearchOrderContent["status"];
  readonly total: number;
  readonly at: string;
  readonly name?: string;
}

function Found({ id, status, total, at, name }: FoundProps) {
  return (
    <>
      <span class="mono id">{shortId(id)}</span>
      <span class="grow">{name}</span>
      <span class="soft small">{dayAndTime(at)}</span>
      <OrderStatus status={status} />
      <span class="number amount">{money(total)}</span>
    </>
  );
}

interface ResultsProps {
  readonly filters: SearchFilters;
  /** Whether the customers are named. */
  readonly named?: boolean;
}

/** Orders that match, newest first, and more where there are. */
export function Results({ filters, named = true }: ResultsProps) {
  const { api } = useConsole();
  const { data, error, again, more, failed } = usePaged(`search ${JSON.stringify(filters)}`, async (next, signal) => {
    const body = { filters, limit: 50, ...(next === undefined ? {} : { next }) };
    const found = await api.get("POST /api/search/orders", { body, signal });
    return { rows: found.orders, next: found.next };
  });
  if (!data) return error ? <Failed error={error} again={again} /> : <Loading />;
  // What a search reads at a time is bounded: a page may be empty and not be the last.
  return (
    <>
      {data.rows.length === 0 ? (
        <Empty>
          <p>{texts("search.none")}</p>
        </Empty>
      ) : (
        <List label={texts("search.all")} items={data.rows.map((order) => itemOf(order, named))} />
      )}
      <More more={more} failed={failed} />
    </>
  );
}

function Filters({ asked, text }: { readonly asked: Asked; readonly text: string }) {
  const [typed, setTyped] = useState<Asked>(asked);
  const stores = useRows("stores");
  const here = JSON.stringify(asked);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked is another object each time
  useEffect(() => setTyped(asked), [here]);
  const field = (name: Named) => ({
    value: typed[name],
    onInput: (value: string) => setTyped({ ...typed, [name]: value }),
  });
  const wrong = wrongAmounts(typed);
  const amount = (name: Named) => ({
    ...field(name),
    inputMode: "decimal" as const,
    ...(wrong.includes(name) ? { error: texts("product.priceWrong") } : {}),
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    if (wrong.length > 0) return;
    location.hash = `#/search?${writeAsked(typed, text)}`;
  };
  const all = { value: "", label: texts("search.any") };
  return (
    <form class="card stack" onSubmit={submit}>
      <div class="filters">
        <Field
          label={texts("search.status")}
          options={[all, ...STATUSES.map((value) => ({ value, label: texts(`order.${value}`) }))]}
          {...field("status")}
        />
        <Field
          label={texts("items.store")}
          options={[all, ...[...stores.values()].map(({ id, data }) => ({ value: id, label: data.name }))]}
          {...field("store")}
        />
        <Field label={texts("search.from")} type="date" {...field("from")} />
        <Field label={texts("search.to")} type="date" {...field("to")} />
        <Field label={texts("search.least")} {...amount("least")} />
        <Field label={texts("search.most")} {...amount("most")} />
      </div>
      <div class="row">
        <Button type="submit" disabled={wrong.length > 0}>
          {texts("search")}
        </Button>
      </div>
    </form>
  );
}
