/** A forecast: what would become of letters if they were sent back now, and from there a redrive of that very set. */

import { useState } from "preact/hooks";
import { Badge } from "../../../pages/design/Badge.tsx";
import { Button } from "../../../pages/design/Button.tsx";
import { Failed, Loading, Notice } from "../../../pages/design/states.tsx";
import type { ForecastedLetter, ForecastShape, RunShape } from "../../../pages/generated/api.ts";
import { shortId } from "../../../pages/text/ids.ts";
import { number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { useLoad } from "../../load.ts";
import { ANSWERS, countOf } from "../../logic/operations.ts";
import { Pair } from "../../parts/Pair.tsx";
import { to } from "../../route.ts";
import { texts } from "../../texts/texts.ts";
import { RedriveDialog } from "./RedriveDialog.tsx";
import { RunActs } from "./RunActs.tsx";

const KINDS = { passes: "good", refused: "plain", waits: "warn", fails: "bad", "cannot tell": "warn" } as const;
const SAID = [...ANSWERS, "not forecast"] as const;

export function answerWords(answer: string): string {
  const known = SAID.find((one) => one === answer);
  return known ? texts(`answer.${known}`) : answer;
}

interface Props {
  readonly run: RunShape;
  readonly again: () => void;
  readonly every: number;
}

export function Forecast({ run, again, every }: Props) {
  const { api } = useConsole();
  const { id } = run;
  const loaded = useLoad(
    `forecast ${id}`,
    (signal) => api.get("GET /api/operations/forecasts/{id}", { path: { id }, signal }),
    every,
  );
  const forecast = loaded.data?.forecast;
  if (!forecast) return loaded.error ? <Failed error={loaded.error} again={loaded.again} /> : <Loading />;
  return (
    <>
      {run.state === "stopped" && <Notice kind="bad">{forecast.why}</Notice>}
      <div class="columns">
        <Answers forecast={forecast} />
        <SendBack forecast={forecast} run={run} again={again} />
      </div>
      <Samples forecast={forecast} />
    </>
  );
}

function Answers({ forecast }: { readonly forecast: ForecastShape }) {
  return (
    <section class="card stack" aria-labelledby="answers">
      <h2 id="answers">{texts("forecast.under", { answered: forecast.answered, total: forecast.total })}</h2>
      <dl class="facts">
        {ANSWERS.filter((answer) => countOf(forecast, answer) > 0).map((answer) => (
          <Pair key={answer} name={<Badge kind={KINDS[answer]}>{texts(`answer.${answer}`)}</Badge>}>
            {number(countOf(forecast, answer))}
          </Pair>
        ))}
      </dl>
      {forecast.reasons.length > 0 && (
        <>
          <h3>{texts("forecast.reasons")}</h3>
          <dl class="facts">
            {forecast.reasons.map(({ reason, letters }) => (
              <Pair key={reason} name={reason}>
                {number(letters)}
              </Pair>
            ))}
          </dl>
        </>
      )}
      <p class="soft small mono">{forecast.codes.join(", ")}</p>
    </section>
  );
}

function SendBack({ forecast, run, again }: { readonly forecast: ForecastShape } & Omit<Props, "every">) {
  const [asking, setAsking] = useState<"passing" | "all" | null>(null);
  const { passes } = forecast.counts;
  const ended = run.state === "done";
  return (
    <section class="card stack" aria-labelledby="send">
      <h2 id="send">{texts("group.act")}</h2>
      {ended && (
        <div class="row">
          <Button kind="primary" disabled={passes === 0} onPress={() => setAsking("passing")}>
            {texts("forecast.redrivePassing", { count: passes })}
          </Button>
          {passes < forecast.total && (
            <Button onPress={() => setAsking("all")}>{texts("forecast.redriveAll", { count: forecast.total })}</Button>
          )}
        </div>
      )}
      <RunActs run={run} again={again} />
      {asking && (
        <RedriveDialog
          which={{ forecast: forecast.id, passing: asking === "passing" }}
          count={asking === "passing" ? passes : forecast.total}
          onClose={() => setAsking(null)}
        />
      )}
    </section>
  );
}

function Samples({ forecast }: { readonly forecast: ForecastShape }) {
  if (forecast.samples.length === 0) return null;
  return (
    <section class="card stack" aria-labelledby="samples">
      <h2 id="samples">{texts("forecast.samples")}</h2>
      {forecast.samples.map((sample) => (
        <Sample key={sample.letter} sample={sample} />
      ))}
    </section>
  );
}

function Sample({ sample }: { readonly sample: ForecastedLetter }) {
  const sends = sample.sends.map(({ name, times }) => (times > 1 ? `${name} × ${number(times)}` : name));
  return (
    <article class="stack-close" aria-label={shortId(sample.letter)}>
      <p class="row">
        <a href={to("operations", "letters", sample.letter)} class="mono" data-item>
          {shortId(sample.letter)}
        </a>
        <Badge kind={KINDS[sample.answer]}>{texts(`answer.${sample.answer}`)}</Badge>
        <span>{sample.why}</span>
      </p>
      <dl class="facts narrow">
        {sample.writes.map(({ stream, events }, at) => (
          <Pair key={at} name={texts("forecast.writes")}>
            {events.join(", ")} <span class="mono soft small">{stream}</span>
          </Pair>
        ))}
        {sends.length > 0 && <Pair name={texts("forecast.sends")}>{sends.join(", ")}</Pair>}
      </dl>
    </article>
  );
}
