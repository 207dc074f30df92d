/** Texts in the languages of the mall, and money, times and numbers as people there write them. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";

export const LANGUAGES = ["en", "es"] as const;
export type Language = (typeof LANGUAGES)[number];
/** The pseudo-locale shows what is not translated, and what does not fit when words are longer. */
export type Shown = Language | "pseudo";

/** A text; or one for each plural category of `count` (CLDR: one, other; en and es have no more for whole numbers). */
export type Entry = string | { readonly one: string; readonly other: string };
export type Entries = Readonly<Record<string, Entry>>;
export type Values = Readonly<Record<string, string | number>>;

export const CURRENCY = "USD";

const KEPT = "language";

const remembered = (): Shown => {
  const asked = typeof location === "undefined" ? null : new URLSearchParams(location.search).get("language");
  const known = asked ?? (typeof localStorage === "undefined" ? null : localStorage.getItem(KEPT));
  if (known === "pseudo" || LANGUAGES.some((language) => language === known)) return known as Shown;
  const preferred = typeof navigator === "undefined" ? [] : navigator.languages;
  return preferred.some((language) => language.toLowerCase().startsWith("es")) ? "es" : "en";
};

const chosen = signal<Shown>(remembered());

export const language: ReadonlySignal<Shown> = chosen;

/** For Intl, and for the page's `lang`: the pseudo-locale is English to a screen reader. */
export const locale = computed(() => (chosen.value === "es" ? "es" : "en"));

/** Chooses a language. keep: whether the next visitor of this browser finds it (not at a kiosk). */
export function choose(next: Shown, keep = true): void {
  chosen.value = next;
  document.documentElement.lang = locale.value;
  if (keep) localStorage.setItem(KEPT, next);
}

/** A dictionary's texts by key, in the language that is chosen: reading one in a component subscribes to it. */
export function dictionary<Own extends Entries>(
  texts: Readonly<Record<Language, { readonly [Key in keyof Own]: Entry }>> & { readonly en: Own },
) {
  return (key: keyof Own & string, values: Values = {}): string => say(texts, key, values, chosen.value);
}

export function say(texts: Readonly<Record<Language, Entries>>, key: string, values: Values, shown: Shown): string {
  const spoken: Language = shown === "es" ? "es" : "en";
  const entry = texts[spoken][key] ?? texts.en[key];
  if (entry === undefined) return key;
  const template = typeof entry === "string" ? entry : entry[plural(spoken, values.count)];
  const text = shown === "pseudo" ? pseudo(template) : template;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? kept(Intl.NumberFormat, spoken).format(value) : value;
  });
}

const plural = (spoken: Language, count: string | number | undefined): "one" | "other" =>
  kept(Intl.PluralRules, spoken).select(Number(count ?? 0)) === "one" ? "one" : "other";

const formatters = new Map<string, unknown>();

/** A formatter, built once for a language and its options: to build one costs far more than to write with it. */
function kept<Formatter, Options>(
  kind: new (locale: string, options?: Options) => Formatter,
  spoken: string,
  options?: Options,
): Formatter {
  const key = `${kind.name} ${spoken} ${JSON.stringify(options)}`;
  const formatter = (formatters.get(key) as Formatter | undefined) ?? new kind(spoken, options);
  formatters.set(key, formatter);
  return formatter;
}

const ACCENTS: Readonly<Record<string, string>> = {
  a: "á",
  b: "ƀ",
  c: "ç",
  d: "ð",
  e: "é",
  g: "ĝ",
  h: "ĥ",
  i: "î",
  k: "ķ",
  l: "ļ",
  n: "ñ",
  o: "ö",
  r: "ŕ",
  s: "š",
  t: "ţ",
  u: "ü",
  w: "ŵ",
  y: "ý",
  z: "ž",
};

/** A third longer, accented, in brackets; names in braces stay. */
export function pseudo(template: string): string {
  const parts = template.split(/(\{\w+\})/);
  const accented = parts.map((part) =>
    part.startsWith("{") ? part : part.replace(/[a-z]/g, (letter) => ACCENTS[letter] ?? letter),
  );
  return `[${accented.join("")}${"·".repeat(Math.ceil(template.length / 3))}]`;
}

// Money on the wire is a number with at most two decimals.
export const money = (amount: number): string =>
  kept(Intl.NumberFormat, locale.value, { style: "currency", currency: CURRENCY }).format(amount);

export const number = (value: number): string => kept(Intl.NumberFormat, locale.value).format(value);

const format = (value: string | number, options: Intl.DateTimeFormatOptions): string => {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? "" : kept(Intl.DateTimeFormat, locale.value, options).format(date);
};

export const clockTime = (value: string | number): string =>
  format(value, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const day = (value: string | number): string => format(value, { dateStyle: "medium" });

export const dayAndTime = (value: string | number): string =>
  format(value, { dateStyle: "medium", timeStyle: "short" });

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** How long ago something was: "3 minutes ago". */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [unit, size] = STEPS.find(([, size]) => seconds >= size) ?? ["second", 1];
  return kept(Intl.RelativeTimeFormat, locale.value, { numeric: "always", style: "short" }).format(
    -Math.floor(seconds / size),
    unit,
  );
}

/** A duration for a narrow place: "95 sec", "3 min"; a unit from two of it on. */
export function lasted(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [unit, size] = STEPS.find(([, size]) => seconds >= 2 * size) ?? ["second", 1];
  return kept(Intl.NumberFormat, locale.value, { style: "unit", unit, unitDisplay: "short" }).format(
    Math.floor(seconds / size),
  );
}
