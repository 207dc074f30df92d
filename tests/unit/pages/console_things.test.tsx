/** A thing that a form changes, as the form gets it. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { render } from "preact";
import { type Thing, useThing } from "../../../clients/console/load.ts";
import { ApiError } from "../../../clients/pages/api/problem.ts";
import { passes, startClock, stopClock } from "./clock.ts";
import "./dom.ts";

beforeEach(stopClock);

afterEach(() => {
  render(null, document.body);
  startClock();
});

type Read = [version: number, data: string] | "nothing";

/** A form of a thing that others change: `answers` is what is read, one after the other. */
async function opened(answers: readonly Read[], told?: number): Promise<() => Thing<string>> {
  let thing: Thing<string> | undefined;
  const left = [...answers];
  function Form() {
    thing = useThing(
      "thing 1",
      async () => {
        const read = left.shift() ?? "nothing";
        if (read === "nothing") throw new ApiError("offline", "", 0);
        return { data: read[1], etag: `"${read[0]}"` };
      },
      told,
    );
    return null;
  }
  render(<Form />, document.body);
  await passes(200);
  return () => thing as Thing<string>;
}

test("what was changed and changed back is no news, and is saved over its newest version", async () => {
  const thing = await opened([
    [1, "old"],
    [3, "old"],
  ]);
  assert.equal(thing().etag, '"1"');
  thing().again();
  await passes(200);
  assert.deepEqual([thing().newer, thing().etag], [null, '"3"']);
});

test("what became another is saved over the version that its user saw, until it is accepted", async () => {
  const thing = await opened([
    [1, "old"],
    [2, "new"],
  ]);
  thing().again();
  await passes(200);
  assert.deepEqual([thing().data, thing().newer, thing().etag], ["old", "new", '"1"']);
  thing().accept();
  await passes(200);
  assert.deepEqual([thing().data, thing().newer, thing().etag], ["new", null, '"2"']);
});

test("a thing of which the stream tells something newer is read until that is there", async () => {
  const thing = await opened([[1, "old"], "nothing", "nothing", [2, "new"]], 2);
  assert.equal(thing().newer, null);
  await passes(11_000);
  assert.equal(thing().newer, "new");
});

test("a thing that could not be read at first is read again by itself, also where a stream tells of it", async () => {
  const thing = await opened(["nothing", "nothing", [1, "old"]], 1);
  assert.equal(thing().data, null);
  await passes(11_000);
  assert.deepEqual([thing().data, thing().error], ["old", null]);
});

test("what was saved is read until that succeeds, and is no news", async () => {
  const thing = await opened([[1, "old"], "nothing", "nothing", [2, "mine"]], 1);
  await thing().saving(async () => undefined);
  await passes(200);
  assert.deepEqual([thing().isSaving(), thing().data], [true, "old"]);
  await passes(11_000);
  assert.deepEqual([thing().isSaving(), thing().data, thing().newer], [false, "mine", null]);
});

test("what may have been saved is news to a form, which says so before it saves again", async () => {
  const thing = await opened([[1, "old"], "nothing", [2, "mine or another's"]], 1);
  const lost = async (): Promise<void> => {
    throw new ApiError("offline", "", 0);
  };
  await assert.rejects(thing().saving(lost));
  await passes(6_000);
  assert.deepEqual([thing().data, thing().newer], ["old", "mine or another's"]);
});
