/** What both pages are made of, as a browser and a screen reader find it. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { render } from "preact";
import { ApiError } from "../../../clients/pages/api/problem.ts";
import { LiveBadge } from "../../../clients/pages/design/Badge.tsx";
import { Button } from "../../../clients/pages/design/Button.tsx";
import { Field } from "../../../clients/pages/design/Field.tsx";
import { BarPlot } from "../../../clients/pages/design/plots.tsx";
import { Failed } from "../../../clients/pages/design/states.tsx";
import { announcer, Toasts, toast } from "../../../clients/pages/design/toasts.tsx";
import { passes, startClock, stopClock } from "./clock.ts";
import { settled } from "./dom.ts";

type Shown = Parameters<typeof render>[0];

const show = (what: Shown): void => render(what, document.body);

afterEach(() => render(null, document.body));

const one = <Kind extends Element = HTMLElement>(selector: string): Kind => {
  const found = document.querySelectorAll<Kind>(selector);
  assert.equal(found.length, 1, `${selector}: ${found.length}`);
  return found[0] as Kind;
};

const texts = (selector: string): (string | null)[] =>
  [...document.querySelectorAll(selector)].map(({ textContent }) => textContent);

test("a button that is pressed twice while it works does it once, and keeps the focus", async () => {
  let times = 0;
  let finish = (): void => undefined;
  const press = (): Promise<void> => {
    times += 1;
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  show(<Button onPress={press}>Pay</Button>);
  const button = one<HTMLButtonElement>("button");
  button.focus();
  button.click();
  button.click();
  await settled();
  assert.deepEqual([times, button.getAttribute("aria-busy"), document.activeElement === button], [1, "true", true]);
  finish();
  await settled();
  button.click();
  assert.equal(times, 2);
});

test("a button that is disabled can be found, and does nothing", () => {
  let times = 0;
  show(
    <Button disabled onPress={() => (times += 1)}>
      Pay
    </Button>,
  );
  const button = one<HTMLButtonElement>("button");
  button.click();
  assert.deepEqual([times, button.disabled, button.getAttribute("aria-disabled")], [0, false, "true"]);
});

test("a field has its label, its hint and its error", () => {
  show(<Field label="Reason" value="" onInput={() => undefined} hint="In a few words" error="A reason is needed" />);
  const input = one<HTMLInputElement>("input");
  assert.equal(one<HTMLLabelElement>("label").htmlFor, input.id);
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ");
  assert.deepEqual(
    described.map((id) => document.getElementById(id)?.textContent),
    ["In a few words", "A reason is needed"],
  );
  assert.equal(input.getAttribute("aria-invalid"), "true");
});

test("a plot says the same as a table", () => {
  const points = [
    { label: "8:00", value: 3 },
    { label: "9:00", value: 7 },
  ];
  show(<BarPlot title="Orders" labels="Hour" values="Orders" points={points} />);
  assert.equal(one("svg").getAttribute("aria-label"), "Orders");
  assert.deepEqual(texts("tbody tr"), ["8:003", "9:007"]);
  const [low, high] = [...document.querySelectorAll("rect")].map((bar) => Number(bar.getAttribute("height")));
  assert(low && high && Math.abs(high / low - 7 / 3) < 0.01);
});

test("an error is said at once, with a way to try again", () => {
  let times = 0;
  show(<Failed error={new ApiError("offline", "", 0)} again={() => (times += 1)} />);
  assert.match(one("[role=alert]").textContent ?? "", /does not answer/);
  one("button").click();
  assert.equal(times, 1);
});

test("what is stale says for how long", () => {
  const status = { state: "stale", since: 5_000, loading: [], refused: [], online: true, signIn: false } as const;
  show(<LiveBadge status={status} now={() => 47_000} />);
  assert.match(one(".badge").textContent ?? "", /Stale for 42 sec/);
});

test("a toast is in a live region that was there before, and is closed by its button", async () => {
  show(<Toasts />);
  const region = one(".toasts");
  assert.equal(region.getAttribute("aria-live"), "polite");
  toast("It failed", "bad");
  await settled();
  assert.match(region.textContent ?? "", /It failed/);
  one(".toast button").click();
  await settled();
  assert.equal(region.textContent, "");
});

test("a bad toast stays until it is closed: plain ones that come later replace each other", async () => {
  stopClock();
  show(<Toasts />);
  toast("It failed", "bad");
  for (const text of ["One", "Two", "Three"]) toast(text);
  await passes(100);
  assert.deepEqual(texts(".toast p"), ["It failed", "Two", "Three"]);
  toast("It failed again", "bad");
  toast("It failed once more", "bad");
  toast("Four");
  await passes(100);
  assert.deepEqual(texts(".toast p"), ["It failed", "It failed again", "It failed once more", "Four"]);
  await passes(10_000);
  assert.deepEqual(texts(".toast p"), ["It failed", "It failed again", "It failed once more"]);
  for (const button of document.querySelectorAll<HTMLElement>(".toast button")) button.click();
  startClock();
});

test("of changes that come fast the latest is read out, not each", () => {
  const said: string[] = [];
  let wait = (): void => undefined;
  const tell = announcer(
    (text) => said.push(text),
    (run) => {
      wait = run;
    },
  );
  for (const count of [1, 2, 3]) tell(() => `${count} orders changed`);
  assert.deepEqual(said, ["1 orders changed"]);
  wait();
  assert.deepEqual(said, ["1 orders changed", "3 orders changed"]);
  wait();
  tell(() => "again");
  assert.deepEqual(said.at(-1), "again");
});
