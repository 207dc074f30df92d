/** An action that can be undone is shown as done immediately; the state that is read after the save replaces it. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { signal } from "@preact/signals";
import { render } from "preact";
import { type Context, Place } from "../../../clients/console/context.ts";
import { Customer } from "../../../clients/console/views/Customer.tsx";
import { Store } from "../../../clients/console/views/Store.tsx";
import { settled } from "./dom.ts";

// A message stays on the screen for some seconds, for which the tests do not wait at their end.
const timed = setTimeout as unknown as (run: () => void, after: number) => { unref: () => unknown };
Object.assign(globalThis, {
  setTimeout: (run: () => void, after: number) => {
    const timer = timed(run, after);
    if (after > 1_000) timer.unref();
    return timer;
  },
});

/** The one thing of the mall, and what happens after it was changed and before that is answered. */
let on = false;
let version = 1;
let meanwhile: () => unknown = () => undefined;

async function ask(name: string, { ifNoneMatch }: { readonly ifNoneMatch?: string }) {
  if (!name.startsWith("GET ")) {
    change(name === "PUT /api/customers/{id}/enable" || name === "PUT /api/stores/{id}/participating");
    await meanwhile();
    return { data: {}, etag: null };
  }
  const etag = `"${version}"`;
  if (ifNoneMatch === etag) return { data: null, etag };
  const customer = { id: "ada", name: "Ada", smsNumber: "+3491", language: "en", enabled: on };
  const store = { id: "tea", name: "Tea", location: "1", participating: on };
  return { data: { customer, store }, etag };
}

function change(next: boolean): void {
  on = next;
  version += 1;
}

beforeEach(() => {
  [on, version, meanwhile] = [false, 1, () => undefined];
});

afterEach(() => render(null, document.body));

const context = {
  api: { ask, get: async () => ({ orders: [], products: [] }) },
  config: { stage: "test" },
  session: { presence: signal("in"), user: { name: "clerk", role: "staff" }, access: async () => "token" },
  live: { watch: () => () => undefined, rows: () => signal(new Map()), status: signal({ loading: [] }) },
} as unknown as Context;

async function opened(view: "customer" | "store"): Promise<void> {
  render(
    <Place.Provider value={context}>{view === "customer" ? <Customer id="ada" /> : <Store id="tea" />}</Place.Provider>,
    document.body,
  );
  await settled();
}

const shown = (): readonly (string | null)[] => {
  const badge = document.querySelector(".badge");
  const button = badge?.parentElement?.querySelector("button");
  return [badge?.textContent ?? null, button?.textContent ?? null, button?.getAttribute("aria-disabled") ?? null];
};

const press = (): void => document.querySelector(".badge")?.parentElement?.querySelector("button")?.click();

const WORDS = {
  customer: { yes: ["May order", "Disable", null], no: ["May not order", "Enable", null] },
  store: { yes: ["Participating", "Stop participating", null], no: ["Not participating", "Start participating", null] },
} as const;

for (const view of ["customer", "store"] as const) {
  test(`a ${view} that another changed back before it was read is shown as it is, and may be changed again`, async () => {
    await opened(view);
    assert.deepEqual(shown(), WORDS[view].no);
    meanwhile = () => change(false);
    press();
    await settled();
    assert.deepEqual(shown(), WORDS[view].no);
    meanwhile = () => undefined;
    press();
    await settled();
    assert.deepEqual([shown(), on], [WORDS[view].yes, true]);
  });

  test(`a ${view} is shown as changed before that is answered, and stays so`, async () => {
    await opened(view);
    let answer = (): void => undefined;
    meanwhile = () => new Promise<void>((resolve) => (answer = resolve));
    press();
    await settled();
    assert.deepEqual(shown(), [WORDS[view].yes[0], WORDS[view].yes[1], "true"]);
    answer();
    await settled();
    assert.deepEqual(shown(), WORDS[view].yes);
  });
}
