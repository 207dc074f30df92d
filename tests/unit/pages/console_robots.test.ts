/** Robots as the console shows them: what is joined of depot and stream, what comes first, and where on the plan. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { APART, FLOOR, fit, groupsOf, labelOf, placeOf } from "../../../clients/console/logic/floor.ts";
import {
  errorsOf,
  levelOf,
  markOf,
  markOfAll,
  type Report,
  type Robot,
  robotsOf,
} from "../../../clients/console/logic/robots.ts";
import type { RobotRow } from "../../../clients/pages/generated/frames.ts";

const NOW = "2026-11-27T10:00:00Z";

const report = (id: string, more: Partial<Report> = {}): Report => ({
  id,
  name: id,
  connection: "online",
  lastReportedAt: NOW,
  node: "depot",
  x: null,
  y: null,
  driving: false,
  paused: false,
  operatingMode: "AUTOMATIC",
  battery: 80,
  order: null,
  retriable: [],
  errors: [],
  ...more,
});

const rows = (...robots: readonly Partial<RobotRow>[]) =>
  new Map(
    robots.map((robot) => {
      const data = { botId: "r", name: robot.botId ?? "r", status: "idle", listId: null, since: NOW, ...robot };
      return [data.botId, { data: data as RobotRow }] as const;
    }),
  );

const error = (level: string, more: object = {}) =>
  ({ type: "JAMMED", level, description: "", hint: "", references: [], ...more }) as Report["errors"][number];

const only = (row: Partial<RobotRow>, told: Report | null): Robot => {
  const [robot] = robotsOf(rows({ botId: "r", ...row }), told ? [told] : []);
  assert(robot);
  return robot;
};

test("a robot that the stream never told of works over REST, or is offline", () => {
  assert.equal(only({ status: "active" }, null).activity, "rest");
  assert.equal(only({ status: "idle" }, report("r", { lastReportedAt: null, connection: "offline" })).activity, "rest");
  assert.equal(only({ status: "offline" }, null).activity, "offline");
});

test("a robot that is connected and has not reported yet is on the stream", () => {
  assert.equal(only({ status: "idle" }, report("r", { lastReportedAt: null })).activity, "idle");
});

test("before the reports are there, what a robot does is unknown, not REST", () => {
  const [robot] = robotsOf(rows({ botId: "r", status: "active" }), null);
  assert.equal(robot?.activity, "unknown");
});

test("a robot whose connection ends in the middle of its list is lost, and one that had nothing to do is offline", () => {
  assert.equal(only({ status: "active", listId: "l" }, report("r", { connection: "offline" })).activity, "lost");
  assert.equal(only({ status: "idle" }, report("r", { connection: "broken" })).activity, "lost");
  assert.equal(only({ status: "offline" }, report("r", { connection: "offline" })).activity, "offline");
});

test("paused outranks driving, and a robot with a list that stands is at work", () => {
  assert.equal(only({}, report("r", { paused: true, driving: true })).activity, "paused");
  assert.equal(only({}, report("r", { driving: true })).activity, "driving");
  assert.equal(only({ listId: "l" }, report("r")).activity, "working");
  assert.equal(only({}, report("r", { order: { listId: "l", assignment: 1 } })).activity, "working");
  assert.equal(only({}, report("r")).activity, "idle");
});

test("the gravest of several errors counts, and a level that is not known counts as grave", () => {
  assert.equal(levelOf([error("WARNING"), error("FATAL"), error("URGENT")]), "FATAL");
  assert.equal(levelOf([error("DOOM")]), "URGENT");
  assert.equal(levelOf([]), null);
  assert.equal(markOf(only({}, report("r", { errors: [error("WARNING")] }))), "warn");
  assert.equal(markOf(only({}, report("r", { errors: [error("CRITICAL")] }))), "bad");
  assert.equal(markOf(only({}, report("r", { retriable: ["a1"] }))), "warn");
});

test("robots that need a person come first, then all others by name, numbers in names as numbers", () => {
  const names = ["Robot 10", "Robot 9", "Robot 2", "Robot 1"];
  const reports = [
    report("Robot 10"),
    report("Robot 9", { driving: true }),
    report("Robot 2", { errors: [error("URGENT")] }),
    report("Robot 1", { paused: true }),
  ];
  const robots = robotsOf(rows(...names.map((botId) => ({ botId }))), reports);
  assert.deepEqual(
    robots.map(({ name }) => name),
    ["Robot 2", "Robot 1", "Robot 9", "Robot 10"],
  );
  assert.equal(markOfAll(robots), "bad");
});

test("a robot that retired is not brought back by its last report; before the depot's rows are there reports are shown", () => {
  assert.deepEqual(robotsOf(rows(), [report("r")]), []);
  assert.equal(robotsOf(null, [report("r", { name: "Rusty" })])[0]?.name, "Rusty");
});

test("an action that waits is offered once, at its error if one names it, and no action that does not wait", () => {
  const about = (...values: readonly string[]) => ({ references: values.map((value) => ({ key: "actionId", value })) });
  const errors = [error("CRITICAL", about("a0")), error("CRITICAL", about("a0", "a1")), error("URGENT", about("a1"))];
  const told = errorsOf(only({}, report("r", { errors, retriable: ["a1", "a2"] })));
  assert.deepEqual(
    told.map(({ error, actionId }) => [error?.level ?? null, actionId]),
    [
      ["CRITICAL", null],
      ["CRITICAL", "a1"],
      ["URGENT", null],
      [null, "a2"],
    ],
  );
});

test("a robot is where it says, else at its last node; a node of another plan is no place", () => {
  assert.deepEqual(placeOf(FLOOR, only({}, report("r", { x: 3, y: 4 }))), { x: 3, y: 4 });
  assert.equal(placeOf(FLOOR, only({}, report("r", { node: "north-1" })))?.x, 8);
  assert.equal(placeOf(FLOOR, only({}, report("r", { node: "elsewhere" }))), null);
  assert.equal(placeOf(FLOOR, only({}, null)), null);
  assert.equal(labelOf(FLOOR, "north-1"), "North 1");
  assert.equal(labelOf(FLOOR, "elsewhere"), "elsewhere");
});

test("the plan is as wide as its place, with all nodes within, and north above south", () => {
  for (const width of [280, 700]) {
    const plan = fit(FLOOR, width);
    for (const node of FLOOR.nodes) {
      const { x, y } = plan.at(node);
      assert(x > 0 && x < width && y > 0 && y < plan.height, node.id);
    }
  }
  const { at } = fit(FLOOR, 700);
  assert(at({ x: 0, y: 24 }).y < at({ x: 0, y: 0 }).y);
});

test("no two markers touch, whatever the width, and each robot is in one of them", () => {
  const robots = Array.from({ length: 100 }, (_, number) => {
    const place = { x: (number * 7.3) % 40, y: (number * 3.7) % 26 };
    const told = report(
      `r${number}`,
      number % 2 ? place : { node: FLOOR.nodes[number % FLOOR.nodes.length]?.id ?? "" },
    );
    return robotsOf(rows({ botId: `r${number}` }), [told])[0] as Robot;
  });
  for (const width of [280, 700]) {
    const groups = groupsOf(FLOOR, fit(FLOOR, width), robots);
    assert.equal(
      groups.reduce((sum, group) => sum + group.robots.length, 0),
      100,
    );
    for (const [at, one] of groups.entries()) {
      for (const other of groups.slice(at + 1)) {
        assert(Math.hypot(one.x - other.x, one.y - other.y) >= APART, `${width}`);
      }
    }
  }
});

test("a robot beyond the plan is drawn within it, whole", () => {
  const plan = fit(FLOOR, 700);
  const [group] = groupsOf(FLOOR, plan, [only({}, report("r", { x: 4000, y: -4000 }))]);
  assert.deepEqual([group?.x, group?.y], [plan.width - APART / 2, plan.height - APART / 2]);
});
