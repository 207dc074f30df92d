/** One dead letter: why it was given up, what it holds, and what became of it. It can be parked, discarded, reopened. */

import { useState } from "preact/hooks";
import { Button } from "../../../pages/design/Button.tsx";
import { Dialog } from "../../../pages/design/Dialog.tsx";
import { Field } from "../../../pages/design/Field.tsx";
import { Failed, Loading, Notice } from "../../../pages/design/states.tsx";
import { toast } from "../../../pages/design/toasts.tsx";
import type { WholeLetter } from "../../../pages/generated/api.ts";
import { shortId } from "../../../pages/text/ids.ts";
import { shared } from "../../../pages/text/shared.ts";
import { dayAndTime, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { useDraft } from "../../drafts.ts";
import { isKind, useLoad } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { pretty } from "../../logic/operations.ts";
import { OFTEN } from "../../operations.ts";
import { Command } from "../../parts/Command.tsx";
import { Heading } from "../../parts/Heading.tsx";
import { Pair } from "../../parts/Pair.tsx";
import { SaveError } from "../../parts/SaveError.tsx";
import { useSave } from "../../parts/useSave.ts";
import { to } from "../../route.ts";
import { texts } from "../../texts/texts.ts";
import { LetterState } from "./LettersOfGroup.tsx";

/** What scrolls can be moved by the keyboard. */
const REACHED = { tabIndex: 0 };

export function Letter({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const loaded = useLoad(
    `letter ${id}`,
    (signal) => api.get("GET /api/operations/letters/{id}", { path: { id }, signal }),
    OFTEN,
  );
  const letter = loaded.data?.letter;
  const back = letter
    ? { label: letter.error || texts("ops.failures"), parts: ["operations", "groups", letter.group] }
    : { label: texts("place.operations"), parts: ["operations"] };
  return (
    <>
      <Heading title={texts("letter.title", { id: shortId(id) })} back={back}>
        {letter && <LetterState state={letter.state} />}
      </Heading>
      {letter ? (
        <div class="columns columns-even">
          <Facts letter={letter} again={loaded.again} />
          <div class="stack">
            <section class="card stack-close" aria-labelledby="body">
              <h2 id="body">{texts("letter.body")}</h2>
              {/* biome-ignore lint/a11y/useSemanticElements: what is shown in it is no field of a form */}
              <div class="body" role="group" aria-labelledby="body" {...REACHED}>
                <pre class="small">{pretty(letter.body)}</pre>
              </div>
            </section>
            <History letter={letter} />
          </div>
        </div>
      ) : isKind(loaded.error, "not_found") ? (
        <Notice>{texts("letter.none", { id })}</Notice>
      ) : loaded.error ? (
        <Failed error={loaded.error} again={loaded.again} />
      ) : (
        <Loading />
      )}
    </>
  );
}

interface Props {
  readonly letter: WholeLetter;
  readonly again: () => void;
}

function Facts({ letter, again }: Props) {
  return (
    <section class="card stack" aria-labelledby="facts">
      <h2 id="facts">{texts("group.facts")}</h2>
      <p class="quoted">{letter.reason}</p>
      <dl class="facts">
        <Pair name={texts("ops.consumer")}>{letter.consumer}</Pair>
        <Pair name={texts("ops.message")}>{letter.message || "–"}</Pair>
        {letter.order && (
          <Pair name={texts("order")}>
            <a href={to("orders", letter.order)} class="mono">
              {shortId(letter.order)}
            </a>
          </Pair>
        )}
        <Pair name={texts("letter.stream")}>
          <span class="mono">{letter.stream || "–"}</span>
        </Pair>
        <Pair name={texts("letter.failed")}>{dayAndTime(letter.failedAt)}</Pair>
        <Pair name={texts("letter.tries")}>{number(letter.tries)}</Pair>
        <Pair name={texts("letter.redrives")}>{number(letter.redrives)}</Pair>
        <Pair name={texts("group.code")}>
          <span class="mono">{letter.code || "–"}</span>
        </Pair>
      </dl>
      <Acts letter={letter} again={again} />
      <Command text={commands.show(letter.id)} />
    </section>
  );
}

function Acts({ letter, again }: Props) {
  const { api } = useConsole();
  const [asking, setAsking] = useState<"park" | "discard" | null>(null);
  const { id, state } = letter;
  const { error, save } = useSave(
    () => api.ask("PUT /api/operations/letters/{id}/reopen", { path: { id }, body: {}, intent: `reopen ${id}` }),
    () => {
      toast(texts("letter.changed"));
      again();
    },
  );
  return (
    <>
      <SaveError error={error} />
      {(state === "open" || state === "parked") && (
        <div class="row">
          {state === "open" && <Button onPress={() => setAsking("park")}>{texts("letter.park")}</Button>}
          <Button onPress={() => setAsking("discard")}>{texts("letter.discard")}</Button>
          {state === "parked" && <Button onPress={save}>{texts("letter.reopen")}</Button>}
        </div>
      )}
      {state === "discarded" && (
        <div class="row">
          <Button onPress={save}>{texts("letter.reopen")}</Button>
        </div>
      )}
      {(state === "parked" || state === "discarded") && <Command text={commands.reopen(id)} />}
      {asking && <Why act={asking} letter={letter} again={again} onClose={() => setAsking(null)} />}
    </>
  );
}

function Why({
  act,
  letter,
  again,
  onClose,
}: Props & { readonly act: "park" | "discard"; readonly onClose: () => void }) {
  const { api } = useConsole();
  const { id } = letter;
  const draft = useDraft(`${act} letter ${id}`);
  const reason = draft.typed.reason ?? "";
  const typed = reason.trim();
  const { error, save } = useSave(
    () =>
      api.ask(`PUT /api/operations/letters/{id}/${act}`, {
        path: { id },
        body: { reason: typed },
        intent: `${act} ${id}`,
      }),
    () => {
      draft.clear();
      toast(texts("letter.changed"));
      again();
      onClose();
    },
  );
  return (
    <Dialog title={texts(`letter.${act}Title`)} onClose={onClose}>
      <p>{texts(`letter.${act}How`)}</p>
      <Field
        label={texts("ops.reason")}
        hint={texts("ops.reasonHint")}
        value={reason}
        onInput={(value) => draft.set("reason", value)}
        rows={2}
        required
      />
      <SaveError error={error} />
      <div class="row">
        <Button kind={act === "discard" ? "danger" : "primary"} disabled={typed === ""} onPress={save}>
          {texts(`letter.${act}`)}
        </Button>
        <Button onPress={onClose}>{shared("cancel")}</Button>
      </div>
      {typed !== "" && <Command text={commands[act](id, typed)} />}
    </Dialog>
  );
}

function History({ letter }: { readonly letter: WholeLetter }) {
  return (
    <section class="card stack-close" aria-labelledby="history">
      <h2 id="history">{texts("letter.history")}</h2>
      <ol class="plain stack-close">
        {letter.history.map(({ time, actor, what, detail }, at) => (
          <li key={at}>
            {what} {detail && <span class="soft">{detail}</span>}{" "}
            <span class="block soft small">
              {dayAndTime(time)}, {texts("ops.by", { name: actor })}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
