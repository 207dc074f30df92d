/** The staff's console: starts with config.json, and shows the sign-in or the console. */

import "../pages/design/design.css";
import "./views.css";
import "./robots.css";
import "./operations.css";
import "./map.css";
import "./frame.css";
import "./console.css";
import { render } from "preact";
import { Api } from "../pages/api/api.ts";
import { type Config, loadConfig } from "../pages/api/config.ts";
import { Intents } from "../pages/api/intents.ts";
import { Failed } from "../pages/design/states.tsx";
import { Live } from "../pages/live/connection.ts";
import { Session } from "../pages/sign_in/session.ts";
import { choose, language } from "../pages/text/text.ts";
import { App } from "./App.tsx";
import { comeBack } from "./comeBack.ts";
import type { Context } from "./context.ts";
import { followUser } from "./drafts.ts";

function contextOf(config: Config): Context {
  const session = new Session(config, config.staffClient, sessionStorage);
  const api = new Api(config.api, session, new Intents(sessionStorage));
  const live = new Live({ url: config.socket, token: session.access });
  return { config, session, api, live };
}

async function start(place: Element): Promise<void> {
  choose(language.value, false);
  const context = contextOf(await loadConfig());
  await comeBack(context);
  followUser(context.session);
  render(<App {...context} />, place);
}

const place = document.getElementById("page");
if (place)
  start(place).catch((error: unknown) => render(<Failed error={error} again={() => location.reload()} />, place));
