/** The development users of the local cloud, in whose names pages may sign in by themselves: config.json has them there. */

import type { Config, DevelopmentUser } from "../api/config.ts";
import { byPassword } from "./pool.ts";
import type { Session } from "./session.ts";

const NAMED = /^#as=([\w-]+)$/;

export async function signInAs(config: Config, session: Session, { role, name, password }: DevelopmentUser) {
  const client = role === "kiosk" ? config.kioskClient : config.staffClient;
  session.begin(await byPassword(config, client, name, password));
}

/** Signs in whom the address of a page names, as in /console/#as=clerk; answers the address to show in its place.
 *
 * Null where it names nobody. A name is no secret: where config.json has no users, as on AWS, it does nothing. A user
 * whom the pool refuses is to choose on the page.
 */
export async function signInAsNamed(config: Config, session: Session, here: string): Promise<string | null> {
  const address = new URL(here);
  const name = NAMED.exec(address.hash)?.[1];
  if (name === undefined) return null;
  const user = config.users.find((one) => one.name === name && one.role !== "kiosk");
  if (user) await signInAs(config, session, user).catch(() => undefined);
  return address.pathname;
}
