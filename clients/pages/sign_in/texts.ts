/** Why signing in failed, in words of what to do about it. */

import { shared } from "../text/shared.ts";
import { dictionary } from "../text/text.ts";
import { SignInError, SPENT } from "./pool.ts";

const texts = dictionary({
  en: {
    spent: "The last answer was lost. The one-time password may be used up: ask for a new one-time password.",
    reset: "This password is not valid any more: ask for a new one-time password.",
    refused: "The answer was “{detail}”. Tell the mall’s team.",
  },
  es: {
    spent: "La última respuesta se perdió. La contraseña de un solo uso puede estar gastada: pida otra.",
    reset: "Esta contraseña ya no es válida: pida otra de un solo uso.",
    refused: "La respuesta fue “{detail}”. Avise al equipo del centro.",
  },
});

const WORDS: Readonly<Record<string, () => string>> = {
  NotAuthorizedException: () => shared("signIn.failed"),
  UserNotFoundException: () => shared("signIn.failed"),
  TooManyRequestsException: () => shared("error.too_many"),
  LimitExceededException: () => shared("error.too_many"),
  TooManyFailedAttemptsException: () => shared("error.too_many"),
  PasswordResetRequiredException: () => texts("reset"),
  [SPENT]: () => texts("spent"),
};

/** What to tell who could not sign in. What is no word of the pool's is a pool that does not answer. */
export function signInWords(error: unknown): string {
  if (!(error instanceof SignInError)) return shared("error.offline");
  return WORDS[error.code]?.() ?? texts("refused", { detail: error.message });
}
