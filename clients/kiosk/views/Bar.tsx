import { Button } from "../../pages/design/Button.tsx";
import { locale, money } from "../../pages/text/text.ts";
import { failed, go, said, tell } from "../kiosk.ts";
import { countOf, totalOf } from "../logic/basket.ts";
import { busy } from "../logic/network.ts";
import { voiceOf } from "../logic/speech.ts";
import { help, type Screen, visit } from "../logic/visit.ts";
import { t } from "../texts.ts";

/** Where "back" leads to. An order that is placed, or may be, has nothing before it. */
const BACK: Partial<Record<Screen, Screen>> = {
  store: "stores",
  search: "stores",
  basket: "stores",
  review: "basket",
  who: "review",
  phone: "who",
  name: "phone",
  code: "phone",
  pay: "review",
};

/** At the foot of every screen, where everybody reaches it: the way back and out, and help with seeing and hearing. */
export function Bar({ onLeave }: { readonly onLeave: () => void }) {
  const { screen, lines, progress } = visit.value;
  const back = progress.sent ? undefined : BACK[screen];
  const count = countOf(lines);
  const shopping = ["stores", "store", "search"].includes(screen);
  return (
    <footer class="bar">
      <Messages />
      {screen !== "attract" && (
        <div class="bar-row">
          {back && (
            <Button class="bar-back" disabled={busy.value} onPress={() => go(back)}>
              {t("back")}
            </Button>
          )}
          {screen !== "order" && (
            <Button disabled={busy.value} onPress={onLeave}>
              {t("leave")}
            </Button>
          )}
          {shopping && (
            <Button kind="primary" class="bar-basket" disabled={count === 0} onPress={() => go("basket")}>
              {count === 0 ? t("basket.none") : t("basket.button", { count, total: money(totalOf(lines)) })}
            </Button>
          )}
        </div>
      )}
      <Helps />
    </footer>
  );
}

/** What the kiosk tells, below what it is about, so that it hides nothing that is to be pressed. */
function Messages() {
  return (
    <div class="messages">
      <p role="status" aria-live="polite" class="told">
        {said.value}
      </p>
      <p role="alert" aria-live="assertive" class="told told-failed">
        {failed.value}
      </p>
    </div>
  );
}

const turned = (steps: number): number => (steps % 3) + 1;

function Helps() {
  const { size, contrast, speech, volume, aloud } = visit.value.help;
  const speak = (): void => {
    help({ speech: !speech });
    if (!speech) tell(t(voiceOf(locale.value) ? "said.speech" : "attract.silent"));
  };
  const larger = (): void => {
    help({ size: turned(size) });
    tell(t("said.size", { count: turned(size) }));
  };
  const louder = (): void => {
    help({ volume: turned(volume) });
    tell(t("said.volume", { count: turned(volume) }));
  };
  return (
    <fieldset class="bar-row helps" aria-label={t("bar.label")}>
      <Button onPress={larger}>
        <span class="letter" aria-hidden="true">
          A
        </span>
        {t("bar.size")}
      </Button>
      <Toggle name={t("bar.contrast")} on={contrast} onPress={() => help({ contrast: !contrast })} />
      <Toggle name={t("bar.speech")} on={speech} onPress={speak} />
      {speech && <Button onPress={louder}>{t("bar.volume")}</Button>}
      {speech && <Toggle name={t("bar.aloud")} on={aloud} onPress={() => help({ aloud: !aloud })} />}
    </fieldset>
  );
}

interface ToggleProps {
  readonly name: string;
  readonly on: boolean;
  readonly onPress: () => void;
}

function Toggle({ name, on, onPress }: ToggleProps) {
  return (
    <button type="button" class="button toggle" aria-pressed={on} onClick={onPress}>
      <span class="toggle-mark" aria-hidden="true">
        {on ? "✓" : ""}
      </span>
      {name}
    </button>
  );
}
