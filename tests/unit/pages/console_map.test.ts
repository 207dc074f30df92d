/** The map of the system and the past of an order: what is drawn where, and which version was when. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isTold, lineOf, moves, noted, recent } from "../../../clients/console/logic/flow.ts";
import { at, momentsOf, robotsOf, sentAt, streamsOf } from "../../../clients/console/logic/past.ts";
import { COLUMNS, columnsOf, FLOWS, factsOf, flowsOf, layout } from "../../../clients/console/logic/systemMap.ts";
import type { CommitShape, ConsumerShape } from "../../../clients/pages/generated/api.ts";
import type { Message } from "../../../clients/pages/live/protocol.ts";

const GRAPH = {
  "depot/inbox": { ordering: ["OrderCreated"], depot: ["BotAssigned"] },
  "depot/dispatcher": { ordering: ["OrderCancelled", "OrderCreated"] },
  "search/inbox": { ordering: ["OrderCreated"], depot: ["ListDone"] },
  "ordering/inbox": { depot: ["ListDone"] },
};

test("a flow has the names of all queues of its end, each once", () => {
  const [flow] = flowsOf(GRAPH).filter(({ from, to }) => from === "ordering" && to === "depot");
  assert.deepEqual(flow?.names, ["OrderCancelled", "OrderCreated"]);
  assert.deepEqual(flow?.takers, ["depot/inbox", "depot/dispatcher"]);
});

test("who sends most comes first, and who only listens is in the last column", () => {
  assert.deepEqual(columnsOf(flowsOf(GRAPH)), [["ordering"], ["depot"], ["search"]]);
});

test("each service that is registered has a place of its own on the map", () => {
  const { at: spots } = layout(COLUMNS);
  const named = new Set(FLOWS.flatMap(({ from, to }) => [from, to]));
  assert.deepEqual([...spots.keys()].sort(), [...named].sort());
  assert.equal(new Set([...spots.values()].map(({ x, y }) => `${x} ${y}`)).size, spots.size);
});

const consumer = (name: string, more: Partial<ConsumerShape> = {}): ConsumerShape => ({
  name,
  state: "running",
  by: null,
  reason: null,
  since: null,
  waiting: { visible: 3, inFlight: 1, delayed: 0 },
  arrivesPerHour: null,
  drainsPerHour: null,
  drainedInSeconds: null,
  lostFrom: null,
  ...more,
});

test("a service is its consumers together; dead letters weigh more than a pause, and a pause more than health", () => {
  const two = [consumer("depot/inbox"), consumer("depot/dispatcher", { drainsPerHour: 160, drainedInSeconds: 90 })];
  const facts = { waits: 8, perMinute: 4, lag: 90, dead: 0, halted: [], mark: "warn" };
  assert.deepEqual(factsOf("depot", [3, null, 1], two, []), facts);
  const paused = [consumer("depot/inbox", { state: "paused" })];
  assert.equal(factsOf("depot", [], paused, []).mark, "warn");
  const counts = { open: 2, redriving: 0, parked: 0, done: 0, discarded: 0 };
  assert.equal(factsOf("depot", [], paused, [{ consumer: "depot/inbox", counts }]).mark, "bad");
  assert.equal(factsOf("depot", [], [consumer("depot/inbox")], []).mark, "good");
});

test("a service without a queue, or whose queue SQS tells nothing of, is not said to have none waiting", () => {
  assert.deepEqual(factsOf("robots", [], [], []), {
    waits: null,
    perMinute: null,
    lag: null,
    dead: 0,
    halted: [],
    mark: "plain",
  });
  assert.equal(factsOf("depot", [], [consumer("depot/inbox", { waiting: null })], []).waits, null);
});

const LINE = { from: "ordering", to: "depot", names: ["OrderCancelled", "OrderCreated"], takers: ["depot/inbox"] };
const NOON = Date.parse("2026-03-14T12:00:00Z");

const message = (id: string, secondsAgo: number, name = "OrderCreated", source = "mallbots.ordering"): Message => ({
  id,
  name,
  source,
  time: new Date(NOON - secondsAgo * 1000).toISOString(),
  stream: `Order#${id}`,
  causationId: null,
  correlationId: id,
  actor: "system",
});

test("a line has the messages of its end that a board told of in the last minute, each once", () => {
  const told = [message("1", 1), message("2", 59), message("3", 61), message("4", 2, "OrderPaid")];
  const others = [message("5", 1, "OrderCreated", "mallbots.stores"), message("1", 1)];
  const seen = noted(noted([], told, NOON), others, NOON);
  assert.equal(lineOf(LINE, seen, [], []).pace, 2);
  assert.equal(lineOf(LINE, recent(seen, NOON + 2_000), [], []).pace, 1);
  assert.equal(lineOf(LINE, recent(seen, NOON + 60_000), [], []).pace, 0);
  assert.equal(recent(seen, NOON), seen);
});

test("a message of a clock that is ahead of the browser's leaves a minute after it came", () => {
  const seen = noted([], [message("1", -300)], NOON);
  assert.equal(recent(seen, NOON + 59_000).length, 1);
  assert.equal(recent(seen, NOON + 60_000).length, 0);
});

test("what no board tells of, or while none is live, is not counted, which is no 0", () => {
  assert.equal(lineOf(LINE, [], [], []).pace, 0);
  assert.equal(lineOf(LINE, null, [], []).pace, null);
  assert.equal(lineOf({ ...LINE, from: "checkout", names: ["CreateShoppingList"] }, [], [], []).pace, null);
  assert.equal(isTold("payments", "InvoicePaid"), true);
  assert.equal(isTold("payments", "PaymentVoided"), false);
});

test("a line stands still where its own consumer is paused, and fails by dead letters of its own messages", () => {
  const seen = noted([], [message("1", 1)], NOON);
  const held = lineOf(LINE, seen, [consumer("depot/inbox", { state: "paused" })], []);
  assert.deepEqual([held.pace, held.held, moves(held)], [1, ["depot/inbox"], false]);
  assert.equal(moves(lineOf(LINE, seen, [consumer("depot/dispatcher", { state: "paused" })], [])), true);
  const counts = { open: 2, redriving: 0, parked: 1, done: 0, discarded: 0 };
  const groups = [
    { consumer: "depot/inbox", message: "OrderCreated", counts },
    { consumer: "depot/inbox", message: "ReportCollection", counts },
    { consumer: "search/inbox", message: "OrderCreated", counts },
  ];
  assert.equal(lineOf(LINE, seen, [], groups).dead, 2);
});

const commit = (version: number, time: string, last = version): CommitShape => ({
  version,
  last,
  time,
  actor: "system",
  cause: null,
  correlation: "",
  events: [],
  messages: [],
});

test("the streams of an order are those of its flows, without what outlives it", () => {
  const entries = [
    { source: "mallbots.depot", stream: "ShoppingList#list-1" },
    { source: "mallbots.depot", stream: "Bot#bot-1" },
    { source: "mallbots.depot", stream: "ShoppingList#list-1" },
  ];
  const names = streamsOf("order-1", entries).map(({ service, kind, id }) => `${service} ${kind} ${id}`);
  assert.deepEqual(names, ["ordering Order order-1", "depot ShoppingList list-1"]);
});

test("the robots of an order are those to which its lists were given, each once", () => {
  const given = [{ bot_id: "r2" }, { bot_id: null }, {}, { bot_id: "" }, { bot_id: "c3" }, { bot_id: "r2" }];
  assert.deepEqual(robotsOf(given.map((data) => ({ data }))), ["r2", "c3"]);
});

test("at each moment an aggregate has the last version of its commits until then", () => {
  const order = { service: "ordering", kind: "Order", id: "1" };
  const payment = { service: "payments", kind: "Payment", id: "2" };
  const moments = momentsOf([
    { stream: order, commits: [commit(1, "10:00:01", 2), commit(3, "10:00:03")] },
    { stream: payment, commits: [commit(1, "10:00:02")] },
  ]);
  const told = (moment: number) =>
    at(moments, moment).map(({ stream, version, changed }) => [stream.kind, version, changed]);
  assert.deepEqual(told(0), [["Order", 2, true]]);
  assert.deepEqual(told(1), [
    ["Order", 2, false],
    ["Payment", 1, true],
  ]);
  assert.deepEqual(told(2), [
    ["Order", 3, true],
    ["Payment", 1, false],
  ]);
});

test("a message was sent by the moment of its commit; one of another stream by the first that is no earlier", () => {
  const order = { service: "ordering", kind: "Order", id: "1" };
  const sending = (version: number, time: string, ...ids: string[]) => ({
    ...commit(version, time),
    messages: ids.map((id) => ({ id, name: id })),
  });
  const commits = [sending(1, "10:00:01", "created"), sending(2, "10:00:05"), sending(3, "10:00:09", "approved")];
  const told = [
    { id: "created", time: "10:00:01" },
    { id: "of a customer", time: "10:00:02" },
    { id: "approved", time: "10:00:02" },
    { id: "after all", time: "10:00:11" },
  ];
  const sent = sentAt(momentsOf([{ stream: order, commits }]), told);
  assert.deepEqual(Object.fromEntries(sent), { created: 0, "of a customer": 1, approved: 2, "after all": 2 });
});
