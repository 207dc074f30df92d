/** Who the customer is: a new one who registers, or one who comes back and proves the phone by a one-time code. */

import type { Api, Caller } from "../../pages/api/api.ts";
import type { Intents } from "../../pages/api/intents.ts";
import type { Language } from "../../pages/text/text.ts";
import { NotedApi } from "./network.ts";
import { change, still, visit } from "./visit.ts";

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
  if (still(id)) change({ customerId: created.id, token: session.token });
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
  if (still(id)) change({ customerId: session.customerId, token: session.token });
}

/** The API with the customer's own session, which renews itself while the visit lasts. */
export function customerApi(address: string, intents: Intents): Api {
  const refused: Caller = { access: async (renew) => (renew ? null : visit.value.token), signedOut: () => undefined };
  const renewing = new NotedApi(address, refused, intents);
  const access = async (renew = false): Promise<string | null> => {
    const { id, customerId, token } = visit.value;
    if (token === "") return null;
    if (!renew) return token;
    const path = { id: customerId };
    const intent = `${id} renew`;
    const session = await renewing.get("POST /api/customers/{id}/sessions", { path, body: {}, intent });
    if (still(id)) change({ token: session.token });
    return session.token;
  };
  return new NotedApi(address, { access, signedOut: () => undefined }, intents);
}
