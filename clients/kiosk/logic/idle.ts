/** When a visit ends by itself: it is idle, then there is a warning that can be answered, then it is over.
 *
 * WCAG 2.2, 2.2.1: at least 20 seconds to extend the time, and at least ten times. Here as often as one likes.
 */

import { signal } from "@preact/signals";

export const IDLE = 90_000; // milliseconds
export const WARNING = 30_000;

/** A time in milliseconds at which the visit ends; null while nobody is warned. */
export const ends = signal<number | null>(null);

let timer: ReturnType<typeof setTimeout> | undefined;

interface Told {
  /** Whether nothing is under way that the customer waits for. */
  readonly mayWarn: () => boolean;
  readonly warned: () => void;
  readonly over: () => void;
}

/** Somebody is there: the time begins anew. While the warning is shown, only its own button says so. */
export function active(told: Told): void {
  if (ends.value !== null) return;
  clearTimeout(timer);
  timer = setTimeout(() => warn(told), IDLE);
}

/** The customer wants more time. */
export function extend(told: Told): void {
  ends.value = null;
  active(told);
}

/** Nobody is there, so nothing is to end. */
export function rest(): void {
  clearTimeout(timer);
  ends.value = null;
}

function warn(told: Told): void {
  if (!told.mayWarn()) {
    timer = setTimeout(() => warn(told), 1_000);
    return;
  }
  ends.value = Date.now() + WARNING;
  timer = setTimeout(() => {
    rest();
    told.over();
  }, WARNING);
  told.warned();
}

/** Two short tones: the warning is seen, and heard without speech, too. */
export function beep(): void {
  if (typeof AudioContext === "undefined") return;
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.connect(volume).connect(audio.destination);
  const now = audio.currentTime;
  for (const [at, level] of [
    [0, 0.2],
    [0.2, 0],
    [0.3, 0.2],
    [0.5, 0],
  ] as const) {
    volume.gain.setValueAtTime(level, now + at);
  }
  tone.frequency.value = 660;
  tone.start();
  tone.stop(now + 0.6);
  tone.onended = () => void audio.close();
}
