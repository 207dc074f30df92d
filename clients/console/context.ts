/** What every view of the console works with. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Api } from "../pages/api/api.ts";
import type { Config } from "../pages/api/config.ts";
import type { Live } from "../pages/live/connection.ts";
import type { Session } from "../pages/sign_in/session.ts";

export interface Context {
  readonly config: Config;
  readonly session: Session;
  readonly api: Api;
  readonly live: Live;
}

export const Place = createContext<Context | null>(null);

export function useConsole(): Context {
  const context = useContext(Place);
  if (!context) throw new Error("outside of the console");
  return context;
}
