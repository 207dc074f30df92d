import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  readonly title: ComponentChildren;
  readonly intro?: string;
  /** What comes next, after all else. */
  readonly children?: ComponentChildren;
}

/** A screen: its heading gets the focus, so that who cannot see hears where it is, and what it is for. */
export function Screen({ title, intro, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    scrollTo(0, 0);
    heading.current?.focus();
  }, []);
  return (
    <div class="screen stack">
      <h1 ref={heading} tabIndex={-1} data-stop aria-describedby={intro ? id : undefined}>
        {title}
      </h1>
      {intro && (
        <p id={id} class="intro">
          {intro}
        </p>
      )}
      {children}
    </div>
  );
}

/** A text at which the arrows stop, so that it can be heard. */
export function Said({ children, ...more }: { readonly children: ComponentChildren; readonly class?: string }) {
  return (
    <p tabIndex={-1} data-stop {...more}>
      {children}
    </p>
  );
}
