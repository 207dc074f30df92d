import type { ComponentChildren } from "preact";
import { to } from "../route.ts";

interface Props {
  readonly title: string;
  /** Where it belongs to: a place's name, or the place and an id. */
  readonly back?: { readonly label: string; readonly parts: readonly string[] };
  readonly children?: ComponentChildren;
}

/** The top of a view: its title, the way back, and what can be done. */
export function Heading({ title, back, children }: Props) {
  return (
    <div class="heading">
      {back && (
        <a class="back" href={to(...back.parts)}>
          ← {back.label}
        </a>
      )}
      <div class="row">
        <h1>{title}</h1>
        {children}
      </div>
    </div>
  );
}
