/** What becomes of a sign-in when the page starts: one that the address names, or from which the browser comes back. */

import { toast } from "../pages/design/toasts.tsx";
import { signInAsNamed } from "../pages/sign_in/development.ts";
import { returned } from "../pages/sign_in/staff.ts";
import { signInWords } from "../pages/sign_in/texts.ts";
import type { Context } from "./context.ts";
import { texts } from "./texts/texts.ts";

/** Signs in whom the address names, and ends a sign-in from which the browser comes back.
 *
 * One that failed is told, and may be begun again.
 */
export async function comeBack({ config, session }: Pick<Context, "config" | "session">): Promise<void> {
  const { href } = location;
  try {
    const address =
      (await signInAsNamed(config, session, href)) ?? (await returned(config, session, sessionStorage, href));
    if (address !== null) history.replaceState(null, "", address);
  } catch (error) {
    history.replaceState(null, "", location.pathname);
    toast(texts("signIn.failed", { why: signInWords(error) }), "bad");
  }
}
