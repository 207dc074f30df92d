/** A thing that a form changes, as the form gets it. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { render } from "preact";
import { type Thing, useThing } from "../../../clients/console/load.ts";
import { settled } from "./dom.ts";

afterEach(() => render(null, document.body));

/** A form of a thing that others change: `answers` is what is read, one after the other. */
async function opened(answers: readonly [version: number, data: string][]): Promise<() => Thing<string>> {
  let thing: Thing<string> | undefined;
  const left = [...answers];
  function Form() {
    thing = useThing("thing 1", async () => {
      const [version, data] = left.shift() ?? [0, ""];
      return { data, etag: `"${version}"` };
    });
    return null;
  }
  render(<Form />, document.body);
  await settled();
  return () => thing as Thing<string>;
}

test("what was changed and changed back is no news, and is saved over its newest version", async () => {
  const thing = await opened([
    [1, "old"],
    [3, "old"],
  ]);
  assert.equal(thing().etag, '"1"');
  thing().again();
  await settled();
  assert.deepEqual([thing().newer, thing().etag], [null, '"3"']);
});

test("what became another is saved over the version that its user saw, until it is accepted", async () => {
  const thing = await opened([
    [1, "old"],
    [2, "new"],
  ]);
  thing().again();
  await settled();
  assert.deepEqual([thing().data, thing().newer, thing().etag], ["old", "new", '"1"']);
  thing().accept();
  await settled();
  assert.deepEqual([thing().data, thing().newer, thing().etag], ["new", null, '"2"']);
});
