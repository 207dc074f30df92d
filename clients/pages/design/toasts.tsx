/** Short messages at the edge of the page, and what a screen reader is told of changes that nobody asked for. */

import { signal } from "@preact/signals";
import { shared } from "../text/shared.ts";
import { Button } from "./Button.tsx";

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: "plain" | "bad";
}

const toasts = signal<readonly Toast[]>([]);
const said = signal("");

/** In milliseconds. Long enough to read; a bad one stays until it is closed (WCAG 2.2, 2.2.1). */
const STAYS = 8_000;
const BETWEEN = 5_000;
const MOST = 3; // toasts

let last = 0;

/** Shows a message, and has it read out. */
export function toast(text: string, kind: Toast["kind"] = "plain"): void {
  last += 1;
  const id = last;
  toasts.value = fitting([...toasts.value, { id, text, kind }]);
  if (kind === "plain") setTimeout(() => close(id), STAYS);
}

/** Plain ones make room for bad ones, and the latest is always shown. */
function fitting(all: readonly Toast[]): readonly Toast[] {
  const bad = all.filter(({ kind }) => kind === "bad").slice(-MOST);
  const plain = all.filter(({ kind }) => kind === "plain").slice(-Math.max(1, MOST - bad.length));
  return all.filter((one) => bad.includes(one) || plain.includes(one));
}

const close = (id: number): void => {
  toasts.value = toasts.value.filter((other) => other.id !== id);
};

type Announce = (text: () => string) => void;

/** Has changes read out with a wait between them: of those that come faster, the latest. */
export function announcer(say: (text: string) => void, later: (run: () => void) => void): Announce {
  let pending: (() => string) | null = null;
  let waiting = false;
  const next = (): void => {
    waiting = pending !== null;
    if (pending === null) return;
    say(pending());
    pending = null;
    later(next);
  };
  return (text) => {
    pending = text;
    if (!waiting) next();
  };
}

/** Has a change read out, every 5 seconds at most. text: asked for when it is. */
export const announce: Announce = announcer(
  (text) => {
    said.value = text;
  },
  (run) => setTimeout(run, BETWEEN),
);

/** Where both are shown: once on a page, and from its beginning, since a live region must be there before its text. */
export function Toasts() {
  return (
    <>
      <div class="for-readers" role="status" aria-live="polite" data-announcer>
        {said.value}
      </div>
      <div class="toasts" role="status" aria-live="polite">
        {toasts.value.map(({ id, text, kind }) => (
          <div key={id} class={`toast toast-${kind}`}>
            <p class="grow">{text}</p>
            <Button kind="quiet" onPress={() => close(id)}>
              {shared("close")}
            </Button>
          </div>
        ))}
      </div>
    </>
  );
}
