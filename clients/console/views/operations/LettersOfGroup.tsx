/** The letters of one group, those that were opened last first. */

import { Badge } from "../../../pages/design/Badge.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import type { GroupShape, LetterShape } from "../../../pages/generated/api.ts";
import { shortId } from "../../../pages/text/ids.ts";
import { number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { useLoadedAgain, useNow } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { usePaged } from "../../paged.ts";
import { Age } from "../../parts/Age.tsx";
import { Command } from "../../parts/Command.tsx";
import { Listed } from "../../parts/Listed.tsx";
import { More } from "../../parts/More.tsx";
import { to } from "../../route.ts";
import { texts } from "../../texts/texts.ts";

const PAGE = 50;
const KINDS = { open: "bad", redriving: "accent", parked: "warn", done: "good", discarded: "plain" } as const;

export const LetterState = ({ state }: Pick<LetterShape, "state">) => (
  <Badge kind={KINDS[state]}>{texts(`letter.is.${state}`)}</Badge>
);

export function LettersOfGroup({ group }: { readonly group: GroupShape }) {
  const { api } = useConsole();
  const now = useNow();
  // Its counts are made anew when a letter changed: then the letters are asked for again.
  const counted = JSON.stringify(group.counts);
  const loaded = usePaged(`letters of ${group.id}`, async (from, signal) => {
    const rows: LetterShape[] = [];
    let next = from;
    // A page may be short, or empty, and not be the last.
    do {
      const query = { group: group.id, limit: PAGE, ...(next === undefined ? {} : { next }) };
      const found = await api.get("GET /api/operations/letters", { query, signal });
      rows.push(...found.letters);
      next = found.next;
    } while (next !== undefined && rows.length < PAGE);
    return { rows, next };
  });
  useLoadedAgain(counted, loaded.again);
  return (
    <section class="card stack-close" aria-labelledby="letters">
      <h2 id="letters">{texts("group.letters")}</h2>
      <Listed loaded={loaded} rows={loaded.data?.rows} none={texts("group.noLetters")}>
        {(rows) => (
          <Table<LetterShape>
            caption={texts("group.letters")}
            columns={[
              {
                name: texts("ops.letter"),
                cell: ({ id }) => (
                  <a href={to("operations", "letters", id)} class="mono" data-item>
                    {shortId(id)}
                  </a>
                ),
              },
              { name: texts("state"), cell: (letter) => <LetterState state={letter.state} /> },
              {
                name: texts("order"),
                cell: ({ order }) =>
                  order ? (
                    <a href={to("orders", order)} class="mono">
                      {shortId(order)}
                    </a>
                  ) : (
                    "–"
                  ),
              },
              { name: texts("letter.tries"), cell: ({ tries }) => number(tries), number: true },
              { name: texts("letter.redrives"), cell: ({ redrives }) => number(redrives), number: true },
              {
                name: texts("letter.failed"),
                cell: ({ failedAt }) => <Age since={failedAt} now={now} />,
                number: true,
              },
            ]}
            rows={rows}
            idOf={({ id }) => id}
          />
        )}
      </Listed>
      <More more={loaded.more} failed={loaded.failed} />
      <Command text={commands.letters(group.id)} />
    </section>
  );
}
