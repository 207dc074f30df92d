/** Runs of some kinds: those at work first, and of these the newest. */

import { Badge } from "../../../pages/design/Badge.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import type { RunShape } from "../../../pages/generated/api.ts";
import { shortId } from "../../../pages/text/ids.ts";
import { number } from "../../../pages/text/text.ts";
import { useNow } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { OFTEN, useRuns } from "../../operations.ts";
import { Age } from "../../parts/Age.tsx";
import { Command } from "../../parts/Command.tsx";
import { Listed } from "../../parts/Listed.tsx";
import { to } from "../../route.ts";
import { texts } from "../../texts/texts.ts";

const KINDS = {
  gathering: "accent",
  running: "accent",
  paused: "warn",
  stopped: "bad",
  cancelled: "plain",
  done: "good",
} as const;

export const RunState = ({ state }: { readonly state: RunShape["state"] }) => (
  <Badge kind={KINDS[state]}>{texts(`run.${state}`)}</Badge>
);

const NAMED = ["redrive", "forecast", "replay", "rebuild"] as const;

export function kindOf(kind: string): string {
  const known = NAMED.find((one) => one === kind);
  return known ? texts(`run.${known}`) : kind;
}

const lettersIn = ({ total }: RunShape): string => number(total);

export function RunsOf({ kinds, none }: { readonly kinds: readonly string[]; readonly none: string }) {
  const loaded = useRuns(OFTEN);
  const now = useNow();
  const countsLetters = kinds.includes("redrive");
  return (
    <section class="card stack-close" aria-labelledby="runs">
      <h2 id="runs">{texts("ops.runs")}</h2>
      <Listed loaded={loaded} rows={loaded.data?.runs.filter(({ kind }) => kinds.includes(kind))} none={none}>
        {(rows) => (
          <Table<RunShape>
            caption={texts("ops.runs")}
            columns={[
              {
                name: texts("run.id"),
                cell: ({ id, kind }) => (
                  <a href={to("operations", "runs", id)} data-item>
                    {kindOf(kind)} <span class="mono">{shortId(id)}</span>
                  </a>
                ),
              },
              { name: texts("state"), cell: ({ state }) => <RunState state={state} /> },
              { name: texts("who"), cell: ({ by }) => by },
              ...(countsLetters ? [{ name: texts("group.counts"), cell: lettersIn, number: true }] : []),
              { name: texts("run.begun"), cell: ({ created }) => <Age since={created} now={now} />, number: true },
            ]}
            rows={rows}
            idOf={({ id }) => id}
          />
        )}
      </Listed>
      <Command text={commands.runs()} />
    </section>
  );
}
