/** What needs a person: parked sagas, orders whose money differs, and for operators dead letters by number. Asked for
 * again every 15 seconds.
 */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Badge } from "../../pages/design/Badge.tsx";
import { Button } from "../../pages/design/Button.tsx";
import { Empty, Failed, Loading } from "../../pages/design/states.tsx";
import { Table } from "../../pages/design/Table.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { DifferenceShape, SagaView } from "../../pages/generated/api.ts";
import { shortId } from "../../pages/text/ids.ts";
import { money } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { type Loaded, useNow } from "../load.ts";
import { commands, ofStage } from "../logic/commands.ts";
import { words } from "../logic/timeline.ts";
import { useIsOperator } from "../operations.ts";
import { Age } from "../parts/Age.tsx";
import { Heading } from "../parts/Heading.tsx";
import { ResumeSaga } from "../parts/ResumeSaga.tsx";
import { notDone } from "../parts/useSave.ts";
import { useDiffering } from "../problems.ts";
import { to } from "../route.ts";
import { LOOKS, useSagas } from "../sagas.ts";
import { texts } from "../texts/texts.ts";
import { Letters } from "./operations/Letters.tsx";

export function Problems() {
  const { api } = useConsole();
  const now = useNow();
  const isOperator = useIsOperator();
  const [resuming, setResuming] = useState<SagaView | null>(null);
  const sagas = useSagas("parked", LOOKS);
  const differences = useDiffering(LOOKS);
  const recheck = (orderId: string) =>
    api.ask("PUT /api/payments/differences/{orderId}/recheck", {
      path: { orderId },
      body: {},
      intent: `recheck ${orderId}`,
    });
  return (
    <>
      <Heading title={texts("place.problems")} />
      <Section
        title={texts("problems.sagas")}
        none={texts("problems.noSagas")}
        loaded={sagas}
        rows={sagas.data?.sagas}
        beside={
          isOperator && (
            <a class="small" href={to("operations", "sagas")}>
              {texts("problems.allSagas")}
            </a>
          )
        }
      >
        {(rows) => (
          <Table<SagaView>
            caption={texts("problems.sagas")}
            columns={[
              { name: texts("order"), cell: ({ orderId }) => <OrderLink id={orderId} /> },
              { name: texts("who.reason"), cell: ({ reason }) => reason },
              { name: texts("problems.step"), cell: ({ step }) => step, number: true },
              { name: texts("since"), cell: ({ since }) => <Age since={since} now={now} />, number: true },
              {
                name: texts("problems.resume"),
                silent: true,
                number: true,
                cell: (saga) => (
                  <>
                    {isOperator && (
                      <a
                        href={to("operations", "sagas", saga.orderId)}
                        aria-label={`${texts("problems.sagaOf")} ${shortId(saga.orderId)}`}
                      >
                        {texts("problems.sagaOf")}
                      </a>
                    )}{" "}
                    <Button
                      class="button-small"
                      label={`${texts("problems.resume")} ${shortId(saga.orderId)}`}
                      onPress={() => setResuming(saga)}
                    >
                      {texts("problems.resume")}
                    </Button>
                  </>
                ),
              },
            ]}
            rows={rows}
            idOf={({ orderId }) => orderId}
          />
        )}
      </Section>
      <Section
        title={texts("problems.differences")}
        none={texts("problems.noDifferences")}
        loaded={differences}
        rows={differences.data?.differences}
      >
        {(rows) => (
          <Table<DifferenceShape>
            caption={texts("problems.differences")}
            columns={[
              { name: texts("order"), cell: ({ orderId }) => <OrderLink id={orderId} /> },
              {
                name: texts("who.reason"),
                cell: ({ reasons }) =>
                  reasons.map(({ kind, expected, found }) => (
                    <span key={kind} class="block">
                      {words(kind.replaceAll("_", " "))}: {money(expected)} → {money(found)}
                    </span>
                  )),
              },
              { name: texts("since"), cell: ({ since }) => <Age since={since} now={now} />, number: true },
              {
                name: texts("problems.recheck"),
                silent: true,
                number: true,
                cell: ({ orderId }) => <Recheck id={orderId} work={recheck} done={differences.again} />,
              },
            ]}
            rows={rows}
            idOf={({ orderId }) => orderId}
          />
        )}
      </Section>
      {isOperator && <Letters />}
      {resuming && <ResumeSaga saga={resuming} again={sagas.again} onClose={() => setResuming(null)} />}
    </>
  );
}

function OrderLink({ id }: { readonly id: string }) {
  return (
    <a href={to("orders", id)} class="mono" data-item>
      {shortId(id)}
    </a>
  );
}

interface RecheckProps {
  readonly id: string;
  readonly work: (id: string) => Promise<unknown>;
  readonly done: () => void;
}

function Recheck({ id, work, done }: RecheckProps) {
  const { stage } = useConsole().config;
  const isOperator = useIsOperator();
  const press = async (): Promise<void> => {
    try {
      await work(id);
      toast(texts("problems.begun", { id: shortId(id) }));
    } catch (error) {
      notDone(texts("problems.failed", { id: shortId(id) }), error);
    }
    done();
  };
  return (
    <>
      <Button class="button-small" label={`${texts("problems.recheck")} ${shortId(id)}`} onPress={press}>
        {texts("problems.recheck")}
      </Button>
      {isOperator && <code class="block small soft">{ofStage(commands.recheck(id), stage)}</code>}
    </>
  );
}

interface SectionProps<Row> {
  readonly title: string;
  readonly none: string;
  readonly loaded: Loaded<unknown>;
  readonly rows: readonly Row[] | undefined;
  /** Beside the title. */
  readonly beside?: ComponentChildren;
  readonly children: (rows: readonly Row[]) => ComponentChildren;
}

function Section<Row>({ title, none, loaded, rows, beside, children }: SectionProps<Row>) {
  return (
    <section class="card stack-close">
      <h2 class="row">
        {title} {rows && <Badge kind={rows.length > 0 ? "bad" : "good"}>{rows.length}</Badge>}
        {beside}
      </h2>
      {rows === undefined ? (
        loaded.error ? (
          <Failed error={loaded.error} again={loaded.again} />
        ) : (
          <Loading />
        )
      ) : rows.length === 0 ? (
        <Empty>
          <p>{none}</p>
        </Empty>
      ) : (
        children(rows)
      )}
      {rows !== undefined && loaded.error ? <p class="soft small">{texts("problems.old")}</p> : null}
    </section>
  );
}
