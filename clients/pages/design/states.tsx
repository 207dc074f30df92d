import type { ComponentChildren } from "preact";
import { ApiError } from "../api/problem.ts";
import { errorWords, shared } from "../text/shared.ts";
import { Button } from "./Button.tsx";

interface NoticeProps {
  readonly kind?: "plain" | "good" | "warn" | "bad";
  readonly children: ComponentChildren;
}

/** A remark in the flow of the page; a bad one is said at once. */
export function Notice({ kind = "plain", children }: NoticeProps) {
  return (
    <div class={`notice notice-${kind}`} role={kind === "bad" ? "alert" : undefined}>
      {children}
    </div>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({ children }: { readonly children?: ComponentChildren }) {
  return <div class="state">{children ?? <p>{shared("empty")}</p>}</div>;
}

export function Loading() {
  return (
    <div class="state" role="status">
      <p>{shared("loading")}</p>
    </div>
  );
}

/** Why it failed, in words; and again, where that may help. */
export function Failed({ error, again }: { readonly error: unknown; readonly again?: () => unknown }) {
  const known = error instanceof ApiError ? error : new ApiError("internal_error", "", 0);
  return (
    <div class="state" role="alert">
      <p>{errorWords(known)}</p>
      {again && <Button onPress={again}>{shared("retry")}</Button>}
    </div>
  );
}
