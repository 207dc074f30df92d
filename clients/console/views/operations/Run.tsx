/** One run: a forecast with its answers, a redrive with its ramp, a rebuild or a replay with its steps. */

import { useEffect, useState } from "preact/hooks";
import { Failed, Loading, Notice } from "../../../pages/design/states.tsx";
import { shortId } from "../../../pages/text/ids.ts";
import { useConsole } from "../../context.ts";
import { isKind, useLoad } from "../../load.ts";
import { goesOn } from "../../logic/operations.ts";
import { Heading } from "../../parts/Heading.tsx";
import { texts } from "../../texts/texts.ts";
import { Forecast } from "./Forecast.tsx";
import { Rebuild } from "./Rebuild.tsx";
import { Redrive } from "./Redrive.tsx";
import { kindOf, RunState } from "./RunsOf.tsx";

const CLOSELY = 2_000; // milliseconds, while it goes on
const SELDOM = 15_000;

export function Run({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const [every, setEvery] = useState(CLOSELY);
  const loaded = useLoad(
    `run ${id}`,
    (signal) => api.get("GET /api/operations/runs/{id}", { path: { id }, signal }),
    every,
  );
  const run = loaded.data?.run;
  useEffect(() => {
    if (run) setEvery(goesOn(run) ? CLOSELY : SELDOM);
  }, [run]);
  const isHistory = run?.kind === "rebuild" || run?.kind === "replay";
  const back = isHistory
    ? { label: texts("ops.rebuilds"), parts: ["operations", "rebuilds"] }
    : { label: texts("place.operations"), parts: ["operations"] };
  return (
    <>
      <Heading title={`${run ? kindOf(run.kind) : texts("run.id")} ${shortId(id)}`} back={back}>
        {run && <RunState state={run.state} />}
      </Heading>
      {loaded.data && run ? (
        <>
          {loaded.error ? <Notice kind="warn">{texts("problems.old")}</Notice> : null}
          {run.kind === "forecast" ? (
            <Forecast run={run} again={loaded.again} every={every} />
          ) : isHistory ? (
            <Rebuild run={run} again={loaded.again} every={every} />
          ) : (
            <Redrive shown={loaded.data} again={loaded.again} every={every} />
          )}
        </>
      ) : isKind(loaded.error, "not_found") ? (
        <Notice>{texts("run.none", { id })}</Notice>
      ) : loaded.error ? (
        <Failed error={loaded.error} again={loaded.again} />
      ) : (
        <Loading />
      )}
    </>
  );
}
