/** Groups of dead letters, those that were seen last first, and what was run to mend them. */

import { Badge } from "../../../pages/design/Badge.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import type { GroupShape } from "../../../pages/generated/api.ts";
import { number } from "../../../pages/text/text.ts";
import { useNow } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { MOST, OFTEN, useGroups } from "../../operations.ts";
import { Age } from "../../parts/Age.tsx";
import { Command } from "../../parts/Command.tsx";
import { Listed } from "../../parts/Listed.tsx";
import { useAnnounced } from "../../parts/useAnnounced.ts";
import { route } from "../../route.ts";
import { texts } from "../../texts/texts.ts";
import { RunsOf } from "./RunsOf.tsx";

const STATES = ["open", "resolved"] as const;

export function Failures() {
  const asked = route.value.query.get("state") === "resolved" ? "resolved" : "open";
  const loaded = useGroups(asked, OFTEN);
  const groups = loaded.data?.groups;
  useAnnounced(asked === "open" && groups ? { count: groups.length } : null, (told) => texts("groups.announced", told));
  return (
    <>
      <section class="card stack-close" aria-labelledby="groups">
        <div class="row">
          <h2 id="groups">{texts("ops.failures")}</h2>
          <nav aria-label={texts("groups.which")}>
            <ul class="plain places">
              {STATES.map((state) => (
                <li key={state}>
                  <a href={`#/operations/failures?state=${state}`} aria-current={state === asked ? "page" : undefined}>
                    {texts(`groups.${state}`)}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        </div>
        <Listed
          loaded={loaded}
          rows={groups}
          none={texts(asked === "open" ? "groups.noneOpen" : "groups.noneResolved")}
        >
          {(rows) => <Groups rows={rows} />}
        </Listed>
        {groups?.length === MOST && <p class="soft small">{texts("ops.most", { count: MOST })}</p>}
        <Command text={commands.groups(asked)} />
      </section>
      <RunsOf kinds={["redrive", "forecast"]} none={texts("run.noRuns")} />
    </>
  );
}

function Groups({ rows }: { readonly rows: readonly GroupShape[] }) {
  const now = useNow();
  return (
    <Table<GroupShape>
      caption={texts("ops.failures")}
      columns={[
        {
          name: texts("ops.error"),
          cell: ({ id, error, reason, cameBack }) => (
            <div class="cause">
              <a href={`#/operations/groups/${encodeURIComponent(id)}`} data-item>
                {error || texts("ops.error")}
              </a>{" "}
              {cameBack && <Badge kind="bad">{texts("groups.cameBack")}</Badge>}
              <span class="soft small clipped">{reason}</span>
            </div>
          ),
        },
        {
          name: texts("ops.consumer"),
          cell: ({ consumer, message }) => (
            <div>
              {consumer}
              <span class="block soft small">{message}</span>
            </div>
          ),
        },
        { name: texts("groups.letters"), cell: ({ counts }) => number(counts.open), number: true },
        { name: texts("groups.owner"), cell: ({ owner }) => owner || "–" },
        { name: texts("groups.first"), cell: ({ firstSeen }) => <Age since={firstSeen} now={now} />, number: true },
        { name: texts("groups.last"), cell: ({ lastSeen }) => <Age since={lastSeen} now={now} />, number: true },
      ]}
      rows={rows}
      idOf={({ id }) => id}
    />
  );
}
