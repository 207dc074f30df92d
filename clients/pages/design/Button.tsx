import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";

interface Props {
  readonly kind?: "plain" | "primary" | "danger" | "quiet";
  readonly type?: "button" | "submit";
  readonly wide?: boolean;
  readonly disabled?: boolean;
  /** While what it returns is pending, another press does nothing: a double tap is one. */
  readonly onPress?: () => unknown;
  readonly label?: string;
  readonly class?: string;
  readonly id?: string;
  readonly expanded?: boolean;
  readonly children: ComponentChildren;
}

/** A button. One that may not be pressed keeps its focus and its name, and says so: it is never taken out. */
export function Button({ kind = "plain", type = "button", wide, disabled, onPress, label, ...more }: Props) {
  const busy = useRef(false);
  const [shown, setShown] = useState(false);
  const press = async (event: MouseEvent): Promise<void> => {
    if (disabled || busy.current) {
      event.preventDefault();
      return;
    }
    const done = onPress?.();
    if (!(done instanceof Promise)) return;
    busy.current = true;
    setShown(true);
    try {
      await done;
    } finally {
      busy.current = false;
      setShown(false);
    }
  };
  const { expanded, children, id } = more;
  return (
    <button
      type={type}
      id={id}
      class={`button button-${kind}${wide ? " button-wide" : ""}${more.class ? ` ${more.class}` : ""}`}
      aria-disabled={disabled || shown ? "true" : undefined}
      aria-busy={shown ? "true" : undefined}
      aria-label={label}
      aria-expanded={expanded}
      onClick={press}
    >
      {children}
    </button>
  );
}
