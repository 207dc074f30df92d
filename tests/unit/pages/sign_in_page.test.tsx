/** The page on which a kiosk is signed in: what it tells the operator whom the pool does not let in. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { render } from "preact";
import { readConfig } from "../../../clients/pages/api/config.ts";
import { KioskSignIn } from "../../../clients/pages/sign_in/SignIn.tsx";
import { Session } from "../../../clients/pages/sign_in/session.ts";
import { until } from "./dom.ts";
import { memory } from "./memory.ts";

const CONFIG = readConfig({
  ...{ stage: "prod", api: "https://api", socket: "wss://socket", signIn: "https://login" },
  ...{ staffClient: "staff-app", kioskClient: "kiosk-app", identity: "https://pool" },
});

/** What the pool answers, one after the other: its refusal's code, a body, or nothing at all. */
type Answer = string | object | null;

let answers: Answer[] = [];

globalThis.fetch = async () => {
  const answer = answers.shift() ?? null;
  if (answer === null) throw new TypeError("no answer");
  if (typeof answer === "string") return new Response(JSON.stringify({ __type: answer }), { status: 400 });
  return new Response(JSON.stringify(answer));
};

const CHALLENGE = { ChallengeName: "NEW_PASSWORD_REQUIRED", Session: "s" };

const told = (): string => document.querySelector("[role=alert]")?.textContent ?? "";

function opens(users: readonly object[] = []): Session {
  const config = readConfig({ ...CONFIG, users });
  const session = new Session(config, "kiosk-app", memory());
  render(<KioskSignIn config={config} session={session} />, document.body);
  return session;
}

const send = (): boolean | undefined =>
  document.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));

afterEach(() => render(null, document.body));

test("an operator is told why a kiosk could not be signed in, and what to do", async () => {
  for (const [given, words] of [
    [["NotAuthorizedException"], /^That name and password do not fit/],
    [["com.amazonaws.cognito#UserNotFoundException"], /^That name and password do not fit/],
    [["TooManyRequestsException"], /^Too many attempts. Wait a moment/],
    [["PasswordResetRequiredException"], /ask for a new one-time password/],
    [["InvalidParameterException"], /“InvalidParameterException: .*”\. Tell the mall/],
    [[null], /^The mall does not answer/],
    [[CHALLENGE, null], /^The last answer was lost.*ask for a new one-time password/],
    [[CHALLENGE, "TooManyRequestsException"], /^Too many attempts. Wait a moment/],
  ] as [Answer[], RegExp][]) {
    opens();
    answers = given;
    send();
    await until(() => told() !== "");
    assert.match(told(), words);
    render(null, document.body);
  }
});

test("while it is tried again, nothing is told of the time before, and then who is signed in is", async () => {
  const session = opens();
  answers = ["NotAuthorizedException"];
  send();
  await until(() => told() !== "");
  answers = [CHALLENGE, { AuthenticationResult: { AccessToken: "t", RefreshToken: "r" } }];
  send();
  await until(() => told() === "" && session.presence.value === "in");
});

test("a user of a local mall that does not answer is not told as one that does not fit", async () => {
  opens([{ role: "kiosk", name: "kiosk", password: "p" }]);
  answers = [null];
  document.querySelector("button")?.click();
  await until(() => told().startsWith("The mall does not answer"));
});
