/** How many dead letters there are, by state: for the view of problems. Operators alone see it. */

import { Badge } from "../../../pages/design/Badge.tsx";
import { Empty, Failed, Loading } from "../../../pages/design/states.tsx";
import { number } from "../../../pages/text/text.ts";
import { lettersOf } from "../../logic/operations.ts";
import { MOST, useGroups } from "../../operations.ts";
import { Pair } from "../../parts/Pair.tsx";
import { to } from "../../route.ts";
import { texts } from "../../texts/texts.ts";

const LOOKS = 15_000; // milliseconds
const WAITING = ["open", "redriving", "parked"] as const;

export function Letters() {
  const loaded = useGroups("open", LOOKS);
  const groups = loaded.data?.groups;
  const counts = groups && lettersOf(groups);
  return (
    <section class="card stack-close" aria-labelledby="letters">
      <h2 id="letters" class="row">
        {texts("problems.letters")}
        {counts && <Badge kind={counts.open > 0 ? "bad" : "good"}>{number(counts.open)}</Badge>}
      </h2>
      {counts === undefined ? (
        loaded.error ? (
          <Failed error={loaded.error} again={loaded.again} />
        ) : (
          <Loading />
        )
      ) : groups?.length === 0 ? (
        <Empty>
          <p>{texts("problems.noLetters")}</p>
        </Empty>
      ) : (
        <>
          <dl class="facts narrow">
            {WAITING.map((state) => (
              <Pair key={state} name={texts(`letter.${state}`)}>
                {number(counts[state])}
              </Pair>
            ))}
          </dl>
          <p>
            <a href={to("operations")}>{texts("problems.groups", { count: groups?.length ?? 0 })}</a>
          </p>
          {groups?.length === MOST && <p class="soft small">{texts("ops.most", { count: MOST })}</p>}
        </>
      )}
      {counts && loaded.error ? <p class="soft small">{texts("problems.old")}</p> : null}
    </section>
  );
}
