/** Requests: tokens, idempotency keys, versions, errors that a person understands, timeouts and retries. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Api, type Caller } from "../../../clients/pages/api/api.ts";
import { readConfig } from "../../../clients/pages/api/config.ts";
import { Intents } from "../../../clients/pages/api/intents.ts";
import { ApiError } from "../../../clients/pages/api/problem.ts";
import { errorWords } from "../../../clients/pages/text/shared.ts";
import { memory } from "./memory.ts";

interface Asked {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

let asked: Asked[] = [];
let answers: (Response | Error)[] = [];
let slept: number[] = [];

globalThis.fetch = async (url, request) => {
  const { method = "GET", headers, body } = request ?? {};
  asked.push({
    url: String(url),
    method,
    headers: headers as Record<string, string>,
    body: body as string | undefined,
  });
  const answer = answers.shift();
  if (answer === undefined || answer instanceof Error) throw answer ?? new TypeError("no answer was prepared");
  return answer;
};

beforeEach(() => {
  asked = [];
  answers = [];
  slept = [];
});

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

const problem = (status: number, code: string, detail = "", headers: Record<string, string> = {}): Response =>
  json({ code, detail, message: detail, status, title: "", type: "about:blank", instance: "/" }, status, headers);

function api(store = memory(), caller: Partial<Caller> = {}): Api {
  const usual: Caller = { access: async (renew) => (renew ? "renewed" : "token"), signedOut: () => undefined };
  const sleep = async (milliseconds: number): Promise<void> => {
    slept.push(milliseconds);
  };
  return new Api("https://api", { ...usual, ...caller }, new Intents(store), { sleep, random: () => 0.5 });
}

const refusal = async (asking: Promise<unknown>): Promise<ApiError> => {
  try {
    await asking;
  } catch (error) {
    assert(error instanceof ApiError);
    return error;
  }
  throw new Error("it was answered");
};

const keys = (): (string | undefined)[] => asked.map(({ headers }) => headers["idempotency-key"]);

test("a read names its path, its query and its token", async () => {
  answers = [json({ products: [] })];
  const found = await api().get("GET /api/stores/{storeId}/products", {
    path: { storeId: "a/b" },
    query: { limit: 5 },
  });
  assert.deepEqual(found, { products: [] });
  assert.equal(asked[0]?.url, "https://api/api/stores/a%2Fb/products?limit=5");
  assert.equal(asked[0]?.headers.authorization, "Bearer token");
});

test("a read that gets no answer is tried three times", async () => {
  answers = [new TypeError("cut"), problem(503, "unavailable"), json({ stores: [] })];
  assert.deepEqual(await api().get("GET /api/stores"), { stores: [] });
  assert.deepEqual(slept, [300, 1000]);
  answers = [new TypeError("cut"), new TypeError("cut"), new TypeError("cut")];
  assert.equal((await refusal(api().get("GET /api/stores"))).kind, "offline");
});

test("a retry waits as long as the API says, and is not made where that is too long", async () => {
  answers = [problem(503, "unavailable", "", { "retry-after": "2" }), json({ stores: [] })];
  await api().get("GET /api/stores");
  assert.deepEqual(slept, [2000]);
  answers = [problem(429, "too_many", "", { "retry-after": "60" })];
  const error = await refusal(api().get("GET /api/stores"));
  assert.deepEqual([error.kind, error.retryAfter, asked.length], ["too_many", 60, 3]);
});

test("a write without an intent is sent once", async () => {
  answers = [new TypeError("cut"), json({})];
  await refusal(api().get("PUT /api/stores/{id}/rebrand", { path: { id: "s" }, body: { name: "New" } }));
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.body, '{"name":"New"}');
});

test("a write with an intent has one key over retries, and another when it is meant again", async () => {
  const one = api();
  answers = [new TypeError("cut"), json({ id: "1" }), json({ id: "2" })];
  await one.get("POST /api/stores", { body: { name: "A", location: "B" }, intent: "open A" });
  await one.get("POST /api/stores", { body: { name: "A", location: "B" }, intent: "open A" });
  const [first, retried, again] = keys();
  assert(first);
  assert.equal(first, retried);
  assert.notEqual(again, first);
});

test("a key outlives a reload after a lost reply", async () => {
  const store = memory();
  answers = [new TypeError("1"), new TypeError("2"), new TypeError("3"), json({ id: "1" })];
  const order = { body: { paymentId: "p" }, path: { id: "basket" }, intent: "check out basket" };
  await refusal(api(store).ask("PUT /api/baskets/{id}/checkout", order));
  await api(store).ask("PUT /api/baskets/{id}/checkout", order);
  assert.equal(new Set(keys()).size, 1);
});

test("a key that is kept after success finds the first answer again, until the intent ends", async () => {
  const store = memory();
  const one = api(store);
  answers = [json({ id: "1" }), json({ id: "1" }), json({ id: "2" })];
  const order = { body: { customerId: "c", amount: 5 }, intent: "pay", keep: true } as const;
  await one.get("POST /api/payments", order);
  await api(store).get("POST /api/payments", order);
  one.intents.end("pay");
  await one.get("POST /api/payments", order);
  const [first, reloaded, next] = keys();
  assert.equal(first, reloaded);
  assert.notEqual(next, first);
});

test("another body under the same intent has another key", async () => {
  const store = memory();
  answers = [problem(400, "invalid", "no"), json({ id: "1" })];
  await refusal(api(store).get("POST /api/stores", { body: { name: "", location: "B" }, intent: "open" }));
  await api(store).get("POST /api/stores", { body: { name: "A", location: "B" }, intent: "open" });
  assert.equal(new Set(keys()).size, 2);
});

test("what is kept of an intent has nothing of what was sent", async () => {
  const store = memory();
  answers = [new TypeError("cut"), new TypeError("cut"), new TypeError("cut")];
  const body = { name: "Ada Reyes", smsNumber: "+15550100" };
  await refusal(api(store).get("POST /api/customers", { body, intent: "register" }));
  assert.equal(store.all().length, 1);
  assert(!store.all().some((text) => text.includes("Ada") || text.includes("5550100")));
});

test("a double tap is one request", async () => {
  const one = api();
  answers = [json({ id: "1" })];
  const meant = { body: { name: "A", location: "B" }, intent: "open A" };
  const [first, second] = await Promise.all([one.get("POST /api/stores", meant), one.get("POST /api/stores", meant)]);
  assert.deepEqual([first, second, asked.length], [{ id: "1" }, { id: "1" }, 1]);
});

test("a version is handed out, and asked for again", async () => {
  answers = [json({ order: {} }, 200, { etag: '"7"' }), problem(412, "stale"), new Response(null, { status: 304 })];
  const { etag } = await api().ask("GET /api/ordering/{id}", { path: { id: "o" } });
  assert.equal(etag, '"7"');
  const changed = api().ask("DELETE /api/ordering/{id}", { path: { id: "o" }, body: { reason: "" }, ifMatch: '"7"' });
  assert.equal((await refusal(changed)).kind, "stale");
  assert.equal(asked[1]?.headers["if-match"], '"7"');
  const same = await api().ask("GET /api/ordering/{id}", { path: { id: "o" }, ifNoneMatch: '"7"' });
  assert.equal(same.data, null);
});

test("a token that is refused is renewed once; when that is refused too, one must sign in again", async () => {
  answers = [problem(401, "unauthenticated"), json({ stores: [] })];
  await api().get("GET /api/stores");
  assert.deepEqual(
    asked.map(({ headers }) => headers.authorization),
    ["Bearer token", "Bearer renewed"],
  );
  let out = 0;
  const signedOut = (): void => {
    out += 1;
  };
  answers = [json({ message: "Unauthorized" }, 401), json({ message: "Unauthorized" }, 401)];
  assert.equal((await refusal(api(memory(), { signedOut }).get("GET /api/stores"))).kind, "unauthenticated");
  assert.equal(out, 1);
  await refusal(api(memory(), { signedOut, access: async () => null }).get("GET /api/stores"));
  assert.equal(out, 2);
});

test("an answer that is no problem document is known by its status", async () => {
  answers = [
    new Response("<html>", { status: 502 }),
    new Response("", { status: 502 }),
    new Response("", { status: 502 }),
  ];
  assert.equal((await refusal(api().get("GET /api/stores"))).kind, "unavailable");
});

test("errors are told in words, in the language of the page", () => {
  const stale = errorWords({ kind: "stale", detail: "version 7", correlation: "" });
  assert.match(stale, /Somebody else changed this/);
  assert.equal(
    errorWords({ kind: "invalid", detail: "the name is blank.", correlation: "" }),
    "This was not accepted: the name is blank.",
  );
  assert.match(errorWords({ kind: "internal_error", detail: "", correlation: "c-1" }), /c-1/);
});

test("config.json is refused when it lacks something", () => {
  const told = {
    stage: "s",
    api: "https://a/",
    socket: "w",
    signIn: "i",
    staffClient: "a",
    kioskClient: "b",
    identity: "c",
  };
  assert.deepEqual([readConfig(told).api, readConfig(told).users], ["https://a", []]);
  assert.throws(() => readConfig({ ...told, socket: undefined }), /config.json has no socket/);
});
