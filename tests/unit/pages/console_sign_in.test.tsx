/** The console after a sign-in from which the browser comes back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "preact";
import { comeBack } from "../../../clients/console/comeBack.ts";
import { readConfig } from "../../../clients/pages/api/config.ts";
import { Toasts } from "../../../clients/pages/design/toasts.tsx";
import { Session } from "../../../clients/pages/sign_in/session.ts";
import { settled } from "./dom.ts";

const CONFIG = readConfig({
  ...{ stage: "test", api: "https://api", socket: "wss://socket", signIn: "https://login", staffClient: "staff-app" },
  ...{ kioskClient: "kiosk-app", identity: "https://pool" },
});

/** Comes back with this in its address, and answers what the page then says. */
async function told(query: string): Promise<string> {
  sessionStorage.setItem("sign-in", JSON.stringify({ state: "s1", verifier: "v", hash: "#/depot" }));
  history.replaceState(null, "", `/console/?state=s1&${query}`);
  const session = new Session(CONFIG, CONFIG.staffClient, sessionStorage);
  await comeBack({ config: CONFIG, session });
  render(<Toasts />, document.body);
  await settled();
  const text = document.querySelector(".toast p")?.textContent ?? "";
  document.querySelector<HTMLElement>(".toast button")?.click();
  assert.deepEqual([session.presence.value, location.pathname, location.search], ["out", "/console/", ""]);
  return text;
}

test("a sign-in that was refused is told as one that failed, with its reason", async () => {
  const text = await told("error=access_denied&error_description=The+user+is+disabled");
  assert.equal(text, "Sign-in failed. The answer was “access_denied: The user is disabled”. Tell the mall’s team.");
});

test("a sign-in whose code nobody could take is told as one that failed, since nothing answers", async () => {
  globalThis.fetch = async () => {
    throw new TypeError("fetch failed");
  };
  assert.match(await told("code=c1"), /^Sign-in failed\. The mall does not answer\./);
});
