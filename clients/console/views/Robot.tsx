/** A robot: where it is, what it does, its list and its errors; and what staff can have it do. */

import { useState } from "preact/hooks";
import { Button } from "../../pages/design/Button.tsx";
import { Dialog } from "../../pages/design/Dialog.tsx";
import { Empty, Loading, Notice } from "../../pages/design/states.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import { shared } from "../../pages/text/shared.ts";
import { useConsole } from "../context.ts";
import { useRows } from "../load.ts";
import { commands } from "../logic/commands.ts";
import { errorsOf, gravity, type Robot as Known } from "../logic/robots.ts";
import { useIsOperator } from "../operations.ts";
import { Command } from "../parts/Command.tsx";
import { FloorPlan, whereIs } from "../parts/FloorPlan.tsx";
import { Heading } from "../parts/Heading.tsx";
import { Pair } from "../parts/Pair.tsx";
import { PauseOrResume, RetryOrSkip } from "../parts/RobotActs.tsx";
import { Activity, Battery, ErrorText, LastReport, ListOf, listOf, modeWords } from "../parts/RobotFacts.tsx";
import { SaveError } from "../parts/SaveError.tsx";
import { ListStatus, RobotStatus } from "../parts/Status.tsx";
import { useSave } from "../parts/useSave.ts";
import { CLOSELY, useRobots } from "../robots.ts";
import { go } from "../route.ts";
import { texts } from "../texts/texts.ts";
import { NotNews } from "./Robots.tsx";

export function Robot({ id }: { readonly id: string }) {
  const known = useRobots(CLOSELY);
  const robot = known.robots.find((one) => one.id === id);
  const back = { label: texts("place.robots"), parts: ["robots"] };
  if (!robot) {
    return (
      <>
        <Heading title={texts("robot")} back={back} />
        {known.loading || known.waits ? <Loading /> : <Empty>{texts("bot.none", { id })}</Empty>}
      </>
    );
  }
  return (
    <>
      <Heading title={robot.name} back={back}>
        <Activity robot={robot} />
        <PauseOrResume robot={robot} done={known.again} />
      </Heading>
      <NotNews known={known} />
      {robot.activity === "rest" && <Notice>{texts("bot.restOnly")}</Notice>}
      <div class="columns">
        <div class="stack">
          <Errors robot={robot} again={known.again} />
          {robot.report && (
            <section class="card stack-close" aria-labelledby="plan">
              <h2 id="plan">{texts("robots.plan")}</h2>
              <FloorPlan robots={[robot]} old={known.old !== null} />
            </section>
          )}
        </div>
        <div class="stack">
          <Facts robot={robot} now={known.now} />
          <List robot={robot} />
          <Retire robot={robot} />
        </div>
      </div>
    </>
  );
}

function Errors({ robot, again }: { readonly robot: Known; readonly again: () => void }) {
  const errors = errorsOf(robot);
  const none = robot.report ? "bot.noErrors" : "bot.errorsUnknown";
  return (
    <section class="card stack-close" aria-labelledby="errors">
      <h2 id="errors">{texts("robots.errors")}</h2>
      {errors.length === 0 && <p class="soft">{texts(none)}</p>}
      {errors.map(({ error, actionId }, at) => (
        <article key={at} class={`notice notice-${error ? gravity(error.level) : "warn"} stack-close`}>
          {error ? <ErrorText error={error} /> : <p>{texts("bot.actionWaits", { id: actionId ?? "" })}</p>}
          <RetryOrSkip robot={robot} actionId={actionId} done={again} />
        </article>
      ))}
    </section>
  );
}

const yesOrNo = (value: boolean): string => texts(value ? "bot.yes" : "bot.no");

function Facts({ robot, now }: { readonly robot: Known; readonly now: number }) {
  const { report, row, id } = robot;
  return (
    <section class="card stack-close" aria-labelledby="state">
      <h2 id="state">{texts("bot.state")}</h2>
      <dl class="facts">
        {report && (
          <>
            <Pair name={texts("bot.connection")}>{texts(`bot.${report.connection}`)}</Pair>
            <Pair name={texts("bot.driving")}>{yesOrNo(report.driving)}</Pair>
            <Pair name={texts("bot.paused")}>{yesOrNo(report.paused)}</Pair>
            {report.operatingMode && <Pair name={texts("bot.mode")}>{modeWords(report.operatingMode)}</Pair>}
            <Pair name={texts("robots.where")}>{whereIs(robot) || "–"}</Pair>
            <Pair name={texts("robots.battery")}>
              {typeof report.battery === "number" ? <Battery robot={robot} /> : "–"}
            </Pair>
          </>
        )}
        <Pair name={texts("robots.reported")}>
          <LastReport robot={robot} now={now} />
        </Pair>
        {row && (
          <Pair name={texts("bot.depot")}>
            <RobotStatus status={row.status} listId={row.listId} />
          </Pair>
        )}
        <Pair name="Id">
          <span class="mono">{id}</span>
        </Pair>
      </dl>
    </section>
  );
}

function List({ robot }: { readonly robot: Known }) {
  const lists = useRows("lists");
  const id = listOf(robot);
  const list = id === null ? undefined : lists.get(id)?.data;
  const assignment = list?.assignment ?? robot.report?.order?.assignment;
  return (
    <section class="card stack-close" aria-labelledby="list">
      <h2 id="list">{texts("bot.list")}</h2>
      {id === null ? (
        <p class="soft">{texts("bot.noList")}</p>
      ) : (
        <dl class="facts">
          <Pair name={texts("order")}>
            <ListOf robot={robot} lists={lists} />
          </Pair>
          {list && (
            <Pair name={texts("state")}>
              <ListStatus status={list.status} />
            </Pair>
          )}
          {assignment !== undefined && <Pair name={texts("bot.assignment")}>{assignment}</Pair>}
        </dl>
      )}
    </section>
  );
}

function Retire({ robot }: { readonly robot: Known }) {
  const [asking, setAsking] = useState(false);
  return (
    <section class="card stack danger-zone">
      <p>{texts("bot.retireWhat")}</p>
      <div class="row">
        <Button kind="danger" onPress={() => setAsking(true)}>
          {texts("bot.retire")}
        </Button>
      </div>
      {asking && <Question robot={robot} onClose={() => setAsking(false)} />}
    </section>
  );
}

function Question({ robot, onClose }: { readonly robot: Known; readonly onClose: () => void }) {
  const { api } = useConsole();
  const isOperator = useIsOperator();
  const { id, name } = robot;
  const { error, save } = useSave(
    () => api.ask("DELETE /api/depot/bots/{id}", { path: { id }, body: {}, intent: `retire ${id}` }),
    () => {
      toast(texts("bot.retired", { name }));
      go("robots");
    },
  );
  return (
    <Dialog title={texts("bot.retireTitle", { name })} onClose={onClose}>
      <Notice kind="warn">{texts("bot.retireWarning")}</Notice>
      {listOf(robot) !== null && <p>{texts("bot.retireList")}</p>}
      <SaveError error={error} />
      <div class="row">
        <Button kind="danger" onPress={save}>
          {texts("bot.retireSave")}
        </Button>
        <Button onPress={onClose}>{shared("cancel")}</Button>
      </div>
      {isOperator && <Command text={commands.ofRobot("retire", name)} />}
    </Dialog>
  );
}
