/** The client against a small server and a bad network: in the end its boards are the server's, whatever happened.
 *
 * tests/simulation runs it against the real one.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "./client.ts";
import { Mall, randomOf } from "./mall.ts";

const SCHEDULES = 200;
const STEPS = 60;

const boards = (mall: Mall): Record<string, Record<string, number>> =>
  Object.fromEntries(
    [...mall.rows].map(([key, rows]) => [
      key,
      Object.fromEntries(
        [...rows].flatMap(([id, { version, data }]) => (data === null ? [] : [[id, version] as const])).sort(),
      ),
    ]),
  );

const shown = (mall: Mall): Record<string, Record<string, number>> =>
  Object.fromEntries(
    [...mall.client.state.feeds].map(([key, { rows }]) => [
      key,
      Object.fromEntries([...rows.values()].map(({ id, version }) => [id, version] as const).sort()),
    ]),
  );

function played(seed: number): Mall {
  const random = randomOf(seed);
  const mall = new Mall(random);
  mall.client.random = random();
  for (let changes = 0; changes < 10; changes += 1) mall.change();
  mall.client.take({ type: "start", url: "wss://mall" });
  mall.want("lists", "orders");
  if (random() < 0.2) mall.run(104 * MINUTE);
  for (let step = 0; step < STEPS; step += 1) {
    mall.client.random = random();
    const which = random();
    if (which < 0.7) mall.change();
    else if (which < 0.76) mall.cut();
    else if (which < 0.82) mall.newEpoch();
    else if (which < 0.87) mall.repeat();
    else if (which < 0.92) mall.want(random() < 0.5 ? "orders" : "lists");
    else if (which < 0.97) mall.want("lists", "orders");
    else mall.client.take({ type: "visible" });
    mall.run(random() * (random() < 0.1 ? 2 * MINUTE : 1500));
  }
  mall.faults = false;
  mall.settle();
  mall.want("lists", "orders");
  mall.run(4 * MINUTE);
  return mall;
}

test(`in ${SCHEDULES} schedules of cuts, losses, duplicates and new epochs the boards are the server's in the end`, () => {
  for (let seed = 1; seed <= SCHEDULES; seed += 1) {
    const mall = played(seed);
    assert.deepEqual(shown(mall), boards(mall), `seed ${seed}`);
    assert.equal(mall.client.shown, "live", `seed ${seed}`);
  }
});

test("a schedule is the same each time", () => {
  assert.deepEqual(shown(played(7)), shown(played(7)));
});
