import { useId, useRef } from "preact/hooks";
import { Button } from "../../pages/design/Button.tsx";
import { fail } from "../kiosk.ts";
import { busy } from "../logic/network.ts";
import { Keys } from "./Keys.tsx";

interface Props {
  readonly kind: "digits" | "letters";
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly most: number;
  readonly onChange: (value: string) => void;
  /** It is not read aloud. */
  readonly hidden?: boolean;
  readonly action?: string;
  /** Why it may not be sent yet; "" where it may. */
  readonly problem?: string;
  readonly onDone?: () => unknown;
}

/** One thing to type, with keys on the screen, or with those of a keyboard. */
export function Entry(props: Props) {
  const { kind, label, hint, value, most, onChange, hidden, action, problem = "", onDone } = props;
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const done = (): unknown => {
    if (busy.value) return undefined;
    if (problem === "") return onDone?.();
    fail(problem);
    field.current?.focus();
    return undefined;
  };
  const inputs: object = {
    type: kind === "digits" ? "tel" : "text",
    inputMode: "none",
    autocomplete: "off",
    spellcheck: false,
    ...(hidden ? { "data-private": "" } : {}),
  };
  return (
    <form
      class="entry"
      onSubmit={(event) => {
        event.preventDefault();
        void done();
      }}
    >
      <div class="field">
        <label for={id}>{label}</label>
        {hint && (
          <p id={`${id}-hint`} class="soft">
            {hint}
          </p>
        )}
        <input
          {...inputs}
          ref={field}
          id={id}
          value={value}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onInput={(event) => onChange(event.currentTarget.value.slice(0, most))}
        />
      </div>
      <Keys kind={kind} value={value} most={most} onChange={onChange} />
      {action && (
        <Button kind="primary" wide disabled={busy.value} onPress={done}>
          {action}
        </Button>
      )}
    </form>
  );
}
