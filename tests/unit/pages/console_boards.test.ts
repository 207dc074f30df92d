/** The console's boards: which order is in which stage, lists by robot and age, and invoices by who waits. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { byRobot, byStage, type Row, sortedRobots, stageOf, toBePaid } from "../../../clients/console/logic/boards.ts";
import { byHour, today } from "../../../clients/console/logic/figures.ts";
import { amountOf, filtersOf, readAsked, writeAsked, wrongAmounts } from "../../../clients/console/logic/search.ts";
import { readRoute, to } from "../../../clients/console/route.ts";
import type { InvoiceRow, ListRow, OrderRow, RobotRow } from "../../../clients/pages/generated/frames.ts";
import { choose } from "../../../clients/pages/text/text.ts";

const row = <Data>(id: string, data: object): Row<Data> => ({ id, version: 1, data: data as Data });
const order = (id: string, createdAt: string, more: object = {}): Row<OrderRow> =>
  row(id, { orderId: id, status: "approved", ready: false, createdAt, endedAt: null, ...more });
const ids = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);

test("an approved order is at the depot once it is ready, paid or not", () => {
  assert.equal(stageOf({ status: "pending", ready: false }), "new");
  assert.equal(stageOf({ status: "approved", ready: false }), "collecting");
  assert.equal(stageOf({ status: "approved", ready: true }), "waiting");
  assert.equal(stageOf({ status: "ready", ready: true }), "waiting");
  for (const status of ["completed", "rejected", "cancelled"] as const) {
    assert.equal(stageOf({ status, ready: true }), "ended");
  }
});

test("who waits longest comes first, of those that ended the latest, and equal ones by id", () => {
  const stages = byStage([
    order("c", "10:02"),
    order("b", "10:01"),
    order("a", "10:01"),
    order("x", "09:00", { status: "completed", endedAt: "10:00" }),
    order("y", "08:00", { status: "cancelled", endedAt: "10:05" }),
  ]);
  assert.deepEqual(ids(stages.collecting), ["a", "b", "c"]);
  assert.deepEqual(ids(stages.ended), ["y", "x"]);
});

test("lists without a robot come first, then the robot whose list is oldest; a robot may be unknown yet", () => {
  const list = (id: string, since: string, botId: string | null): Row<ListRow> => row(id, { since, botId });
  const robots = new Map([["rusty", row<RobotRow>("rusty", { name: "Rusty" })]]);
  const groups = byRobot(
    [
      list("l1", "10:03", "rusty"),
      list("l2", "10:02", "unknown"),
      list("l3", "10:09", null),
      list("l4", "10:04", null),
    ],
    robots,
  );
  assert.deepEqual(
    groups.map(({ botId, robot, lists }) => [botId, robot?.name ?? null, ids(lists)]),
    [
      [null, null, ["l4", "l3"]],
      ["unknown", null, ["l2"]],
      ["rusty", "Rusty", ["l1"]],
    ],
  );
});

test("a robot that is offline with a list is the first to look at", () => {
  const robot = (id: string, status: string, listId: string | null): Row<RobotRow> =>
    row(id, { name: id, status, listId });
  const robots = [
    robot("d", "offline", null),
    robot("c", "idle", null),
    robot("b", "active", "l"),
    robot("a", "offline", "l"),
  ];
  assert.deepEqual(ids(sortedRobots(robots)), ["a", "b", "c", "d"]);
});

test("invoices of orders at the depot come first, and paid ones not at all", () => {
  const invoice = (id: string, since: string, status = "pending"): Row<InvoiceRow> =>
    row(id, { orderId: id, since, status });
  const orders = new Map([
    ["a", order("a", "10:00")],
    ["c", order("c", "10:00", { ready: true })],
  ]);
  const invoices = [invoice("a", "10:00"), invoice("b", "09:00"), invoice("c", "11:00"), invoice("d", "08:00", "paid")];
  assert.deepEqual(ids(toBePaid(invoices, orders)), ["c", "b", "a"]);
});

test("an address is read back as it was written, also with signs of its own", () => {
  const id = "a/b c?d#e%";
  assert.deepEqual(readRoute(to("orders", id, "cancel")).parts, ["orders", id, "cancel"]);
  assert.equal(readRoute("#/search?text=x").query.get("text"), "x");
  assert.deepEqual(readRoute("#/orders/%E0%A4%A").parts, ["orders", "%E0%A4%A"]);
});

test("a search leaves out what is empty or cannot be read", () => {
  const asked = readAsked(new URLSearchParams("status=ready&least=4,50&most=x&from=2030-02-01&to=yesterday&store=s"));
  const { after, ...filters } = filtersOf(asked);
  assert.deepEqual(wrongAmounts(asked), ["most"]);
  assert.deepEqual(filters, { status: "ready", minTotal: 4.5, storeIds: ["s"] });
  assert.equal(new Date(after ?? "").toDateString(), "Fri Feb 01 2030");
  assert.equal(
    writeAsked(asked, " t "),
    "text=t&status=ready&from=2030-02-01&to=yesterday&least=4%2C50&most=x&store=s",
  );
  assert.deepEqual(filtersOf(readAsked(new URLSearchParams("status=nonsense"))), {});
});

test("a search until a day has all of that day", () => {
  const { before } = filtersOf(readAsked(new URLSearchParams("to=2030-02-28")));
  assert.equal(new Date(before ?? "").toDateString(), "Fri Mar 01 2030");
});

test("an amount may have its thousands grouped as its language does, and no other way", () => {
  Object.assign(globalThis, { document: { documentElement: {} } });
  assert.deepEqual(["1,000", "12,345,678.5"].map(amountOf), [1_000, 12_345_678.5]);
  assert.deepEqual(["1.000", "1,00,000", "1,0000", "10,00.5", "$20"].map(amountOf), [null, null, null, null, null]);
  choose("es", false);
  assert.deepEqual(["1.000", "12.345.678,5", "4.50"].map(amountOf), [1_000, 12_345_678.5, 4.5]);
  assert.deepEqual(["1,000", "1.000.00"].map(amountOf), [null, null]);
  choose("en", false);
});

test("an amount has at most two decimals", () => {
  assert.deepEqual(["4.5", "4,50", " 4 ", "0"].map(amountOf), [4.5, 4.5, 4, 0]);
  assert.deepEqual(["", "4.555", "-1", "1e3", "four"].map(amountOf), [null, null, null, null, null]);
});

test("hours without a sale are there between the first sale and now, and other days are not", () => {
  const now = new Date(2030, 0, 2, 12, 30);
  const at = (day: number, hour: number): string => new Date(2030, 0, day, hour).toISOString();
  const sales = {
    byHour: [
      { hour: at(1, 11), orders: 9, revenue: 9 },
      { hour: at(2, 9), orders: 2, revenue: 10.1 },
      { hour: at(2, 11), orders: 1, revenue: 0.2 },
    ],
  };
  assert.deepEqual(byHour(sales, now, "orders"), [
    { label: "09:00", value: 2 },
    { label: "10:00", value: 0 },
    { label: "11:00", value: 1 },
    { label: "12:00", value: 0 },
  ]);
  assert.deepEqual(byHour({ byHour: [] }, now, "revenue"), [{ label: "12:00", value: 0 }]);
  assert.equal(new Date(today(now).from).getHours(), 0);
});
