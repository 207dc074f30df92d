/** Rows that do not jump under the pointer: while somebody points at a list, its order is held. */

import { useRef, useState } from "preact/hooks";

/** The order to show while it is held: known rows where they were, rows that left too, new ones at the end. */
export function hold(shown: readonly string[], wanted: readonly string[]): string[] {
  const known = new Set(shown);
  return [...shown, ...wanted.filter((id) => !known.has(id))];
}

export interface Steady {
  readonly ids: readonly string[];
  /** For the element around the rows. */
  readonly handlers: {
    readonly onPointerEnter: () => void;
    readonly onPointerLeave: () => void;
    readonly onFocusIn: () => void;
    readonly onFocusOut: (event: FocusEvent) => void;
  };
}

/** The ids in the order to show them. Held while the pointer is over the rows, or the focus in them. */
export function useSteady(wanted: readonly string[]): Steady {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const shown = useRef<readonly string[]>([]);
  shown.current = pointed || focused ? hold(shown.current, wanted) : wanted;
  return {
    ids: shown.current,
    handlers: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocusIn: () => setFocused(true),
      onFocusOut: (event) => {
        const around = event.currentTarget;
        const next = event.relatedTarget;
        if (!(around instanceof Element && next instanceof Node && around.contains(next))) setFocused(false);
      },
    },
  };
}
