import { useEffect, useState } from "preact/hooks";
import type { Status } from "../live/reducer.ts";
import { shared } from "../text/shared.ts";
import { lasted } from "../text/text.ts";

interface Props {
  readonly kind?: "plain" | "good" | "warn" | "bad" | "accent";
  readonly children: preact.ComponentChildren;
}

export function Badge({ kind = "plain", children }: Props) {
  return <span class={`badge badge-${kind}`}>{children}</span>;
}

const KINDS = { connecting: "plain", live: "good", reconnecting: "warn", stale: "bad" } as const;

/** Whether what is shown is live; how long it has not been. now: the clock of `status.since`. */
export function LiveBadge({ status, now }: { readonly status: Status; readonly now: () => number }) {
  const [, again] = useState(0);
  const since = status.since;
  useEffect(() => {
    if (since === null) return;
    const timer = setInterval(() => again((times) => times + 1), 1000);
    return () => clearInterval(timer);
  }, [since]);
  if (status.signIn) return <Badge kind="bad">{shared("badge.signIn")}</Badge>;
  const time = since === null ? "" : lasted(now() - since);
  return (
    <Badge kind={KINDS[status.state]}>
      <span aria-hidden="true">{status.state === "live" ? "●" : "○"}</span>
      {shared(`badge.${status.state}`, { time })}
    </Badge>
  );
}
