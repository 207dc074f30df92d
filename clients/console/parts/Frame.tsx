/** What is around every view: names of places, search, the live badge, who is signed in, and the keys. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { LiveBadge } from "../../pages/design/Badge.tsx";
import { Button } from "../../pages/design/Button.tsx";
import { moveFocus, useShortcuts } from "../../pages/design/keys.ts";
import { Notice } from "../../pages/design/states.tsx";
import { logoutAddress } from "../../pages/sign_in/staff.ts";
import { choose, clockTime, LANGUAGES, language, number } from "../../pages/text/text.ts";
import { isOutdated } from "../../pages/versions.ts";
import { useConsole } from "../context.ts";
import { holdsPersonal } from "../drafts.ts";
import { useGroups, useIsOperator } from "../operations.ts";
import { useProblems } from "../problems.ts";
import { route, to } from "../route.ts";
import { texts } from "../texts/texts.ts";
import { Help } from "./Help.tsx";
import { SearchBox } from "./SearchBox.tsx";
import { useAnnounced } from "./useAnnounced.ts";

const PLACES = ["orders", "depot", "robots", "payments", "customers", "stores", "problems", "figures"] as const;
const OF_OPERATORS = [...PLACES, "operations"] as const;

export function Frame({ children }: { readonly children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const [help, setHelp] = useState(false);
  const shortcuts = useMemo(
    () => ({
      "/": (event: KeyboardEvent) => {
        event.preventDefault();
        search.current?.focus();
      },
      j: () => main.current && moveFocus(main.current, "[data-item]", 1),
      k: () => main.current && moveFocus(main.current, "[data-item]", -1),
      "?": () => setHelp(true),
    }),
    [],
  );
  useShortcuts(shortcuts, !help);
  useFocusOnMove(main);
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: a link to a part of this page, whose address names the view instead */}
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {texts("skip")}
      </a>
      <header class="top">
        <div class="top-row">
          <strong class="brand">MallBots</strong>
          <SearchBox input={search} />
          <Who onHelp={() => setHelp(true)} />
        </div>
        <Places />
      </header>
      <main class="page stack" id="main" ref={main} tabIndex={-1}>
        <NewVersion />
        <NotLive />
        {children}
      </main>
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

/** After another view was opened, a screen reader begins at its beginning. At once: the user may go on to the search. */
function useFocusOnMove(main: preact.RefObject<HTMLElement | null>): void {
  const path = route.value.parts.join("/");
  const before = useRef(path);
  useLayoutEffect(() => {
    if (before.current === path) return;
    before.current = path;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [path, main]);
}

const LOOKS = 60_000; // milliseconds

function Places() {
  const here = route.value.parts[0] ?? "orders";
  const problems = useProblems(LOOKS);
  const isOperator = useIsOperator();
  useAnnounced(problems === null ? null : { count: problems }, (told) => texts("problems.announced", told));
  return (
    <nav aria-label={texts("places")}>
      <ul class="plain places">
        {(isOperator ? OF_OPERATORS : PLACES).map((place) => (
          <li key={place}>
            <a href={to(place)} aria-current={place === here ? "page" : undefined}>
              {texts(`place.${place}`)}{" "}
              {place === "problems" && problems !== null && problems > 0 && (
                <span class="count">{number(problems)}</span>
              )}
              {place === "operations" && <OpenGroups />}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How many groups of dead letters are open. */
function OpenGroups() {
  const groups = useGroups("open", LOOKS).data?.groups ?? [];
  return groups.length > 0 ? <span class="count">{number(groups.length)}</span> : null;
}

function Who({ onHelp }: { readonly onHelp: () => void }) {
  const { live, session, config } = useConsole();
  const leave = async (): Promise<void> => {
    await session.end();
    if (config.users.length === 0) location.assign(logoutAddress(config, location.href));
  };
  return (
    <div class="who">
      <LiveBadge status={live.status.value} now={() => live.now()} />
      <select
        aria-label={texts("language")}
        value={language.value}
        onChange={(event) => choose(event.currentTarget.value as (typeof LANGUAGES)[number])}
      >
        {LANGUAGES.map((one) => (
          <option key={one} value={one}>
            {new Intl.DisplayNames([one], { type: "language" }).of(one)}
          </option>
        ))}
      </select>
      <Button kind="quiet" label={texts("help")} onPress={onHelp}>
        ?
      </Button>
      <Button kind="quiet" onPress={leave}>
        {texts("signOut")}
      </Button>
    </div>
  );
}

/** Says that what is shown is not live, and of when it is. */
function NotLive() {
  const { state, since } = useConsole().live.status.value;
  if (state !== "stale" || since === null) return null;
  return <Notice kind="warn">{texts("stale", { time: clockTime(since) })}</Notice>;
}

/** A newer version was deployed: this one goes on, and the user says when. */
function NewVersion() {
  if (!isOutdated.value) return null;
  const waits = holdsPersonal.value;
  return (
    <Notice>
      <div class="row">
        <p class="grow">{texts(waits ? "version.waits" : "version.new")}</p>
        <Button disabled={waits} onPress={() => location.reload()}>
          {texts("version.reload")}
        </Button>
      </div>
    </Notice>
  );
}
