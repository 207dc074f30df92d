import { Button } from "../../pages/design/Button.tsx";
import { language } from "../../pages/text/text.ts";
import { t } from "../texts.ts";

interface Props {
  readonly kind: "digits" | "letters";
  readonly value: string;
  readonly most: number;
  readonly onChange: (value: string) => void;
}

const DIGITS = [..."123456789+0"];
const LETTERS = [..."abcdefghijklm"];
const MORE: Readonly<Record<string, string>> = { en: "nopqrstuvwxyz", es: "nñopqrstuvwxyz" };

/** Keys on the screen. The arrows go where they point to. */
export function Keys({ kind, value, most, onChange }: Props) {
  const letters = [...LETTERS, ...(MORE[language.value] ?? MORE.en ?? "")];
  const keys = kind === "digits" ? DIGITS : letters;
  const press = (key: string): void => onChange((value + (value === "" ? key.toUpperCase() : key)).slice(0, most));
  return (
    <fieldset
      id={`keys-${kind}`}
      class={`keys keys-${kind}`}
      aria-label={t(`keys.${kind}`)}
      data-columns={kind === "digits" ? 3 : 7}
    >
      {keys.map((key) => (
        <Button key={key} onPress={() => press(key)}>
          {key}
        </Button>
      ))}
      {kind === "letters" && (
        <Button label={t("keys.space")} onPress={() => press(" ")}>
          <span aria-hidden="true">␣</span>
        </Button>
      )}
      <Button label={t("keys.delete")} onPress={() => onChange(value.slice(0, -1))}>
        <span aria-hidden="true">⌫</span>
      </Button>
    </fieldset>
  );
}
