/** The kiosk reads itself aloud, since a customer can attach no screen reader (EN 301 549 V3.2.1, 5.1.3).
 *
 * What has the focus is spoken, then what changes in a live region. A new action interrupts it, and Enter on a text
 * repeats it. What a customer types is counted, and spoken only where the customer asked for that. A voice that is not
 * on the device would send what it speaks away, so only local ones are used, and without one the kiosk is silent.
 */

import { type ReadonlySignal, signal } from "@preact/signals";

/** The words for what a thing is, in the language of the page. */
export interface Words {
  readonly button: string;
  readonly heading: string;
  readonly field: string;
  readonly unavailable: string;
  readonly on: string;
  readonly empty: string;
  readonly characters: (count: number) => string;
}

const TEXT = 3;
const ELEMENT = 1;

/** The text of a node as it is heard: what is hidden from readers, or private, is left out. */
export function textOf(node: Node): string {
  if (node.nodeType === TEXT) return node.textContent ?? "";
  if (node.nodeType !== ELEMENT) return "";
  const element = node as HTMLElement;
  if (element.getAttribute("aria-hidden") === "true" || element.hidden || "private" in element.dataset) return "";
  if (element.dataset.say) return ` ${element.dataset.say} `;
  const label = element.getAttribute("aria-label");
  if (label !== null) return ` ${label} `;
  return [...element.childNodes].map(textOf).join(" ");
}

const tidy = (text: string): string => text.replace(/\s+/g, " ").trim();

const referred = (element: Element, attribute: string): string =>
  (element.getAttribute(attribute) ?? "")
    .split(" ")
    .map((id) => (id ? element.ownerDocument.getElementById(id) : null))
    .map((found) => (found ? textOf(found) : ""))
    .join(" ");

function nameOf(element: HTMLElement): string {
  const labelled = tidy(referred(element, "aria-labelledby"));
  if (labelled) return labelled;
  const label = element.tagName === "INPUT" ? (element as HTMLInputElement).labels?.[0] : null;
  return tidy(textOf(label ?? element));
}

/** What is said of an element that has the focus. aloud: what is typed in it may be spoken. */
export function described(element: HTMLElement, words: Words, aloud: boolean): string {
  const parts = [nameOf(element)];
  if (element.tagName === "BUTTON") parts.push(words.button);
  if (/^H\d$/.test(element.tagName)) parts.push(words.heading);
  if (element.tagName === "INPUT") {
    const { value } = element as HTMLInputElement;
    const hidden = "private" in element.dataset && !aloud;
    parts.push(words.field, value === "" ? words.empty : hidden ? words.characters(value.length) : spelt(value));
  }
  if (element.getAttribute("aria-pressed") === "true") parts.push(words.on);
  if (element.getAttribute("aria-disabled") === "true") parts.push(words.unavailable);
  parts.push(tidy(referred(element, "aria-describedby")));
  return parts.filter(Boolean).join(", ");
}

/** One by one: a number is no amount. */
export const spelt = (text: string): string => (/\d/.test(text) ? [...text].join(" ") : text);

export interface Voice {
  readonly on: () => boolean;
  readonly language: () => string;
  /** 0 to 1. */
  readonly volume: () => number;
  readonly aloud: () => boolean;
  readonly words: () => Words;
}

const found = signal<readonly SpeechSynthesisVoice[]>([]);

/** The voices of this device. A browser may find them after the page was loaded. */
export const voices: ReadonlySignal<readonly SpeechSynthesisVoice[]> = found;

export function findVoices(): void {
  if (typeof speechSynthesis === "undefined") return;
  const look = (): void => {
    found.value = speechSynthesis.getVoices().filter(({ localService }) => localService);
  };
  look();
  speechSynthesis.addEventListener("voiceschanged", look);
}

/** The voice of this device that speaks a language (BCP 47), whatever its region; null where there is none. */
export function voiceOf(language: string): SpeechSynthesisVoice | null {
  const [wanted] = language.toLowerCase().split("-");
  // Android has en_US.
  return voices.value.find(({ lang }) => lang.toLowerCase().split(/[-_]/)[0] === wanted) ?? null;
}

/** Speaks a text; urgent: what is spoken now is interrupted. */
export function speak(voice: Voice, text: string, urgent: boolean): void {
  if (!voice.on() || text === "" || typeof speechSynthesis === "undefined") return;
  if (urgent) speechSynthesis.cancel();
  const speaker = voiceOf(voice.language());
  if (!speaker) return;
  const said = new SpeechSynthesisUtterance(text);
  said.voice = speaker;
  said.lang = voice.language();
  said.volume = voice.volume();
  speechSynthesis.speak(said);
}

export const hush = (): void => {
  if (typeof speechSynthesis !== "undefined") speechSynthesis.cancel();
};

const LIVE = "[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]";

/** Speaks what gets the focus and what changes in live regions, from now on. */
export function listen(page: Document, voice: Voice): void {
  const say = (element: HTMLElement): void => speak(voice, described(element, voice.words(), voice.aloud()), true);
  // Who taps a key sees it. To speak it would tell everybody near a phone number or a code.
  let pointed = false;
  page.addEventListener("pointerdown", () => {
    pointed = true;
  });
  page.addEventListener("focusin", (event) => {
    const element = event.target as HTMLElement;
    if (!pointed || voice.aloud() || !element.closest(".keys")) say(element);
  });
  page.addEventListener("keydown", (event) => {
    pointed = false;
    const element = event.target as HTMLElement;
    if (event.key === "Enter" && "stop" in element.dataset) say(element);
  });
  const heard = new Map<Element, string>();
  new MutationObserver((records) => {
    const regions = records.map(({ target }) => (target instanceof Element ? target : target.parentElement));
    for (const region of new Set(regions.map((target) => target?.closest(LIVE)))) {
      if (!region) continue;
      const text = tidy(textOf(region));
      if (heard.get(region) === text) continue;
      heard.set(region, text);
      speak(voice, text, region.getAttribute("role") === "alert");
    }
  }).observe(page.body, { subtree: true, childList: true, characterData: true });
}
