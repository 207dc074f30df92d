import { useEffect, useState } from "preact/hooks";
import { Button } from "../../pages/design/Button.tsx";
import { Dialog } from "../../pages/design/Dialog.tsx";
import { choose, type Language, language, lasted, locale, number } from "../../pages/text/text.ts";
import { go, type Kiosk, tell } from "../kiosk.ts";
import { ends } from "../logic/idle.ts";
import { network } from "../logic/network.ts";
import { voiceOf } from "../logic/speech.ts";
import { change, type Screen as Name, visit } from "../logic/visit.ts";
import { en, t } from "../texts.ts";
import { es } from "../texts_es.ts";
import { Bar } from "./Bar.tsx";
import { Basket, Review } from "./basket.tsx";
import { Order } from "./Order.tsx";
import { Pay } from "./Pay.tsx";
import { Robot } from "./Robot.tsx";
import { Said, Screen } from "./Screen.tsx";
import { Search, Store, Stores } from "./shopping.tsx";
import { Code, Name as NameScreen, Phone, Who } from "./who.tsx";

interface Props {
  readonly kiosk: Kiosk;
  /** Ends the visit. */
  readonly onEnd: () => void;
  readonly onMoreTime: () => void;
}

export function App({ kiosk, onEnd, onMoreTime }: Props) {
  const { screen, id, help, progress } = visit.value;
  // The visit that its customer is about to end: the question does not come back for the next one.
  const [leaving, setLeaving] = useState("");
  const stay = (): void => setLeaving("");
  const leave = (): void => {
    onEnd();
    tell(t("over.done"));
  };
  useEffect(() => {
    const { dataset } = document.documentElement;
    dataset.size = String(help.size);
    dataset.contrast = help.contrast ? "more" : "usual";
  }, [help]);
  const title = t("page.title");
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <div class="kiosk">
      <header class="top">
        <p class="brand" aria-hidden="true">
          MallBots
        </p>
        <Network kiosk={kiosk} />
      </header>
      <main>
        <Shown key={`${id} ${screen}`} screen={screen} kiosk={kiosk} onFinish={leave} />
      </main>
      <Bar onLeave={() => setLeaving(id)} />
      {leaving === id && ends.value === null && (
        <Dialog title={t("leave.title")} onClose={stay}>
          <Said>{t(progress.sent && progress.orderId === "" ? "leave.unsure" : "leave.text")}</Said>
          <div class="actions">
            <Button kind="primary" onPress={stay}>
              {t("leave.no")}
            </Button>
            <Button kind="danger" onPress={leave}>
              {t("leave.yes")}
            </Button>
          </div>
        </Dialog>
      )}
      {ends.value !== null && <Idle until={ends.value} onMore={onMoreTime} onEnd={leave} />}
    </div>
  );
}

interface ShownProps {
  readonly screen: Name;
  readonly kiosk: Kiosk;
  readonly onFinish: () => void;
}

function Shown({ screen, kiosk, onFinish }: ShownProps) {
  switch (screen) {
    case "attract":
      return <Attract />;
    case "stores":
      return <Stores kiosk={kiosk} />;
    case "store":
      return <Store kiosk={kiosk} />;
    case "search":
      return <Search kiosk={kiosk} />;
    case "basket":
      return <Basket />;
    case "review":
      return <Review />;
    case "who":
      return <Who />;
    case "phone":
      return <Phone kiosk={kiosk} />;
    case "name":
      return <NameScreen kiosk={kiosk} />;
    case "code":
      return <Code kiosk={kiosk} />;
    case "pay":
      return <Pay kiosk={kiosk} />;
    case "order":
      return <Order kiosk={kiosk} onFinish={onFinish} />;
  }
}

/** Waits for a customer. Each language is offered in itself; choosing one begins. */
function Attract() {
  const start = (spoken: Language): void => {
    const next = spoken === "en" && language.value === "pseudo" ? "pseudo" : spoken;
    choose(next, false);
    change({ language: next });
    go("stores");
  };
  return (
    <Screen title={t("attract.title")} intro={t("attract.intro")}>
      <div class="actions actions-stacked starts">
        <Button kind="primary" wide onPress={() => start("en")}>
          <span lang="en">{en["attract.start"]}</span>
        </Button>
        <Button kind="primary" wide onPress={() => start("es")}>
          <span lang="es">{es["attract.start"] as string}</span>
        </Button>
      </div>
      <Said class="soft">{t(voiceOf(locale.value) ? "attract.speech" : "attract.silent")}</Said>
      <Robot />
    </Screen>
  );
}

/** Whether the mall answers; while it does not, how old what is shown is. */
function Network({ kiosk }: { readonly kiosk: Kiosk }) {
  const state = network.value;
  useTicks(10_000, state === "lost");
  const { storeId, screen } = visit.value;
  const age = kiosk.catalogue.age(screen === "store" ? storeId : "");
  const lost = age > 0 ? t("net.lostAge", { time: lasted(age) }) : t("net.lost");
  return (
    <p role="status" class={`network network-${state}`}>
      {state === "lost" ? lost : state === "slow" ? t("net.slow") : ""}
    </p>
  );
}

/** Renders again and again, every so many milliseconds. */
function useTicks(every: number, on: boolean): void {
  const [, again] = useState(0);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => again((times) => times + 1), every);
    return () => clearInterval(timer);
  }, [every, on]);
}

interface IdleProps {
  readonly until: number;
  readonly onMore: () => void;
  readonly onEnd: () => void;
}

/** The warning: seen, heard as two tones, and read aloud. The count is not read out each second. */
function Idle({ until, onMore, onEnd }: IdleProps) {
  useTicks(1_000, true);
  const count = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  return (
    <Dialog title={t("idle.title")} onClose={onMore}>
      <p class="countdown number" aria-hidden="true">
        {number(count)}
      </p>
      <Said>{t("idle.text", { count })}</Said>
      <div class="actions">
        <Button kind="primary" onPress={onMore}>
          {t("idle.more")}
        </Button>
        <Button onPress={onEnd}>{t("idle.end")}</Button>
      </div>
    </Dialog>
  );
}
