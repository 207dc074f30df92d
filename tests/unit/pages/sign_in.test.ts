/** Signing in: PKCE, tokens and where they are kept, renewal, signing out. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { readConfig } from "../../../clients/pages/api/config.ts";
import { signInAsNamed } from "../../../clients/pages/sign_in/development.ts";
import { byPassword, SignInError, type Tokens } from "../../../clients/pages/sign_in/pool.ts";
import { Session } from "../../../clients/pages/sign_in/session.ts";
import { callbackOf, loginAddress, logoutAddress, returned } from "../../../clients/pages/sign_in/staff.ts";
import { memory } from "./memory.ts";

const CONFIG = readConfig({
  stage: "local",
  api: "https://api",
  socket: "wss://socket",
  signIn: "https://login",
  staffClient: "staff-app",
  kioskClient: "kiosk-app",
  identity: "https://pool",
});
const HERE = "https://pages/console/index.html#/orders/7";

type Fields = Record<string, unknown>;

let asked: { url: string; body: string; target: string }[] = [];
let answers: [number, Fields][] = [];

globalThis.fetch = async (url, request) => {
  const headers = (request?.headers ?? {}) as Record<string, string>;
  asked.push({ url: String(url), body: String(request?.body), target: headers["x-amz-target"] ?? "" });
  const [status, body] = answers.shift() ?? [500, {}];
  return new Response(JSON.stringify(body), { status });
};

beforeEach(() => {
  asked = [];
  answers = [];
});

const tokenOf = (claims: Fields): string => `head.${btoa(JSON.stringify(claims))}.signature`;

const access = (minutes: number): string =>
  tokenOf({ exp: Date.now() / 1000 + minutes * 60, username: "clerk", "cognito:groups": ["staff"] });

const issued = (token: string, refresh?: string): [number, Fields] => [
  200,
  { AuthenticationResult: { AccessToken: token, ...(refresh ? { RefreshToken: refresh } : {}) } },
];

test("a user of several groups is shown with the highest, in whatever order the token has them", () => {
  for (const groups of [
    ["staff", "operator"],
    ["operator", "staff"],
  ]) {
    const session = new Session(CONFIG, "staff-app", memory());
    session.begin({ access: tokenOf({ username: "clerk", "cognito:groups": groups }), refresh: "r1" });
    assert.deepEqual(session.user, { name: "clerk", role: "operator" });
  }
});

test("the managed login gets a challenge and a state, and the address of this page alone", async () => {
  const store = memory();
  const address = new URL(await loginAddress(CONFIG, store, HERE));
  const query = Object.fromEntries(address.searchParams);
  assert.equal(address.origin + address.pathname, "https://login/oauth2/authorize");
  assert.deepEqual(
    [query.client_id, query.redirect_uri, query.code_challenge_method, query.response_type, query.scope],
    ["staff-app", "https://pages/console/", "S256", "code", "openid"],
  );
  const { verifier, state } = JSON.parse(store.getItem("sign-in") ?? "") as { verifier: string; state: string };
  assert.equal(query.state, state);
  assert(verifier.length >= 43 && state.length >= 43);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const challenge = btoa(String.fromCharCode(...new Uint8Array(digest)));
  assert.equal(query.code_challenge, challenge.replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, ""));
});

test("the code of our state is redeemed with the verifier, and the user is where they were", async () => {
  const store = memory();
  const session = new Session(CONFIG, "staff-app", store);
  const query = new URL(await loginAddress(CONFIG, store, HERE)).searchParams;
  answers = [[200, { access_token: access(5), refresh_token: "r1" }]];
  const back = `https://pages/console/?code=c-1&state=${query.get("state")}`;
  assert.equal(await returned(CONFIG, session, store, back), "https://pages/console/#/orders/7");
  const form = new URLSearchParams(asked[0]?.body);
  assert.deepEqual([form.get("code"), form.get("redirect_uri")], ["c-1", "https://pages/console/"]);
  assert.equal(session.presence.value, "in");
  assert.deepEqual(session.user, { name: "clerk", role: "staff" });
  assert.equal(await returned(CONFIG, session, store, back), null);
});

test("a code with another's state is not redeemed", async () => {
  const store = memory();
  const session = new Session(CONFIG, "staff-app", store);
  await loginAddress(CONFIG, store, HERE);
  assert.equal(await returned(CONFIG, session, store, "https://pages/console/?code=c&state=theirs"), null);
  assert.deepEqual([asked, session.presence.value], [[], "out"]);
});

test("a sign-in that the pool refused is an error", async () => {
  const store = memory();
  const query = new URL(await loginAddress(CONFIG, store, HERE)).searchParams;
  const back = `https://pages/console/?error=access_denied&state=${query.get("state")}`;
  await assert.rejects(() => returned(CONFIG, new Session(CONFIG, "a", store), store, back), SignInError);
});

test("an access token is in no store, and is used until a minute before its end", async () => {
  const store = memory();
  const session = new Session(CONFIG, "staff-app", store);
  const first = access(5);
  session.begin({ access: first, refresh: "r1" });
  assert.equal(await session.access(), first);
  assert(!store.all().some((text) => text.includes(first)));
  session.begin({ access: access(0.5), refresh: "r1" });
  answers = [issued(access(5), "r2")];
  await Promise.all([session.access(), session.access(), session.access()]);
  assert.equal(asked.length, 1);
  assert.equal(store.getItem("refresh token"), "r2");
});

test("a reload goes on with the refresh token", async () => {
  const store = memory();
  new Session(CONFIG, "staff-app", store).begin({ access: access(5), refresh: "r1" });
  const reloaded = new Session(CONFIG, "staff-app", store);
  assert.equal(reloaded.presence.value, "in");
  const next = access(5);
  answers = [issued(next)];
  assert.equal(await reloaded.access(), next);
  assert.match(asked[0]?.target ?? "", /GetTokensFromRefreshToken$/);
  assert.equal(store.getItem("refresh token"), "r1");
});

test("a pool that does not answer signs nobody out, one that refuses does", async () => {
  const store = memory();
  const session = new Session(CONFIG, "staff-app", store);
  session.begin({ access: access(0), refresh: "r1" });
  answers = [[503, {}]];
  await assert.rejects(() => session.access());
  assert.deepEqual([session.presence.value, store.getItem("refresh token")], ["in", "r1"]);
  answers = [[400, { __type: "NotAuthorizedException", message: "Refresh Token has been revoked" }]];
  assert.equal(await session.access(), null);
  assert.deepEqual([session.presence.value, store.getItem("refresh token")], ["ended", null]);
});

test("a pool that has no time, or says what nobody foresaw, signs nobody out; a token that is never good does", async () => {
  for (const [status, code, presence] of [
    [429, "TooManyRequestsException", "in"],
    [400, "TooManyRequestsException", "in"],
    [400, "com.amazonaws.cognito#InternalErrorException", "in"],
    [403, "", "in"],
    [400, "com.amazonaws.cognito#UserNotFoundException", "ended"],
    [400, "RefreshTokenReuseException", "ended"],
  ] as const) {
    const session = new Session(CONFIG, "staff-app", memory());
    session.begin({ access: access(0), refresh: "r1" });
    answers = [[status, { __type: code }], issued(access(5))];
    await session.access().catch(() => undefined);
    assert.equal(session.presence.value, presence, code);
    if (presence === "in") assert.notEqual(await session.access(), null, code);
  }
});

test("a kiosk's one-time password is replaced by one that nobody knows", async () => {
  answers = [[200, { ChallengeName: "NEW_PASSWORD_REQUIRED", Session: "s" }], issued(access(5), "r1")];
  const tokens = await byPassword(CONFIG, CONFIG.kioskClient, "kiosk-1", "once");
  assert.equal(tokens.refresh, "r1");
  const { ChallengeResponses } = JSON.parse(asked[1]?.body ?? "") as { ChallengeResponses: Record<string, string> };
  assert.match(ChallengeResponses.NEW_PASSWORD ?? "", /^aA1-[\w-]{32}$/);
  assert.notEqual(ChallengeResponses.NEW_PASSWORD, "once");
});

test("an address that names a development user signs in as that user, and does not stay", async () => {
  const users = [
    { role: "staff", name: "clerk", password: "p1" },
    { role: "kiosk", name: "kiosk", password: "p2" },
  ];
  const local = readConfig({ ...CONFIG, users });
  const session = new Session(local, "staff-app", memory());
  answers = [issued(access(5), "r1")];
  assert.equal(await signInAsNamed(local, session, "https://pages/console/#as=clerk"), "/console/");
  assert.equal(session.presence.value, "in");
  const { AuthParameters, ClientId } = JSON.parse(asked[0]?.body ?? "") as Fields;
  assert.deepEqual([ClientId, AuthParameters], ["staff-app", { USERNAME: "clerk", PASSWORD: "p1" }]);
});

test("an address signs in nobody whom config.json does not name, no kiosk, and nobody where the pool refuses", async () => {
  const local = readConfig({ ...CONFIG, users: [{ role: "kiosk", name: "kiosk", password: "p2" }] });
  for (const [config, hash] of [
    [CONFIG, "#as=clerk"],
    [local, "#as=kiosk"],
    [local, "#/orders/7"],
  ] as const) {
    const session = new Session(config, "staff-app", memory());
    const address = await signInAsNamed(config, session, `https://pages/console/${hash}`);
    assert.deepEqual([address, session.presence.value], [hash.startsWith("#as=") ? "/console/" : null, "out"]);
  }
  assert.deepEqual(asked, []);
  const refusing = readConfig({ ...CONFIG, users: [{ role: "staff", name: "clerk", password: "old" }] });
  const session = new Session(refusing, "staff-app", memory());
  answers = [[400, { __type: "NotAuthorizedException" }]];
  assert.equal(await signInAsNamed(refusing, session, "https://pages/console/#as=clerk"), "/console/");
  assert.equal(session.presence.value, "out");
});

test("a renewal that ends after the user signed out signs nobody in, and what it got is revoked", async () => {
  for (const next of [null, "theirs"]) {
    const store = memory();
    let answer = (_: Tokens): void => undefined;
    const renewing = (): Promise<Tokens> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const session = new Session(CONFIG, "staff-app", store, "refresh token", renewing);
    session.begin({ access: access(0), refresh: "r1" });
    const asking = session.access();
    answers = [
      [200, {}],
      [200, {}],
    ];
    asked = [];
    await session.end();
    if (next) session.begin({ access: access(5), refresh: next });
    answer({ access: access(5), refresh: "r2" });
    assert.equal(await asking.catch(() => "refused"), next ? "refused" : null);
    assert.deepEqual([session.presence.value, store.getItem("refresh token")], [next ? "in" : "out", next]);
    assert.deepEqual(
      asked.map(({ body }) => (JSON.parse(body) as Fields).Token),
      ["r1", "r2"],
    );
  }
});

test("to sign out forgets and revokes the token, also when the pool does not answer", async () => {
  const store = memory();
  const session = new Session(CONFIG, "staff-app", store);
  session.begin({ access: access(5), refresh: "r1" });
  answers = [[503, {}]];
  await session.end();
  assert.match(asked[0]?.target ?? "", /RevokeToken$/);
  assert.deepEqual([session.presence.value, store.all(), await session.access()], ["out", [], null]);
  assert.equal(
    logoutAddress(CONFIG, HERE),
    "https://login/logout?client_id=staff-app&logout_uri=https%3A%2F%2Fpages%2Fconsole%2F",
  );
  assert.equal(callbackOf("https://pages/console/?code=1#x"), "https://pages/console/");
});
