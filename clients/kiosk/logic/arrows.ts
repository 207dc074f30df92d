/** Everything can be reached with four arrows, and pressed with Enter: no other key is needed.
 *
 * Up and left go back, down and right go on, in reading order; in a grid of keys they go where they point to.
 */

export type Arrow = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";

/** A place to stop at, in reading order. grid: the name of its grid, and how many columns that has. */
export interface Stop {
  readonly grid?: string;
  readonly columns?: number;
}

export const isArrow = (key: string): key is Arrow => key.startsWith("Arrow");

/** The place to go to from `at` (-1: nowhere yet); -1 where there is none. It stops at both ends. */
export function next(stops: readonly Stop[], at: number, arrow: Arrow): number {
  if (stops.length === 0) return -1;
  const forward = arrow === "ArrowDown" || arrow === "ArrowRight";
  const here = stops[at];
  if (here === undefined) return forward ? 0 : stops.length - 1;
  const clamp = (to: number): number => Math.min(stops.length - 1, Math.max(0, to));
  if (here.grid === undefined || here.columns === undefined) return clamp(at + (forward ? 1 : -1));
  const start = stops.findIndex(({ grid }) => grid === here.grid);
  const end = start + stops.filter(({ grid }) => grid === here.grid).length - 1;
  const column = (at - start) % here.columns;
  if (arrow === "ArrowLeft") return column > 0 ? at - 1 : clamp(start - 1);
  if (arrow === "ArrowRight") return column < here.columns - 1 && at < end ? at + 1 : clamp(end + 1);
  const to = at + (forward ? here.columns : -here.columns);
  if (to < start) return clamp(start - 1);
  const rows = (index: number): number => Math.floor((index - start) / (here.columns ?? 1));
  if (to > end) return rows(at) < rows(end) ? end : clamp(end + 1);
  return to;
}

const STOPS = "[data-stop], button, a[href], input";

/** The places of a page, or of the dialog that is open. */
export function stopsOf(page: Document): HTMLElement[] {
  const within = page.querySelector("dialog[open]") ?? page;
  return [...within.querySelectorAll<HTMLElement>(STOPS)].filter((element) => !element.closest("[hidden], [inert]"));
}

/** Moves the focus by an arrow. */
export function move(page: Document, arrow: Arrow): void {
  const elements = stopsOf(page);
  const stops = elements.map((element) => {
    const grid = element.closest<HTMLElement>("[data-columns]");
    return grid ? { grid: grid.id, columns: Number(grid.dataset.columns) } : {};
  });
  elements[next(stops, elements.indexOf(page.activeElement as HTMLElement), arrow)]?.focus();
}
