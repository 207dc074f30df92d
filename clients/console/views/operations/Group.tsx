/** One group of dead letters: what failed, what is known of it, a forecast, a redrive, and its letters. */

import { useState } from "preact/hooks";
import { Badge } from "../../../pages/design/Badge.tsx";
import { Button } from "../../../pages/design/Button.tsx";
import { Failed, Loading, Notice } from "../../../pages/design/states.tsx";
import type { GroupShape } from "../../../pages/generated/api.ts";
import { shortId } from "../../../pages/text/ids.ts";
import { dayAndTime, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { isKind, useLoad } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { LETTER_STATES } from "../../logic/operations.ts";
import { OFTEN } from "../../operations.ts";
import { Command } from "../../parts/Command.tsx";
import { Heading } from "../../parts/Heading.tsx";
import { Pair } from "../../parts/Pair.tsx";
import { SaveError } from "../../parts/SaveError.tsx";
import { useSave } from "../../parts/useSave.ts";
import { go, to } from "../../route.ts";
import { texts } from "../../texts/texts.ts";
import { Known } from "./Known.tsx";
import { LettersOfGroup } from "./LettersOfGroup.tsx";
import { RedriveDialog } from "./RedriveDialog.tsx";
import { Resolve } from "./Resolve.tsx";

export function Group({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const loaded = useLoad(
    `group ${id}`,
    (signal) => api.get("GET /api/operations/groups/{id}", { path: { id }, signal }),
    OFTEN,
  );
  const group = loaded.data?.group;
  const back = { label: texts("place.operations"), parts: ["operations"] };
  return (
    <>
      <Heading title={group ? group.error || texts("ops.error") : texts("ops.failures")} back={back}>
        {group?.state === "resolved" && <Badge kind="good">{texts("groups.resolved")}</Badge>}
        {group?.cameBack && <Badge kind="bad">{texts("groups.cameBack")}</Badge>}
      </Heading>
      {group ? (
        <>
          {loaded.error ? <Notice kind="warn">{texts("problems.old")}</Notice> : null}
          <div class="columns columns-even">
            <div class="stack">
              <Facts group={group} />
              <Resolve group={group} again={loaded.again} />
            </div>
            <div class="stack">
              <SendBack group={group} />
              <Known group={group} again={loaded.again} />
            </div>
          </div>
          <LettersOfGroup group={group} />
        </>
      ) : isKind(loaded.error, "not_found") ? (
        <Notice>{texts("group.none", { id })}</Notice>
      ) : loaded.error ? (
        <Failed error={loaded.error} again={loaded.again} />
      ) : (
        <Loading />
      )}
    </>
  );
}

function Facts({ group }: { readonly group: GroupShape }) {
  const codes =
    group.code === group.latestCode ? group.code : texts("group.codes", { first: group.code, last: group.latestCode });
  return (
    <section class="card stack-close" aria-labelledby="facts">
      <h2 id="facts">{texts("group.facts")}</h2>
      <p class="quoted">{group.reason}</p>
      {group.cameBack && <Notice kind="warn">{texts("group.cameBack", { time: dayAndTime(group.cameBack) })}</Notice>}
      <dl class="facts">
        <Pair name={texts("ops.consumer")}>{group.consumer}</Pair>
        <Pair name={texts("ops.message")}>{group.message || "–"}</Pair>
        <Pair name={texts("groups.first")}>{dayAndTime(group.firstSeen)}</Pair>
        <Pair name={texts("groups.last")}>{dayAndTime(group.lastSeen)}</Pair>
        <Pair name={texts("group.code")}>
          <span class="mono">{codes || "–"}</span>
        </Pair>
        {LETTER_STATES.filter((state) => state === "open" || group.counts[state] > 0).map((state) => (
          <Pair key={state} name={texts(`letter.${state}`)}>
            {number(group.counts[state])}
          </Pair>
        ))}
        <Pair name={texts("group.latest")}>
          <a href={to("operations", "letters", group.sample)} class="mono">
            {shortId(group.sample)}
          </a>
        </Pair>
      </dl>
      <Command text={commands.show(group.id)} />
    </section>
  );
}

function SendBack({ group }: { readonly group: GroupShape }) {
  const { api } = useConsole();
  const [asking, setAsking] = useState<GroupShape | null>(null); // as it was when it was asked about: the set that is sent
  const { open } = group.counts;
  const { error, save } = useSave(
    async () => {
      const body = { letters: [], group: group.id };
      const { id } = await api.get("POST /api/operations/forecasts", { body, intent: `forecast ${group.id}` });
      go("operations", "runs", id);
    },
    () => undefined,
  );
  return (
    <section class="card stack" aria-labelledby="send">
      <h2 id="send">{texts("group.act")}</h2>
      <p class="soft">{texts(open > 0 ? "group.actHow" : "group.nothing")}</p>
      <SaveError error={error} />
      <div class="row">
        <Button kind="primary" disabled={open === 0} onPress={save}>
          {texts("group.forecast")}
        </Button>
        <Button disabled={open === 0} onPress={() => setAsking(group)}>
          {texts("group.redrive")}
        </Button>
      </div>
      <Command text={commands.forecast(group.id)} />
      {asking && (
        <RedriveDialog
          which={{ group: asking.id, asOf: asking.countedAt }}
          count={asking.counts.open}
          onClose={() => setAsking(null)}
        />
      )}
    </section>
  );
}
