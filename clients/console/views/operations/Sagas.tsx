/** The sagas of a status, or those that have not ended: parked ones first, then those that run the longest. */

import { Badge } from "../../../pages/design/Badge.tsx";
import { Table } from "../../../pages/design/Table.tsx";
import type { SagaView } from "../../../pages/generated/api.ts";
import { shortId } from "../../../pages/text/ids.ts";
import { number } from "../../../pages/text/text.ts";
import { useNow } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { inOrder, LISTS, LONG, listOf, OPEN, type Status } from "../../logic/sagas.ts";
import { Age } from "../../parts/Age.tsx";
import { Command } from "../../parts/Command.tsx";
import { Listed } from "../../parts/Listed.tsx";
import { useAnnounced } from "../../parts/useAnnounced.ts";
import { route, to } from "../../route.ts";
import { LOOKS, mostOf, useSagas } from "../../sagas.ts";
import { said } from "../../texts/said.ts";
import { texts } from "../../texts/texts.ts";

const KINDS = { running: "accent", parked: "bad", completed: "good", compensated: "plain", stopped: "plain" } as const;

export const SagaState = ({ status }: { readonly status: Status }) => (
  <Badge kind={KINDS[status]}>{said(`saga.is.${status}`)}</Badge>
);

export function Sagas() {
  const which = listOf(route.value.query.get("status"));
  const loaded = useSagas(which, LOOKS);
  const rows = loaded.data ? inOrder(loaded.data.sagas) : undefined;
  useAnnounced(which === "open" && rows ? { count: rows.length } : null, (told) => said("saga.announced", told));
  return (
    <section class="card stack-close" aria-labelledby="sagas">
      <h2 id="sagas">{texts("ops.sagas")}</h2>
      <p class="soft">{said("saga.how")}</p>
      <nav aria-label={said("saga.which")}>
        <ul class="plain places">
          {LISTS.map((one) => (
            <li key={one}>
              <a href={`${to("operations", "sagas")}?status=${one}`} aria-current={one === which ? "page" : undefined}>
                {said(`saga.${one}`)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Listed loaded={loaded} rows={rows} none={said(which === "open" ? "saga.noneOpen" : "saga.noneSuch")}>
        {(shown) => <Rows rows={shown} />}
      </Listed>
      {loaded.data?.next && (
        <p class="soft small">{said(OPEN.includes(which) ? "saga.newest" : "saga.most", { count: mostOf(which) })}</p>
      )}
      <Command text={which === "open" ? ["parked", "running"].map(commands.sagas) : commands.sagas(which)} />
    </section>
  );
}

function Rows({ rows }: { readonly rows: readonly SagaView[] }) {
  const now = useNow();
  return (
    <Table<SagaView>
      caption={texts("ops.sagas")}
      columns={[
        {
          name: texts("order"),
          cell: ({ orderId }) => (
            <a href={to("operations", "sagas", orderId)} class="mono" data-item>
              {shortId(orderId)}
            </a>
          ),
        },
        {
          name: texts("state"),
          cell: ({ status, compensating }) => (
            <>
              <SagaState status={status} />
              {compensating && <span class="block soft small">{said("saga.undoing")}</span>}
            </>
          ),
        },
        { name: texts("who.reason"), cell: ({ reason }) => <span class="block why">{reason || "–"}</span> },
        { name: texts("problems.step"), cell: ({ step }) => number(step), number: true },
        {
          name: texts("since"),
          cell: ({ status, since }) => (
            <Age since={since} now={now} {...(status === "running" ? { late: LONG } : {})} />
          ),
          number: true,
        },
      ]}
      rows={rows}
      idOf={({ orderId }) => orderId}
    />
  );
}
