/** Staff sign in by the pool's managed login: an authorization code with PKCE, which this page alone can redeem.
 *
 * https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
 */

import type { Config } from "../api/config.ts";
import type { Keep } from "../api/intents.ts";
import { base64url, byCode, SignInError } from "./pool.ts";
import type { Session } from "./session.ts";

const STARTED = "sign-in";
const SCOPES = "openid";

interface Started {
  readonly state: string;
  readonly verifier: string;
  /** Where the user was. */
  readonly hash: string;
}

/** The address of this page alone: the pool compares it whole with those of the app. */
export const callbackOf = (address: string): string => address.replace(/[?#].*$/, "").replace(/index\.html$/, "");

/** The address of the managed login to go to; what belongs to it is kept in the tab until the browser is back. */
export async function loginAddress(config: Config, store: Keep, here: string): Promise<string> {
  const started: Started = { state: random(), verifier: random(48), hash: new URL(here).hash };
  store.setItem(STARTED, JSON.stringify(started));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(started.verifier));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.staffClient,
    redirect_uri: callbackOf(here),
    scope: SCOPES,
    state: started.state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  return `${config.signIn}/oauth2/authorize?${query}`;
}

/** Ends a sign-in where the browser comes back from one: answers the address to show in its place, or null.
 *
 * A code counts only with the state that this tab sent. Throws SignInError.
 */
export async function returned(config: Config, session: Session, store: Keep, here: string): Promise<string | null> {
  const query = new URL(here).searchParams;
  const kept = store.getItem(STARTED);
  if (!query.has("state") || kept === null) return null;
  const started = JSON.parse(kept) as Started;
  if (query.get("state") !== started.state) return null;
  store.removeItem(STARTED);
  const code = query.get("code");
  if (code === null) throw new SignInError(query.get("error") ?? "", query.get("error_description") ?? "");
  session.begin(await byCode(config, code, started.verifier, callbackOf(here)));
  return callbackOf(here) + started.hash;
}

/** The address at which the managed login forgets the user too, and sends the browser back here. */
export function logoutAddress(config: Config, here: string): string {
  const query = new URLSearchParams({ client_id: config.staffClient, logout_uri: callbackOf(here) });
  return `${config.signIn}/logout?${query}`;
}

const random = (bytes = 32): string => base64url(crypto.getRandomValues(new Uint8Array(bytes)));
