/** A page that stays open finds out that another was deployed, or that the mall moved. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { loadConfig } from "../../../clients/pages/api/config.ts";
import { isOutdated, lookForNewer } from "../../../clients/pages/versions.ts";
import "./dom.ts";

const CONFIG = {
  ...{ stage: "prod", api: "https://api", socket: "wss://live", signIn: "https://login" },
  ...{ staffClient: "staff-app", kioskClient: "kiosk-app", identity: "https://pool" },
};
const index = (script: string): string => `<script type="module" src="./${script}"></script>`;

/** What is deployed; null: it does not answer. */
let deployed: { index: string | null; config: string | null };

globalThis.fetch = async (url) => {
  const text = String(url).endsWith("config.json") ? deployed.config : deployed.index;
  if (text === null) throw new TypeError("no answer");
  return new Response(text);
};

beforeEach(async () => {
  deployed = { index: index("main-AB12CD34.js"), config: JSON.stringify(CONFIG) };
  document.body.innerHTML = index("main-AB12CD34.js");
  isOutdated.value = false;
  await loadConfig();
});

test("a deploy that changes only what the pages are told is noticed, and so is one that takes it back", async () => {
  await lookForNewer();
  assert(!isOutdated.value);
  deployed.config = JSON.stringify({ ...CONFIG, api: "https://another" });
  await lookForNewer();
  assert(isOutdated.value);
  deployed.config = JSON.stringify(CONFIG);
  await lookForNewer();
  assert(!isOutdated.value);
});

test("another script is noticed, also while config.json does not come, and the other way round", async () => {
  deployed = { index: index("main-EF56GH78.js"), config: null };
  await lookForNewer();
  assert(isOutdated.value);
  isOutdated.value = false;
  deployed = { index: null, config: JSON.stringify({ ...CONFIG, stage: "next" }) };
  await lookForNewer();
  assert(isOutdated.value);
});

test("an answer that is none tells nothing", async () => {
  for (const before of [false, true]) {
    for (const config of [null, "<p>Sign in to this network</p>", "{}", JSON.stringify(CONFIG)]) {
      isOutdated.value = before;
      deployed = { index: "<p>Not this page</p>", config };
      await lookForNewer();
      assert.equal(isOutdated.value, before, config ?? "no answer");
    }
  }
});
