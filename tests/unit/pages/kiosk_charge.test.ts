/** Charging an order at the kiosk: the invoice comes a moment later, and others may be faster. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { charge } from "../../../clients/kiosk/logic/charge.ts";
import { Api } from "../../../clients/pages/api/api.ts";
import { Intents } from "../../../clients/pages/api/intents.ts";
import { memory } from "./memory.ts";

type Answer = readonly [number, object];

const NOT_FOUND: Answer = [404, { code: "not_found" }];
const REFUSED: Answer = [409, { code: "refused" }];
const DONE: Answer = [200, {}];
const order = (paid: boolean, status = "approved"): Answer => [200, { order: { paid, status } }];

/** What came of it, and how often the mall was asked. */
async function charged(...answers: Answer[]): Promise<[unknown, number]> {
  let asked = 0;
  globalThis.fetch = async () => {
    asked += 1;
    const [status, body] = answers.shift() ?? NOT_FOUND;
    return new Response(JSON.stringify(body), { status });
  };
  const caller = { access: async () => "token", signedOut: () => undefined };
  const api = new Api("https://api", caller, new Intents(memory()));
  const what = await charge(api, "o", "charge o", async () => undefined).catch((error) => error.kind);
  return [typeof what === "object" ? what.status : what, asked];
}

test("an invoice that is not there yet is asked for again, for some seconds", async () => {
  assert.deepEqual(await charged(NOT_FOUND, NOT_FOUND, DONE), ["charged", 3]);
  assert.deepEqual(await charged(), ["soon", 4]);
});

test("after a refusal the order is read again: paid or ended is no failure", async () => {
  assert.deepEqual(await charged(REFUSED, order(true)), ["approved", 2]);
  assert.deepEqual(await charged(REFUSED, order(false, "cancelled")), ["cancelled", 2]);
  assert.deepEqual(await charged(NOT_FOUND, REFUSED, order(false)), ["refused", 3]);
});
