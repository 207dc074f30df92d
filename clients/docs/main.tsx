/** The API page: Scalar from this origin alone, for the API that config.json names, with the caller's token. */

import "./docs.css";
import { useSignal } from "@preact/signals";
import { render } from "preact";
import { type Config, loadConfig } from "../pages/api/config.ts";
import { Failed } from "../pages/design/states.tsx";
import { signInAsNamed } from "../pages/sign_in/development.ts";
import { DevelopmentUsers } from "../pages/sign_in/SignIn.tsx";
import { Session } from "../pages/sign_in/session.ts";
import { texts } from "./texts.ts";

/** What Scalar's script, which the build puts before this one, adds to the window. */
declare const Scalar: { createApiReference(place: Element, configuration: object): void };

const RENEWED = 60_000; // milliseconds: a token lives for five minutes
const NONE_TYPED = /^(Bearer)?\s*$/; // as Scalar sends it, where a route needs a token and none was typed into its field

/** The newest token of who is signed in in this tab, here or on the console; "" where nobody is. */
let token = "";

async function renew(session: Session): Promise<void> {
  try {
    token = (await session.access()) ?? "";
  } catch {
    // The pool does not answer: the token goes on for a while.
  }
}

/** Who asks. On the local cloud one may choose; elsewhere staff sign in on the console, in this tab. */
function Caller({ config, session }: { readonly config: Config; readonly session: Session }) {
  const open = useSignal(false);
  if (session.presence.value === "in") {
    void renew(session);
    return <p>{texts("caller.in")}</p>;
  }
  if (config.users.length === 0) {
    return (
      <p>
        {texts("caller.out")} <a href="../console/">{texts("caller.console")}</a>
      </p>
    );
  }
  return (
    <details open={open.value}>
      <summary>{texts("caller.choose")}</summary>
      <DevelopmentUsers config={config} session={session} />
    </details>
  );
}

async function show(bar: Element, page: Element): Promise<void> {
  const config = await loadConfig();
  const session = new Session(config, config.staffClient, sessionStorage);
  const address = await signInAsNamed(config, session, location.href);
  if (address !== null) history.replaceState(null, "", address);
  render(<Caller config={config} session={session} />, bar);
  setInterval(() => void renew(session), RENEWED);
  const response = await fetch(`${config.api}/api/openapi.json`);
  const document: unknown = await response.json();
  Scalar.createApiReference(page, {
    content: document,
    servers: [{ url: config.api }],
    // Nothing is asked of anybody but the API.
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    showDeveloperTools: "never",
    hideClientButton: true,
    persistAuth: false,
    onBeforeRequest: ({ request }: { request: Request }) => {
      const typed = request.headers.get("authorization") ?? "";
      if (token !== "" && NONE_TYPED.test(typed)) {
        request.headers.set("authorization", `Bearer ${token}`);
      }
    },
  });
}

const bar = document.getElementById("caller");
const page = document.getElementById("page");
if (bar && page) show(bar, page).catch((error: unknown) => render(<Failed error={error} />, page));
