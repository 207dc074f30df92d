/** The search of orders: its filters, and more of what it finds. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { signal } from "@preact/signals";
import { render } from "preact";
import { type Context, Place } from "../../../clients/console/context.ts";
import { followAddress } from "../../../clients/console/route.ts";
import { LettersOfGroup } from "../../../clients/console/views/operations/LettersOfGroup.tsx";
import { Results, SearchOrders } from "../../../clients/console/views/SearchOrders.tsx";
import { ApiError } from "../../../clients/pages/api/problem.ts";
import type { GroupShape } from "../../../clients/pages/generated/api.ts";
import { settled } from "./dom.ts";

/** The pages that were asked for, by customer and the token that asks for them; each has one row. */
let asked: string[] = [];
let answering: (place: string) => unknown = () => undefined;

interface Given {
  readonly body?: { readonly filters: { readonly customerId?: string }; readonly next?: string };
  readonly query?: { readonly next?: string };
}

const LAST = 3;

async function get(_: string, { body, query }: Given) {
  const page = Number(body?.next ?? query?.next ?? 1);
  const place = `${body?.filters.customerId ?? ""}${page}`;
  asked.push(place);
  await answering(place);
  const order = { orderId: place, status: "ready", total: 1, createdAt: "2026-03-01T12:00:00Z" };
  const letter = { id: `letter-${page}`, state: "open", tries: 1, redrives: 0, failedAt: "2026-03-01T12:00:00Z" };
  const letters = Array.from({ length: 50 }, (_, at) => ({ ...letter, id: `letter-${page}-${at}` }));
  return { orders: [order], letters, ...(page < LAST ? { next: `${page + 1}` } : {}) };
}

const context = {
  api: { get },
  config: { stage: "test" },
  session: { presence: signal("in"), user: { name: "clerk", role: "staff" }, access: async () => "token" },
  live: { watch: () => () => undefined, rows: () => signal(new Map()), status: signal({ loading: [] }) },
} as unknown as Context;

type Shown = Parameters<typeof render>[0];

async function show(what: Shown): Promise<void> {
  render(<Place.Provider value={context}>{what}</Place.Provider>, document.body);
  await settled();
}

const found = (): (string | null)[] => [...document.querySelectorAll(".mono.id")].map(({ textContent }) => textContent);
const button = (): HTMLElement | undefined =>
  [...document.querySelectorAll<HTMLElement>("button")].find(({ textContent }) => textContent === "Show more");

beforeEach(() => {
  [asked, answering] = [[], () => undefined];
});

afterEach(() => render(null, document.body));

test("more is added below what is there, by one request, and the button keeps the focus meanwhile", async () => {
  await show(<Results filters={{ customerId: "ada" }} />);
  const list = document.querySelector("ul");
  let answer = (): void => undefined;
  answering = () => new Promise<void>((resolve) => (answer = resolve));
  button()?.focus();
  button()?.click();
  await settled();
  assert.deepEqual([found(), button()?.getAttribute("aria-busy")], [["ada1"], "true"]);
  assert.equal(document.activeElement, button());
  answer();
  await settled();
  assert.deepEqual(
    [found(), asked],
    [
      ["ada1", "ada2"],
      ["ada1", "ada2"],
    ],
  );
  assert.deepEqual([document.querySelector("ul") === list, document.activeElement === button()], [true, true]);
  answering = () => undefined;
  button()?.click();
  await settled();
  assert.deepEqual([found().length, asked.at(-1), button()], [3, "ada3", undefined]);
});

test("a page that fails leaves what is there, says so below, and is asked for again by the same button", async () => {
  await show(<Results filters={{ customerId: "ada" }} />);
  answering = () => {
    throw new ApiError("unavailable", "", 503);
  };
  button()?.click();
  await settled();
  assert.deepEqual(found(), ["ada1"]);
  assert.match(document.querySelector("[role=alert]")?.textContent ?? "", /does not work right now/);
  answering = () => undefined;
  button()?.click();
  await settled();
  assert.deepEqual([found(), document.querySelector("[role=alert]")], [["ada1", "ada2"], null]);
});

test("another search begins at its first page, and takes nothing of the one before", async () => {
  await show(<Results filters={{ customerId: "ada" }} />);
  let answer = (): void => undefined;
  answering = (place) => (place === "ada2" ? new Promise<void>((resolve) => (answer = resolve)) : undefined);
  button()?.click();
  await settled();
  await show(<Results filters={{ customerId: "bob" }} />);
  answer();
  await settled();
  assert.deepEqual(found(), ["bob1"]);
});

test("letters whose counts changed are read again, as many as are shown", async () => {
  const letters = (): number => document.querySelectorAll("tbody tr").length;
  const group = (open: number) => ({ id: "g", counts: { open } }) as unknown as GroupShape;
  await show(<LettersOfGroup group={group(150)} />);
  button()?.click();
  await settled();
  assert.deepEqual([letters(), asked], [100, ["1", "2"]]);
  await show(<LettersOfGroup group={group(149)} />);
  assert.deepEqual([letters(), asked], [100, ["1", "2", "1", "2"]]);
});

test("an amount that cannot be read is told beside its field, and nothing is searched for", async () => {
  location.hash = "#/search?least=%2420";
  const leave = followAddress();
  await show(<SearchOrders />);
  const field = document.querySelector("[aria-invalid=true]");
  assert.equal(document.querySelector(`label[for="${field?.id}"]`)?.textContent, "Total from");
  assert.match(document.querySelector("[role=alert]")?.textContent ?? "", /at most two decimals/);
  assert.deepEqual(asked, []);
  [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Search")?.click();
  await settled();
  assert.deepEqual([asked, location.hash], [[], "#/search?least=%2420"]);
  leave();
});
