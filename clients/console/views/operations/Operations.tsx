/** What operators alone have: failures and how they are mended, sagas, consumers, and read models built anew. */

import { Loading } from "../../../pages/design/states.tsx";
import { useConsole } from "../../context.ts";
import { useIsOperator } from "../../operations.ts";
import { Heading } from "../../parts/Heading.tsx";
import { to } from "../../route.ts";
import { texts } from "../../texts/texts.ts";
import { Unknown } from "../Unknown.tsx";
import { BreakIt } from "./BreakIt.tsx";
import { Consumers } from "./Consumers.tsx";
import { Failures } from "./Failures.tsx";
import { Group } from "./Group.tsx";
import { Letter } from "./Letter.tsx";
import { Past } from "./Past.tsx";
import { Rebuilds } from "./Rebuilds.tsx";
import { Run } from "./Run.tsx";
import { Saga } from "./Saga.tsx";
import { Sagas } from "./Sagas.tsx";
import { SystemMap } from "./SystemMap.tsx";

const PARTS = ["failures", "sagas", "map", "consumers", "rebuilds", "break"] as const;

export function Operations({ parts }: { readonly parts: readonly string[] }) {
  const isOperator = useIsOperator();
  const { control } = useConsole().config;
  const [part = "failures", id, ...more] = parts;
  if (isOperator === null) return <Loading />;
  if (!isOperator || more.length > 0) return <Unknown />;
  if (id !== undefined) {
    if (part === "groups") return <Group key={id} id={id} />;
    if (part === "sagas") return <Saga key={id} id={id} />;
    if (part === "orders") return <Past key={id} id={id} />;
    if (part === "letters") return <Letter key={id} id={id} />;
    if (part === "runs") return <Run key={id} id={id} />;
    return <Unknown />;
  }
  const known = PARTS.find((one) => one === part);
  if (!known) return <Unknown />;
  const Shown = {
    failures: Failures,
    sagas: Sagas,
    map: SystemMap,
    consumers: Consumers,
    rebuilds: Rebuilds,
    break: BreakIt,
  }[known];
  return (
    <>
      <Heading title={texts("place.operations")}>
        <nav aria-label={texts("ops.places")}>
          <ul class="plain places">
            {PARTS.filter((one) => one !== "break" || control).map((one) => (
              <li key={one}>
                <a href={to("operations", one)} aria-current={one === known ? "page" : undefined}>
                  {texts(`ops.${one}`)}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </Heading>
      <Shown />
    </>
  );
}
