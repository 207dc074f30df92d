/** Shortcuts of one key, as a page of its own offers them: never while somebody types. */

import { useLayoutEffect } from "preact/hooks";

export type Shortcuts = Readonly<Record<string, (event: KeyboardEvent) => void>>;

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName));

/**
 * Listens while the component is there; with a modal dialog open, only those of the dialog itself should be given.
 * From the moment that the page shows it: an effect would come a frame later, and lose a key pressed at once.
 */
export function useShortcuts(shortcuts: Shortcuts, on = true): void {
  useLayoutEffect(() => {
    if (!on) return;
    const hear = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
      shortcuts[event.key]?.(event);
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, [shortcuts, on]);
}

/** Moves the focus to the next or previous of the things that match, and stops at the ends. */
export function moveFocus(within: ParentNode, selector: string, by: 1 | -1): void {
  const things = [...within.querySelectorAll<HTMLElement>(selector)];
  const at = things.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (by > 0 ? 0 : things.length - 1) : Math.min(things.length - 1, Math.max(0, at + by));
  things[next]?.focus();
}
