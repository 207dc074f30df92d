/** Rows that do not jump under the pointer: while somebody uses a list, its order is kept. */

import { useEffect, useRef, useState } from "preact/hooks";

/** In milliseconds: a pointer that was left there, or a focus, holds nothing longer than that. */
export const HOLDS = 15_000;

/** Of the rows that left while the order is held, so many are still shown. */
export const LEFT = 20;

/** The order to show while it is held: known rows where they were, the last rows that left too, new ones at the end. */
export function hold(shown: readonly string[], wanted: readonly string[]): string[] {
  const known = new Set(shown);
  const there = new Set(wanted);
  const left = shown.filter((id) => !there.has(id));
  const dropped = new Set(left.slice(0, Math.max(0, left.length - LEFT)));
  return [...shown.filter((id) => !dropped.has(id)), ...wanted.filter((id) => !known.has(id))];
}

export interface Steady {
  readonly ids: readonly string[];
  /** For the element around the rows. */
  readonly handlers: {
    readonly onPointerEnter: () => void;
    readonly onPointerMove: () => void;
    readonly onPointerLeave: () => void;
    readonly onKeyDownCapture: () => void;
    readonly onFocusIn: () => void;
    readonly onFocusOut: (event: FocusEvent) => void;
  };
}

/** The ids in the order to show them. It is kept while the pointer is over the rows or the focus in them, until 15 s
 * after the last pointer movement or key.
 */
export function useSteady(wanted: readonly string[]): Steady {
  const [held, setHeld] = useState(false);
  const over = useRef({ pointer: false, focus: false, active: 0 });
  const shown = useRef<readonly string[]>([]);
  shown.current = held ? hold(shown.current, wanted) : wanted;
  useEffect(() => {
    if (!held) return;
    let timer: ReturnType<typeof setTimeout>;
    const look = (): void => {
      const left = over.current.active + HOLDS - Date.now();
      if (left > 0) timer = setTimeout(look, left);
      else setHeld(false);
    };
    look();
    return () => clearTimeout(timer);
  }, [held]);
  const enter = (by: "pointer" | "focus"): void => {
    over.current = { ...over.current, [by]: true, active: Date.now() };
    setHeld(true);
  };
  const leave = (by: "pointer" | "focus"): void => {
    over.current = { ...over.current, [by]: false };
    if (!over.current.pointer && !over.current.focus) setHeld(false);
  };
  return {
    ids: shown.current,
    handlers: {
      onPointerEnter: () => enter("pointer"),
      onPointerMove: () => enter("pointer"),
      onPointerLeave: () => leave("pointer"),
      onKeyDownCapture: () => enter("focus"),
      onFocusIn: () => enter("focus"),
      onFocusOut: (event) => {
        const around = event.currentTarget;
        const next = event.relatedTarget;
        if (!(around instanceof Element && next instanceof Node && around.contains(next))) leave("focus");
      },
    },
  };
}
