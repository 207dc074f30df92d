import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { moveFocus } from "./keys.ts";
import { useSteady } from "./steady.ts";

export interface Item {
  readonly id: string;
  readonly href: string;
  readonly content: ComponentChildren;
}

/** A list of links whose items do not jump under the pointer, those that left being marked; the arrows go up and down. */
export function List({ label, items }: { readonly label: string; readonly items: readonly Item[] }) {
  const known = useRef(new Map<string, Item>());
  const now = new Map(items.map((item) => [item.id, item]));
  const { ids, handlers } = useSteady([...now.keys()]);
  known.current = new Map(
    ids.flatMap((id) => {
      const item = now.get(id) ?? known.current.get(id);
      return item ? [[id, item] as const] : [];
    }),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveElementInteractions: the arrows move between links, which Tab reaches too
    <ul
      class="items plain"
      aria-label={label}
      {...handlers}
      onKeyDown={(event) => {
        const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        moveFocus(event.currentTarget, "a", by as 1 | -1);
      }}
    >
      {[...known.current.values()].map(({ id, href, content }) => (
        <li key={id} class={now.has(id) ? undefined : "left"}>
          <a class="item" href={href} data-item>
            {content}
          </a>
        </li>
      ))}
    </ul>
  );
}
