import { Button } from "../../pages/design/Button.tsx";
import { language } from "../../pages/text/text.ts";
import { fail, go, type Kiosk, nameOf, quiet, tell } from "../kiosk.ts";
import { phoneOf, prove, register, requestCode } from "../logic/customer.ts";
import { awaited, busy } from "../logic/network.ts";
import { still, type, typed, visit } from "../logic/visit.ts";
import { type Doing, t, wrong } from "../texts.ts";
import { Entry } from "./Entry.tsx";
import { Screen } from "./Screen.tsx";

interface Props {
  readonly kiosk: Kiosk;
}

const DIGITS = 6;

export function Who() {
  return (
    <Screen title={t("who.title")} intro={t("who.intro")}>
      <div class="actions actions-stacked">
        {!visit.value.progress.sent && (
          <Button kind="primary" wide onPress={() => go("phone", { returning: false })}>
            {t("who.new")}
          </Button>
        )}
        <Button wide onPress={() => go("phone", { returning: true })}>
          {t("who.returning")}
        </Button>
      </div>
    </Screen>
  );
}

/** Does what the mall is asked for; afterwards, while it is still this customer's visit, what comes then. */
async function trying(doing: Doing, asking: () => Promise<void>, then: () => void): Promise<void> {
  const { id } = visit.value;
  quiet();
  try {
    await awaited(asking);
    if (still(id)) then();
  } catch (error) {
    if (still(id)) fail(wrong(error, doing, nameOf));
  }
}

export function Phone({ kiosk: { api } }: Props) {
  const { phone } = typed.value;
  const { returning } = visit.value;
  const send = (): unknown => {
    if (!returning) return go("name");
    return trying(
      "request",
      () => requestCode(api, phoneOf(phone) ?? ""),
      () => {
        go("code");
        tell(t("code.sent"));
      },
    );
  };
  return (
    <Screen title={t("phone.title")} intro={t("phone.intro")}>
      <Entry
        kind="digits"
        label={t("phone.field")}
        hint={t("phone.hint")}
        value={phone}
        most={20}
        hidden
        onChange={(text) => type({ phone: text })}
        action={t(returning ? "phone.send" : "phone.next")}
        problem={phoneOf(phone) === null ? t("phone.wrong") : ""}
        onDone={send}
      />
    </Screen>
  );
}

export function Name({ kiosk: { api } }: Props) {
  const { name, phone } = typed.value;
  const send = (): unknown =>
    trying(
      "register",
      async () => {
        const called = name.trim() || t("name.guest");
        await register(api, called, phoneOf(phone) ?? "", language.value === "es" ? "es" : "en");
      },
      () => go("pay"),
    );
  return (
    <Screen title={t("name.title")} intro={t("name.intro")}>
      <Entry
        kind="letters"
        label={t("name.field")}
        value={name}
        most={40}
        hidden
        onChange={(text) => type({ name: text })}
        action={t(name.trim() === "" ? "name.skip" : "name.next")}
        onDone={send}
      />
    </Screen>
  );
}

export function Code({ kiosk: { api } }: Props) {
  const { code, phone } = typed.value;
  const number = phoneOf(phone) ?? "";
  const send = (): unknown =>
    trying(
      "code",
      () => prove(api, number, code),
      () => {
        type({ code: "" });
        go("pay");
      },
    );
  const again = (): unknown =>
    trying(
      "request",
      () => requestCode(api, number),
      () => tell(t("code.sent")),
    );
  return (
    <Screen title={t("code.title")} intro={t("code.intro")}>
      <Entry
        kind="digits"
        label={t("code.field")}
        value={code}
        most={DIGITS}
        hidden
        onChange={(text) => type({ code: text })}
        action={t("code.next")}
        problem={/^\d{6}$/.test(code) ? "" : t("code.short")}
        onDone={send}
      />
      <div class="actions">
        <Button disabled={busy.value} onPress={again}>
          {t("code.again")}
        </Button>
        {!visit.value.progress.sent && (
          <Button disabled={busy.value} onPress={() => go("name", { returning: false })}>
            {t("code.new")}
          </Button>
        )}
      </div>
    </Screen>
  );
}
