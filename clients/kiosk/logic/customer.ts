/** Who the customer is: a new one who registers, or one who comes back and proves the phone by a one-time code. */

import type { Api, Caller } from "../../pages/api/api.ts";
import type { Intents } from "../../pages/api/intents.ts";
import type { Language } from "../../pages/text/text.ts";
import { NotedApi } from "./network.ts";
import { change, still, visit } from "./visit.ts";

const SOON = 120_000; // milliseconds before its end at which a session is renewed; it has 15 minutes

/** Digits as typed, or null for what is no phone number (E.164 has at most 15 digits). */
export function phoneOf(text: string): string | null {
  const number = text.replace(/[^\d+]/g, "");
  return /^\+?\d{7,15}$/.test(number) ? number : null;
}

/** Registers a customer with this kiosk, and opens a session. Throws ApiError. */
export async function register(kiosk: Api, name: string, smsNumber: string, language: Language): Promise<void> {
  const { id } = visit.value;
  const body = { name, smsNumber, language };
  const created = await kiosk.get("POST /api/customers", { body, intent: `${id} register`, keep: true });
  const session = await kiosk.get("POST /api/customers/{id}/sessions", {
    path: { id: created.id },
    body: {},
    intent: `${id} session`,
  });
  const { token, expiresAt } = session;
  if (still(id)) change({ customerId: created.id, token, expiresAt });
}

/** Has a one-time code sent, if a customer has the number; the answer is the same if not. Throws ApiError. */
export async function requestCode(kiosk: Api, smsNumber: string): Promise<void> {
  await kiosk.ask("POST /api/customers/codes", { body: { smsNumber }, intent: `${visit.value.id} code` });
}

/** Opens the session of who has the number, by the code. Throws ApiError: forbidden for a wrong or old one. */
export async function prove(kiosk: Api, smsNumber: string, code: string): Promise<void> {
  const { id } = visit.value;
  const intent = `${id} prove`;
  const session = await kiosk.get("POST /api/customers/sessions", { body: { smsNumber, code }, intent });
  const { customerId, token, expiresAt } = session;
  if (still(id)) change({ customerId, token, expiresAt });
}

export interface Customer {
  readonly api: Api;
  /** A token of the customer's session; null where there is none. A session that ends soon is renewed by it first.
   *
   * Only a token that is still good renews a session. Throws ApiError, unauthenticated where it is too late.
   */
  readonly access: (renew?: boolean) => Promise<string | null>;
}

/** The customer of the visit, as the API knows it. */
export function customerOf(address: string, intents: Intents): Customer {
  const own: Caller = { access: async (renew) => (renew ? null : visit.value.token), signedOut: () => undefined };
  const renewing = new NotedApi(address, own, intents);
  const access = async (renew = false): Promise<string | null> => {
    const { id, customerId, token, expiresAt } = visit.value;
    if (token === "") return null;
    const left = Date.parse(expiresAt) - Date.now();
    if (!renew && left > SOON) return token;
    try {
      const given = { path: { id: customerId }, body: {}, intent: `${id} renew` };
      const next = await renewing.get("POST /api/customers/{id}/sessions", given);
      if (still(id)) change({ token: next.token, expiresAt: next.expiresAt });
      return next.token;
    } catch (error) {
      // Still good: it is tried again before the next request.
      if (!renew && left > 0) return token;
      throw error;
    }
  };
  return { api: new NotedApi(address, { access, signedOut: () => undefined }, intents), access };
}
