/** What staff can have a robot do. It is told at once; what it does of it is shown when it reports that. */

import { Button } from "../../pages/design/Button.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import { useConsole } from "../context.ts";
import { commands, ofStage } from "../logic/commands.ts";
import type { Robot } from "../logic/robots.ts";
import { useIsOperator } from "../operations.ts";
import { texts } from "../texts/texts.ts";
import { Command } from "./Command.tsx";
import { notDone } from "./useSave.ts";

interface Props {
  readonly robot: Robot;
  /** After the robot was told, or was not. */
  readonly done: () => void;
}

function useTell({ robot, done }: Props): (work: () => Promise<unknown>) => Promise<void> {
  const { name } = robot;
  return async (work) => {
    try {
      await work();
      toast(texts("bot.told", { name }));
    } catch (error) {
      notDone(texts("bot.notTold", { name }), error);
    }
    done();
  };
}

/** Pauses a robot, or has it go on. Only one that is connected can be told. */
export function PauseOrResume({ robot, done }: Props) {
  const { api, config } = useConsole();
  const tell = useTell({ robot, done });
  const { id, name, report } = robot;
  const isOperator = useIsOperator();
  if (report?.connection !== "online") return null;
  const act = report.paused ? "resume" : "pause";
  const press = () =>
    tell(() => api.ask(`PUT /api/fleet/robots/{id}/${act}`, { path: { id }, body: {}, intent: `${act} robot ${id}` }));
  return (
    <>
      <Button class="button-small" label={`${texts(`bot.${act}`)} ${name}`} onPress={press}>
        {texts(`bot.${act}`)}
      </Button>
      {isOperator && <code class="block small soft">{ofStage(commands.ofRobot(act, name), config.stage)}</code>}
    </>
  );
}

/** What can be done about an action that failed and waits. */
export function RetryOrSkip({ robot, actionId, done }: Props & { readonly actionId: string | null }) {
  const { api } = useConsole();
  const tell = useTell({ robot, done });
  const { id, name, report } = robot;
  const isOperator = useIsOperator();
  if (actionId === null || report?.connection !== "online") return null;
  const path = { id, actionId };
  const intent = `action ${actionId} of robot ${id}`;
  const retry = () =>
    tell(() =>
      api.ask("PUT /api/fleet/robots/{id}/actions/{actionId}/retry", { path, body: {}, intent: `retry ${intent}` }),
    );
  const skip = () =>
    tell(() =>
      api.ask("PUT /api/fleet/robots/{id}/actions/{actionId}/skip", { path, body: {}, intent: `skip ${intent}` }),
    );
  return (
    <div class="row">
      <Button class="button-small" onPress={retry}>
        {texts("bot.retry")}
      </Button>
      <Button class="button-small" onPress={skip}>
        {texts("bot.skip")}
      </Button>
      {isOperator && (
        <Command text={[commands.ofRobot("retry", name, actionId), commands.ofRobot("skip", name, actionId)]} />
      )}
    </div>
  );
}
