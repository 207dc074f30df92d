/** Who is signed in on a page: an access token in memory, and a refresh token that gets the next (docs/adr/0046).
 *
 * Staff: the refresh token is in sessionStorage, so it survives a reload and a deploy, and ends with the tab.
 * Kiosk: in localStorage, since a kiosk that starts again in the night has nobody who could sign it in.
 */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Caller } from "../api/api.ts";
import type { Config } from "../api/config.ts";
import type { Keep } from "../api/intents.ts";
import { byRefresh, revoke, SignInError, type Tokens } from "./pool.ts";

/** The first of these groups that a user is in is the role, as the API judges (functions/gateway/pool.py). */
const ROLES = ["operator", "staff", "kiosk"];
const SOON = 60_000; // milliseconds before its end at which an access token is replaced

/** in: there is a user. out: nobody was. ended: there was one, and the tokens are refused. */
export type Presence = "in" | "out" | "ended";

export class Session implements Caller {
  readonly presence: ReadonlySignal<Presence>;
  private readonly shown = signal<Presence>("out");
  private token = "";
  private renewal: Promise<string | null> | null = null;
  /** Raised when another user, or nobody, is signed in: what was under way for the one before is not kept. */
  private generation = 0;

  /** client: the app's id in the pool. place: the name under which the store keeps the refresh token. */
  constructor(
    private readonly config: Config,
    private readonly client: string,
    private readonly store: Keep,
    private readonly place = "refresh token",
    private readonly refresh: typeof byRefresh = byRefresh,
  ) {
    this.presence = this.shown;
    if (store.getItem(place) !== null) this.shown.value = "in";
  }

  begin(tokens: Tokens): void {
    this.generation += 1;
    this.keep(tokens);
  }

  private keep(tokens: Tokens): void {
    this.token = tokens.access;
    this.store.setItem(this.place, tokens.refresh);
    this.shown.value = "in";
  }

  /** The name and group of who is signed in, for the page to show; the API judges by itself. */
  get user(): { name: string; role: string } | null {
    const claims = claimsOf(this.token);
    if (!claims) return null;
    const groups = Array.isArray(claims["cognito:groups"]) ? claims["cognito:groups"] : [];
    return { name: String(claims.username ?? ""), role: ROLES.find((role) => groups.includes(role)) ?? "" };
  }

  /** An access token that is good for another minute at least; null where nobody is signed in.
   *
   * Throws where the pool does not answer, or has no time for it: the user is still signed in then.
   */
  access = async (renew = false): Promise<string | null> => {
    if (!renew && (claimsOf(this.token)?.exp ?? 0) * 1000 > Date.now() + SOON) return this.token;
    this.renewal ??= this.renewed().finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  };

  signedOut = (): void => {
    if (this.shown.value === "in") this.shown.value = "ended";
    this.forget();
  };

  /** Ends the session here and in the pool. */
  async end(): Promise<void> {
    const refresh = this.store.getItem(this.place);
    this.forget();
    this.shown.value = "out";
    if (refresh !== null) await revoke(this.config, this.client, refresh).catch(() => undefined);
  }

  private forget(): void {
    this.generation += 1;
    this.token = "";
    this.store.removeItem(this.place);
  }

  private async renewed(): Promise<string | null> {
    const kept = this.store.getItem(this.place);
    if (kept === null) return null;
    const { generation } = this;
    const tokens = await this.refresh(this.config, this.client, kept).catch((error: unknown) => {
      if (error instanceof SignInError && error.isFinal) return null;
      throw error;
    });
    if (generation !== this.generation) {
      if (tokens) await revoke(this.config, this.client, tokens.refresh).catch(() => undefined);
      if (this.store.getItem(this.place) === null) return null;
      throw new Error("another user has signed in meanwhile");
    }
    if (tokens) this.keep(tokens);
    else this.signedOut();
    return this.token || null;
  }
}

interface Claims {
  readonly exp?: number;
  readonly username?: string;
  readonly "cognito:groups"?: unknown;
}

/** What a token says, unverified: for when to renew it and whose name to show. Null for what is no token. */
function claimsOf(token: string): Claims | null {
  const part = token.split(".")[1];
  if (!part) return null;
  try {
    return JSON.parse(atob(part.replace(/-/g, "+").replace(/_/g, "/"))) as Claims;
  } catch {
    return null;
  }
}
