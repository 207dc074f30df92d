/** A customer's session at the kiosk: renewed while it is good, and honestly over when it is too late. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type Customer, customerOf } from "../../../clients/kiosk/logic/customer.ts";
import { follow } from "../../../clients/kiosk/logic/follow.ts";
import { begin, change } from "../../../clients/kiosk/logic/visit.ts";
import { Intents } from "../../../clients/pages/api/intents.ts";
import "./dom.ts";
import { memory } from "./memory.ts";

const MINUTE = 60_000;

/** The session that the mall takes, the next one, and whether it answers a renewal. */
let good = "";
let renewals: string[] = [];
let answers = true;
let mine: Customer;

const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * MINUTE).toISOString();

globalThis.fetch = async (url, request = {}) => {
  const { authorization } = request.headers as Record<string, string>;
  const renewing = String(url).endsWith("/sessions");
  if (renewing) renewals.push(authorization ?? "");
  if (renewing && !answers) throw new TypeError("no answer");
  if (authorization !== `Bearer ${good}`) return new Response('{"code":"unauthenticated"}', { status: 401 });
  if (!renewing) return new Response('{"order":{"status":"pending"}}');
  good = `${good}+`;
  return new Response(JSON.stringify({ token: good, expiresAt: inMinutes(15) }));
};

beforeEach(() => {
  good = "session";
  renewals = [];
  answers = true;
  begin({ ...memory(), clear: () => undefined });
  mine = customerOf("https://api", new Intents(memory()));
});

const held = (minutes: number): void => change({ customerId: "ada", token: "session", expiresAt: inMinutes(minutes) });

test("a session that ends within two minutes is renewed, by its own token, and once for requests side by side", async () => {
  held(3);
  assert.equal(await mine.access(), "session");
  held(1);
  const ask = () => mine.api.get("GET /api/ordering/{id}", { path: { id: "o" } });
  await Promise.all([ask(), ask(), mine.access()]);
  assert.deepEqual(renewals, ["Bearer session"]);
  assert.equal(await mine.access(), "session+");
  assert.equal(renewals.length, 1);
});

test("a renewal that gets no answer leaves the session that is still good", async () => {
  held(1);
  answers = false;
  assert.equal(await mine.access(), "session");
});

test("a session that is over is told as over, not as a network that is lost", async () => {
  held(-1);
  good = "another";
  await assert.rejects(mine.api.get("GET /api/ordering/{id}", { path: { id: "o" } }), { kind: "unauthenticated" });
  const told: string[] = [];
  const says = {
    changed: () => told.push("changed"),
    heard: () => told.push("heard"),
    ended: () => told.push("ended"),
  };
  await follow(mine.api, "o", says, new AbortController().signal);
  assert.deepEqual(told, ["ended"]);
});
