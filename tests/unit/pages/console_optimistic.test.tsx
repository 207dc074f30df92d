/** An action that can be undone is shown as done immediately; the state that is read after the save replaces it. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { signal } from "@preact/signals";
import { render } from "preact";
import { type Context, Place } from "../../../clients/console/context.ts";
import { Customer } from "../../../clients/console/views/Customer.tsx";
import { Store } from "../../../clients/console/views/Store.tsx";
import { ApiError } from "../../../clients/pages/api/problem.ts";
import { Toasts } from "../../../clients/pages/design/toasts.tsx";
import { passes, startClock, stopClock } from "./clock.ts";
import "./dom.ts";

/** The one thing of the mall, what happens after it was changed and before that is answered, and whether it answers. */
let on = false;
let version = 1;
let meanwhile: () => unknown = () => undefined;
let answers = true;

async function ask(name: string, { ifNoneMatch }: { readonly ifNoneMatch?: string }) {
  if (!name.startsWith("GET ")) {
    change(name === "PUT /api/customers/{id}/enable" || name === "PUT /api/stores/{id}/participating");
    await meanwhile();
  }
  if (!answers) throw new ApiError("offline", "", 0);
  if (!name.startsWith("GET ")) return { data: {}, etag: null };
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
  stopClock();
  [on, version, meanwhile, answers] = [false, 1, () => undefined, true];
});

afterEach(() => {
  for (const button of document.querySelectorAll<HTMLElement>(".toast button")) button.click();
  render(null, document.body);
  startClock();
});

const context = {
  api: { ask, get: async () => ({ orders: [], products: [] }) },
  config: { stage: "test" },
  session: { presence: signal("in"), user: { name: "clerk", role: "staff" }, access: async () => "token" },
  live: { watch: () => () => undefined, rows: () => signal(new Map()), status: signal({ loading: [] }) },
} as unknown as Context;

async function opened(view: "customer" | "store"): Promise<void> {
  render(
    <Place.Provider value={context}>
      {view === "customer" ? <Customer id="ada" /> : <Store id="tea" />}
      <Toasts />
    </Place.Provider>,
    document.body,
  );
  await passes(200);
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
    await passes(200);
    assert.deepEqual(shown(), WORDS[view].no);
    meanwhile = () => undefined;
    press();
    await passes(200);
    assert.deepEqual([shown(), on], [WORDS[view].yes, true]);
  });

  test(`a ${view} is shown as changed before that is answered, and stays so`, async () => {
    await opened(view);
    let answer = (): void => undefined;
    meanwhile = () => new Promise<void>((resolve) => (answer = resolve));
    press();
    await passes(200);
    assert.deepEqual(shown(), [WORDS[view].yes[0], WORDS[view].yes[1], "true"]);
    answer();
    await passes(200);
    assert.deepEqual(shown(), WORDS[view].yes);
  });

  for (const [what, undo] of [
    ["done", () => undefined],
    ["not done", () => change(false)],
  ] as const) {
    test(`a ${view} whose change was ${what} and not answered is shown as changed until it is read`, async () => {
      await opened(view);
      meanwhile = undo;
      answers = false;
      press();
      await passes(60_000);
      assert.deepEqual(shown(), [WORDS[view].yes[0], WORDS[view].yes[1], "true"]);
      assert.match(document.querySelector(".toast-bad")?.textContent ?? "", /It is not known whether this was done\./);
      answers = true;
      await passes(6_000);
      assert.deepEqual(shown(), what === "done" ? WORDS[view].yes : WORDS[view].no);
      assert.equal(document.querySelector("[role=alert]"), null);
    });
  }

  test(`a ${view} that was refused is shown as it was, with the reason`, async () => {
    await opened(view);
    meanwhile = () => {
      change(false);
      throw new ApiError("refused", "not now", 409);
    };
    press();
    await passes(200);
    assert.deepEqual(shown(), WORDS[view].no);
    assert.match(document.querySelector(".toast-bad")?.textContent ?? "", /It is as it was before\. .*not now/);
  });
}
