import type { Ref } from "preact";
import { useId } from "preact/hooks";
import { shared } from "../text/shared.ts";

interface Props {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: "text" | "search" | "tel" | "password" | "number" | "date";
  readonly hint?: string;
  readonly error?: string;
  readonly required?: boolean;
  readonly rows?: number;
  readonly options?: readonly { readonly value: string; readonly label: string }[];
  readonly autocomplete?: string;
  readonly inputMode?: "numeric" | "decimal" | "tel" | "search";
  readonly input?: Ref<HTMLInputElement>;
}

/** A labelled input, choice (options) or text of several lines (rows), with its hint and its error. */
export function Field({ label, value, onInput, hint, error, required, ...more }: Props) {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  const own = {
    id,
    value,
    "aria-describedby": described || undefined,
    "aria-invalid": error ? ("true" as const) : undefined,
    "aria-required": required ? ("true" as const) : undefined,
    autocomplete: more.autocomplete ?? "off",
  };
  return (
    <div class="field">
      <label for={id}>
        {label}
        {required && <span class="soft small"> ({shared("required")})</span>}
      </label>
      {hint && (
        <p id={`${id}-hint`} class="soft small">
          {hint}
        </p>
      )}
      <Control {...own} {...more} onText={onInput} />
      {error && (
        <p id={`${id}-error`} class="error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

type Own = {
  readonly id: string;
  readonly value: string;
  readonly autocomplete: string;
  readonly onText: (value: string) => void;
} & Pick<Props, "type" | "rows" | "options" | "inputMode" | "input">;

function Control({ onText, rows, options, type = "text", input, inputMode, ...own }: Own) {
  if (options) {
    return (
      <select {...own} onChange={(event) => onText(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    );
  }
  if (rows) return <textarea {...own} rows={rows} onInput={(event) => onText(event.currentTarget.value)} />;
  // Preact has a type of its own for each kind of input; all of these take the same.
  const attributes: object = { ...own, type, inputMode, ref: input ?? null };
  return <input {...attributes} onInput={(event) => onText(event.currentTarget.value)} />;
}
