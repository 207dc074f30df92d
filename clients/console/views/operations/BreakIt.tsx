/** A tour of five faults of a local mall: break something, watch it fail, mend it, watch it drain. The page is told how
 * it stands by the launcher, so it goes on while the mall is away.
 */

import { useState } from "preact/hooks";
import type { Config } from "../../../pages/api/config.ts";
import { Badge } from "../../../pages/design/Badge.tsx";
import { Button } from "../../../pages/design/Button.tsx";
import { Loading } from "../../../pages/design/states.tsx";
import { toast } from "../../../pages/design/toasts.tsx";
import { clockTime, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { act, damageOf, FAULTS, type Fault, type FaultName } from "../../control.ts";
import { useLoad } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { Command } from "../../parts/Command.tsx";
import { to } from "../../route.ts";
import { said } from "../../texts/said.ts";
import { Unknown } from "../Unknown.tsx";

const LOOKS = 2_000; // milliseconds
const DONE = "tour"; // of localStorage: the faults that were mended

/** Where each is seen best, and what the command line has to see it by. */
const WATCH: Readonly<Record<FaultName, { readonly place: readonly string[]; readonly lines: readonly string[] }>> = {
  payments: { place: ["operations", "map"], lines: [commands.consumers(), commands.status()] },
  robot: { place: ["robots"], lines: [commands.robots()] },
  message: { place: ["operations", "failures"], lines: [commands.groups("open")] },
  network: { place: ["orders"], lines: [commands.doctor()] },
  engine: { place: ["orders"], lines: [commands.doctor()] },
};

function useDone(): [ReadonlySet<string>, (name: FaultName, done: boolean) => void] {
  const [done, setDone] = useState<ReadonlySet<string>>(() => new Set(localStorage.getItem(DONE)?.split(" ")));
  const note = (name: FaultName, is: boolean): void => {
    const next = new Set([...done].filter((one) => one !== name && one !== ""));
    if (is) next.add(name);
    localStorage.setItem(DONE, [...next].join(" "));
    setDone(next);
  };
  return [done, note];
}

export function BreakIt() {
  const { control } = useConsole().config;
  return control ? <Tour control={control} /> : <Unknown />;
}

type Control = NonNullable<Config["control"]>;

function Tour({ control }: { readonly control: Control }) {
  const { data, error, again } = useLoad("damage", () => damageOf(control), LOOKS);
  const [done, note] = useDone();
  if (!data) return error ? <p class="bad">{said("break.none")}</p> : <Loading />;
  const count = FAULTS.filter((one) => done.has(one)).length;
  return (
    <section class="stack" aria-labelledby="break">
      <div class="card stack-close">
        <h2 id="break" class="row">
          {said("break.title")}{" "}
          <Badge kind={data.engine === "up" ? "good" : "bad"}>{said(`break.engine.${data.engine}`)}</Badge>
        </h2>
        <p>{said("break.how")}</p>
        <p aria-live="polite">{said("break.done", { done: number(count), all: number(FAULTS.length) })}</p>
        {error ? <p class="bad">{said("break.none")}</p> : null}
      </div>
      <ol class="plain stack">
        {data.faults.map((fault, at) => (
          <li key={fault.name}>
            <Step control={control} fault={fault} at={at} again={again} done={done.has(fault.name)} note={note} />
          </li>
        ))}
      </ol>
    </section>
  );
}

interface StepProps {
  readonly control: Control;
  readonly fault: Fault;
  readonly at: number;
  readonly again: () => void;
  readonly done: boolean;
  readonly note: (name: FaultName, done: boolean) => void;
}

function Step({ control, fault: { name, mends, since }, at, again, done, note }: StepProps) {
  const press = async (verb: "break" | "mend"): Promise<void> => {
    try {
      await act(control, name, verb);
      if (verb === "mend") note(name, true);
    } catch (error) {
      toast(error instanceof Error ? error.message : said("break.none"), "bad");
    }
    again();
  };
  const { place, lines } = WATCH[name];
  const title = said(`break.${name}`);
  return (
    <section class={since ? "card stack-close fault-broken" : "card stack-close"} aria-label={title}>
      <h3 class="row">
        {number(at + 1)}. {title} {since && <Badge kind="bad">{said("break.since", { time: clockTime(since) })}</Badge>}
        {done && !since && <Badge kind="good">{said("break.mended")}</Badge>}
      </h3>
      <p>{said(`break.${name}.what`)}</p>
      <p>
        <strong>{said("break.watch")}</strong> {said(`break.${name}.watch`)}{" "}
        <a href={to(...place)}>{said("break.look")}</a>
      </p>
      <p>
        <strong>{said("break.after")}</strong> {said(`break.${name}.after`)}
      </p>
      <div class="row">
        <Button
          kind="danger"
          disabled={since !== null}
          label={`${said("break.break")}: ${title}`}
          onPress={() => press("break")}
        >
          {said("break.break")}
        </Button>
        {mends && (
          <Button disabled={since === null} label={`${said("break.mend")}: ${title}`} onPress={() => press("mend")}>
            {said("break.mend")}
          </Button>
        )}
        <label class="row row-tight">
          <input type="checkbox" checked={done} onInput={(event) => note(name, event.currentTarget.checked)} />
          {said("break.seen")}
        </label>
      </div>
      <Command
        text={[
          commands.fault("BREAK", name, control.here),
          ...lines,
          ...(mends ? [commands.fault("MEND", name, control.here)] : [commands.discard("LETTER", said("break.trial"))]),
        ]}
      />
    </section>
  );
}
