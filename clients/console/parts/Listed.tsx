import type { ComponentChildren } from "preact";
import { Empty, Failed, Loading } from "../../pages/design/states.tsx";
import type { Loaded } from "../load.ts";
import { texts } from "../texts/texts.ts";

interface Props<Row> {
  readonly loaded: Loaded<unknown>;
  /** Undefined before they are there. */
  readonly rows: readonly Row[] | undefined;
  /** What is said where there are none. */
  readonly none: string;
  readonly children: (rows: readonly Row[]) => ComponentChildren;
}

/** A list in each of its states: loading, failed, empty, there, and there but older than it should be. */
export function Listed<Row>({ loaded, rows, none, children }: Props<Row>) {
  if (rows === undefined) {
    return loaded.error ? <Failed error={loaded.error} again={loaded.again} /> : <Loading />;
  }
  return (
    <>
      {rows.length === 0 ? (
        <Empty>
          <p>{none}</p>
        </Empty>
      ) : (
        children(rows)
      )}
      {loaded.error ? <p class="soft small">{texts("problems.old")}</p> : null}
    </>
  );
}
