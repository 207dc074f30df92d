/** The user pool as its apps ask it: tokens for a password, a code or a refresh token. No AWS credentials are needed.
 *
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
 * https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
 */

import type { Config } from "../api/config.ts";

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

/** What the pool says of a refresh token that is never good again; the last is OAuth's word (RFC 6749, 5.2). */
const FINAL = ["NotAuthorizedException", "UserNotFoundException", "RefreshTokenReuseException", "invalid_grant"];

/** Our own code: whether a one-time password was replaced is unknown, since the response was lost. */
export const SPENT = "spent";

/** The pool refused; `code` is its word for why. A pool that does not answer throws TypeError, as fetch does. */
export class SignInError extends Error {
  override readonly name = "SignInError";

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }

  /** Whether the user must sign in again. Any other refusal, such as TooManyRequestsException, passes. */
  get isFinal(): boolean {
    return FINAL.includes(this.code);
  }
}

type Fields = Record<string, unknown>;

const WITHIN = 10_000; // milliseconds

/** Signs in by a password. A one-time password is replaced at once by `next`, which is not shown.
 *
 * Throws SignInError; of the code SPENT where the one-time password may have been replaced, and no tokens came.
 */
export async function byPassword(
  config: Config,
  client: string,
  name: string,
  password: string,
  next: () => string = randomPassword,
): Promise<Tokens> {
  const parameters = { USERNAME: name, PASSWORD: password };
  const asked = { ClientId: client, AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: parameters };
  const answer = await call(config, "InitiateAuth", asked);
  if (answer.ChallengeName === undefined) return tokens(answer.AuthenticationResult);
  if (answer.ChallengeName !== "NEW_PASSWORD_REQUIRED") {
    throw new SignInError(String(answer.ChallengeName), "the pool asks for more than a password");
  }
  const replaced = await call(config, "RespondToAuthChallenge", {
    ClientId: client,
    ChallengeName: answer.ChallengeName,
    ChallengeResponses: { USERNAME: name, NEW_PASSWORD: next() },
    Session: answer.Session,
  }).catch((error: unknown) => {
    throw error instanceof SignInError ? error : new SignInError(SPENT, "the pool did not answer the next password");
  });
  return tokens(replaced.AuthenticationResult);
}

/** The next tokens: in an app whose refresh tokens rotate it is another too, and the one before ends in a minute. */
export async function byRefresh(config: Config, client: string, refresh: string): Promise<Tokens> {
  const answer = await call(config, "GetTokensFromRefreshToken", { ClientId: client, RefreshToken: refresh });
  return tokens(answer.AuthenticationResult, refresh);
}

/** Tokens for the code with which the managed login sent the browser back. */
export async function byCode(config: Config, code: string, verifier: string, callback: string): Promise<Tokens> {
  const response = await fetch(`${config.signIn}/oauth2/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: config.staffClient,
      code,
      redirect_uri: callback,
      code_verifier: verifier,
    }),
    credentials: "omit",
    signal: AbortSignal.timeout(WITHIN),
  });
  const answer = (await response.json()) as Fields;
  if (!response.ok) throw new SignInError(String(answer.error ?? ""), String(answer.error_description ?? ""));
  return { access: String(answer.access_token), refresh: String(answer.refresh_token) };
}

/** Ends a refresh token, and what was issued by it. */
export async function revoke(config: Config, client: string, refresh: string): Promise<void> {
  await call(config, "RevokeToken", { ClientId: client, Token: refresh });
}

async function call(config: Config, operation: string, body: Fields): Promise<Fields> {
  const response = await fetch(config.identity, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify(body),
    credentials: "omit",
    signal: AbortSignal.timeout(WITHIN),
  });
  const text = await response.text();
  if (response.status >= 500) throw new TypeError(`the pool answers ${response.status}`);
  const answer = (text === "" ? {} : JSON.parse(text)) as Fields;
  if (response.ok) return answer;
  const code =
    String(answer.__type ?? "")
      .split("#")
      .at(-1) ?? "";
  throw new SignInError(code, String(answer.message ?? ""));
}

function tokens(result: unknown, refresh = ""): Tokens {
  const { AccessToken, RefreshToken } = (result ?? {}) as { AccessToken?: string; RefreshToken?: string };
  if (!AccessToken) throw new SignInError("none", "the pool issued no token");
  return { access: AccessToken, refresh: RefreshToken ?? refresh };
}

/** Random, and of every kind of character that the pool's policy asks for. */
function randomPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return `aA1-${base64url(bytes)}`;
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}
