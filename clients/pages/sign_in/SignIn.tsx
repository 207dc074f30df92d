/** The pages on which somebody signs in: staff, a developer on the local cloud, and an operator at a new kiosk. */

import { useState } from "preact/hooks";
import type { Config, DevelopmentUser } from "../api/config.ts";
import { Button } from "../design/Button.tsx";
import { Field } from "../design/Field.tsx";
import { Notice } from "../design/states.tsx";
import { shared } from "../text/shared.ts";
import { signInAs } from "./development.ts";
import { byPassword } from "./pool.ts";
import type { Session } from "./session.ts";
import { loginAddress } from "./staff.ts";
import { signInWords } from "./texts.ts";

interface Props {
  readonly config: Config;
  readonly session: Session;
}

interface UsersProps extends Props {
  /** The role for which the page is; without it, all but kiosks. */
  readonly kiosk?: boolean;
}

/** The users of the local cloud, to choose from. */
export function DevelopmentUsers({ config, session, kiosk = false }: UsersProps) {
  const users = config.users.filter(({ role }) => (role === "kiosk") === kiosk);
  const [failed, setFailed] = useState("");
  const choose = async (user: DevelopmentUser): Promise<void> => {
    setFailed("");
    await signInAs(config, session, user).catch((error: unknown) => setFailed(signInWords(error)));
  };
  return (
    <>
      <p>{shared("signIn.local")}</p>
      {failed && <Notice kind="bad">{failed}</Notice>}
      <ul class="plain stack" aria-label={shared("signIn.choose")}>
        {users.map((user) => (
          <li key={user.name}>
            <Button kind="primary" wide onPress={() => choose(user)}>
              {shared("signIn.as", { name: user.name })}
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Signs a member of the staff in: by the managed login, or on the local cloud by choosing one of its users. */
export function StaffSignIn({ config, session }: Props) {
  const go = async (): Promise<void> => location.assign(await loginAddress(config, sessionStorage, location.href));
  return (
    <Frame ended={session.presence.value === "ended"}>
      {config.users.length > 0 ? (
        <DevelopmentUsers config={config} session={session} />
      ) : (
        <Button kind="primary" onPress={go}>
          {shared("signIn.action")}
        </Button>
      )}
    </Frame>
  );
}

/** Signs a kiosk in, once: an operator types the one-time password of its user, which the page replaces. */
export function KioskSignIn({ config, session }: Props) {
  return (
    <Frame ended={false}>
      {config.users.length > 0 ? (
        <DevelopmentUsers config={config} session={session} kiosk />
      ) : (
        <Device config={config} session={session} />
      )}
    </Frame>
  );
}

function Frame({ ended, children }: { ended: boolean; children: preact.ComponentChildren }) {
  return (
    <main class="page page-narrow stack">
      <h1>{shared("signIn.title")}</h1>
      {ended && <Notice kind="warn">{shared("signIn.ended")}</Notice>}
      {children}
    </main>
  );
}

function Device({ config, session }: Props) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [failed, setFailed] = useState("");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setFailed("");
    try {
      session.begin(await byPassword(config, config.kioskClient, name, password));
    } catch (error) {
      setFailed(signInWords(error));
    }
  };
  return (
    <form class="stack" onSubmit={submit}>
      <p>{shared("signIn.device")}</p>
      <Field label={shared("signIn.name")} value={name} onInput={setName} required autocomplete="off" />
      <Field
        label={shared("signIn.password")}
        type="password"
        value={password}
        onInput={setPassword}
        required
        autocomplete="off"
      />
      {failed && <Notice kind="bad">{failed}</Notice>}
      <Button kind="primary" type="submit">
        {shared("signIn.action")}
      </Button>
    </form>
  );
}
