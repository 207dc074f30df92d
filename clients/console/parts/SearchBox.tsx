import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { route } from "../route.ts";
import { texts } from "../texts/texts.ts";

/** The search at the top of each view. Its text is in the address, so that it can be gone back to. */
export function SearchBox({ input }: { readonly input: RefObject<HTMLInputElement | null> }) {
  const { parts, query } = route.value;
  const asked = parts[0] === "search" ? (query.get("text") ?? "") : "";
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  const submit = (event: Event): void => {
    event.preventDefault();
    const typed = text.trim();
    location.hash = typed === "" ? "#/search" : `#/search?${new URLSearchParams({ text: typed })}`;
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an older browser knows the role, not the element
    <form class="search" role="search" onSubmit={submit}>
      <input
        ref={input}
        type="search"
        aria-label={texts("search")}
        placeholder={texts("search.hint")}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </form>
  );
}
