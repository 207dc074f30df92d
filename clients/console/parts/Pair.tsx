import type { ComponentChildren } from "preact";

/** A fact and its name, within <dl class="facts">. */
export function Pair({ name, children }: { readonly name: ComponentChildren; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
