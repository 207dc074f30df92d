import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useSteady } from "./steady.ts";

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers, and what can be done: at the end of their column. */
  readonly number?: boolean;
  /** What its cells say by themselves: its name is for who cannot see them. */
  readonly silent?: boolean;
}

interface Props<Row> {
  /** What it lists, for who cannot see it. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  /** In their order, each with an id of its own. */
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  /** Ids of rows that changed just now. */
  readonly changed?: ReadonlySet<string>;
}

/** A table whose rows do not jump under the pointer: while it or the focus is there, their order is held, rows that
 * left are struck through, and new ones come at the end. The first column names its row. On a phone a row is a card.
 */
export function Table<Row>({ caption, columns, rows, idOf, changed }: Props<Row>) {
  const now = new Map(rows.map((row) => [idOf(row), row]));
  const known = useRef(new Map<string, Row>());
  const { ids, handlers } = useSteady([...now.keys()]);
  known.current = new Map(ids.flatMap((id) => entry(id, now.get(id) ?? known.current.get(id))));
  const [place, scrolls] = useScrolls();
  const reached = { tabIndex: 0, "aria-label": caption };
  return (
    <div class="scrolls" ref={place} role={scrolls ? "group" : undefined} {...(scrolls ? reached : {})} {...handlers}>
      <table class="table stacks">
        <caption class="for-readers">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, number, silent }) => (
              <th key={name} scope="col" class={number ? "number" : undefined}>
                {silent ? <span class="for-readers">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...known.current].map(([id, row]) => (
            <tr key={id} class={now.has(id) ? (changed?.has(id) ? "changed" : undefined) : "left"}>
              {columns.map(({ name, cell, number, silent }, at) =>
                at === 0 ? (
                  <th key={name} scope="row" class={number ? "number" : undefined}>
                    {cell(row)}
                  </th>
                ) : (
                  <td key={name} class={number ? "number" : undefined} data-name={silent ? undefined : name}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether a table is wider than its place: then the keyboard must be able to move it. */
function useScrolls(): [preact.RefObject<HTMLDivElement | null>, boolean] {
  const place = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useLayoutEffect(() => {
    const element = place.current;
    const table = element?.firstElementChild;
    if (!element || !table || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth));
    observer.observe(element);
    observer.observe(table);
    return () => observer.disconnect();
  }, []);
  return [place, scrolls];
}

const entry = <Row,>(id: string, row: Row | undefined): [string, Row][] => (row === undefined ? [] : [[id, row]]);
