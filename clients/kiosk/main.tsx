/** The kiosk: one page, one customer at a time. */

import "../pages/design/design.css";
import "./kiosk.css";
import "./screens.css";
import { render } from "preact";
import { type Config, loadConfig } from "../pages/api/config.ts";
import { signInAs } from "../pages/sign_in/development.ts";
import { KioskSignIn } from "../pages/sign_in/SignIn.tsx";
import { Session } from "../pages/sign_in/session.ts";
import { locale } from "../pages/text/text.ts";
import { isOutdated, lookForNewer } from "../pages/versions.ts";
import { type Kiosk, kioskOf, quiet, tell } from "./kiosk.ts";
import { isArrow, move } from "./logic/arrows.ts";
import { active, beep, extend, rest } from "./logic/idle.ts";
import { busy, network, noteLost } from "./logic/network.ts";
import { findVoices, hush, listen, type Voice } from "./logic/speech.ts";
import { begin, begun, end, help, visit } from "./logic/visit.ts";
import { t } from "./texts.ts";
import { App } from "./views/App.tsx";

// In milliseconds: after which the mall is asked again while it does not answer, and a customer's session is looked at.
const LOOK_AGAIN = 5_000;
const STAY = 30_000;
const NEWER = 3_600_000; // after which a newer version is looked for while nobody is there
const VOLUMES = [0.35, 0.7, 1];

const voice: Voice = {
  on: () => visit.value.help.speech,
  language: () => locale.value,
  volume: () => VOLUMES[visit.value.help.volume - 1] ?? 1,
  aloud: () => visit.value.help.aloud,
  words: () => ({
    button: t("role.button"),
    heading: t("role.heading"),
    field: t("role.field"),
    unavailable: t("role.unavailable"),
    on: t("role.on"),
    empty: t("role.empty"),
    characters: (count) => t("role.characters", { count }),
  }),
};

const over = (): void => {
  byKeys(false);
  end();
  rest();
  hush();
  quiet();
  void takeUpNewer();
};

/** Goes on as the newest version of this page, unless somebody has begun. */
async function takeUpNewer(): Promise<void> {
  if (begun()) return;
  await lookForNewer();
  if (isOutdated.value && !begun()) location.reload();
}

const told = {
  mayWarn: () => !busy.value,
  warned: beep,
  over: () => {
    over();
    tell(t("over.done"));
  },
};

const somebody = (): void => {
  if (begun()) active(told);
  else rest();
};

/** Whether the focus is moved by keys now: then texts that have it show it. */
const byKeys = (now: boolean): void => {
  document.documentElement.toggleAttribute("data-keys", now);
};

/** The first arrow turns speech on: who cannot see has found the keys, and needs nothing else (EN 301 549, 5.1.2.2). */
function onKey(event: KeyboardEvent): void {
  if (isArrow(event.key) && !event.altKey && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    byKeys(true);
    const { screen, help: chosen } = visit.value;
    if (screen === "attract" && !chosen.speech) help({ speech: true });
    move(document, event.key);
  }
  somebody();
}

/** The focus is never nowhere: where its place was taken out, it goes to the heading. */
function keepFocus(page: HTMLElement): void {
  let last: Element | null = null;
  document.addEventListener("focusin", (event) => {
    last = event.target as Element;
  });
  new MutationObserver(() => {
    if (last?.isConnected !== false || document.activeElement !== document.body) return;
    page.querySelector<HTMLElement>("h1")?.focus();
  }).observe(page, { subtree: true, childList: true });
}

function start(kiosk: Kiosk, page: HTMLElement): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", () => {
    byKeys(false);
    somebody();
  });
  document.addEventListener("click", somebody);
  addEventListener("offline", noteLost);
  void kiosk.catalogue.refresh().catch(() => undefined);
  setInterval(() => {
    const { stores } = kiosk.catalogue.shop.value;
    if (network.value === "lost" || stores === null) void kiosk.catalogue.look().catch(() => undefined);
  }, LOOK_AGAIN);
  setInterval(() => void takeUpNewer(), NEWER);
  setInterval(() => void kiosk.stay().catch(() => undefined), STAY);
  keepFocus(page);
  findVoices();
  listen(document, voice);
  somebody();
  const more = (): void => extend(told);
  render(<App kiosk={kiosk} onEnd={over} onMoreTime={more} />, page);
}

/** On the local cloud, the kiosk's own user is there: it signs in by itself, also after a mall of before was removed. */
async function signIn(config: Config, session: Session): Promise<void> {
  const [user, ...others] = config.users.filter(({ role }) => role === "kiosk");
  if (session.presence.value === "in" || !user || others.length > 0) return;
  await signInAs(config, session, user);
}

async function open(page: HTMLElement): Promise<void> {
  const config = await loadConfig();
  const session = new Session(config, config.kioskClient, localStorage);
  await signIn(config, session).catch(() => undefined);
  begin(sessionStorage);
  let kiosk: Kiosk | null = null;
  session.presence.subscribe((presence) => {
    if (presence !== "in") {
      render(<KioskSignIn config={config} session={session} />, page);
      void signIn(config, session).catch(() => undefined);
    } else if (kiosk) location.reload();
    else {
      kiosk = kioskOf(config, session);
      start(kiosk, page);
    }
  });
}

const page = document.getElementById("page");
if (page) {
  open(page).catch(() => {
    page.textContent = t("attract.closed");
    // A kiosk has nobody who could load it again.
    setTimeout(() => location.reload(), LOOK_AGAIN);
  });
}
