/** The check-in of a list: what robots brought is counted, and what is short. */

import { useState } from "preact/hooks";
import { Button } from "../../pages/design/Button.tsx";
import { Failed, Loading, Notice } from "../../pages/design/states.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { ListContent } from "../../pages/generated/api.ts";
import { shortId } from "../../pages/text/ids.ts";
import { number } from "../../pages/text/text.ts";
import { useConsole } from "../context.ts";
import { useDraft } from "../drafts.ts";
import { type Thing, useRows, useThing } from "../load.ts";
import { foundAtFirst, type Line, linesOf, shortages, wrongFields } from "../logic/checkIn.ts";
import { merge } from "../logic/conflict.ts";
import { Heading } from "../parts/Heading.tsx";
import { Newer } from "../parts/Newer.tsx";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave } from "../parts/useSave.ts";
import { go } from "../route.ts";
import { texts } from "../texts/texts.ts";
import { useKnown } from "./Order.tsx";

interface Props {
  /** The order's. */
  readonly id: string;
  /** The order's own list has the order's id; one that staff made has another. */
  readonly listId: string;
}

export function CheckIn({ id, listId }: Props) {
  const { api } = useConsole();
  const known = useKnown(id).list;
  const open = useRows("lists").get(listId);
  // The stream of an order has its own list, also after it ended.
  const list = listId === id ? known : open;
  const thing = useThing(
    `list ${listId}`,
    async (ifNoneMatch, signal) => {
      const given = { path: { id: listId }, signal, ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) };
      return api.ask("GET /api/depot/shopping/{id}", given);
    },
    list?.version,
  );
  return (
    <>
      <Heading
        title={texts("checkIn.title", { id: shortId(id) })}
        back={{ label: texts("order.title", { id: shortId(id) }), parts: ["orders", id] }}
      />
      {thing.data ? (
        <Form id={listId} thing={thing} list={thing.data.list} newer={thing.newer?.list ?? null} />
      ) : thing.error ? (
        <Failed error={thing.error} again={thing.again} />
      ) : (
        <Loading />
      )}
    </>
  );
}

interface FormProps {
  readonly id: string;
  readonly thing: Thing<{ list: ListContent }>;
  readonly list: ListContent;
  readonly newer: ListContent | null;
}

const isOpen = ({ status }: ListContent): boolean => status === "assigned" || status === "active";

function Form({ id, thing, list, newer }: FormProps) {
  const { api } = useConsole();
  const draft = useDraft(thing.key, { seen: thing.seen });
  const [conflicts, setConflicts] = useState<readonly string[]>([]);
  const lines = linesOf(list);
  const found = { ...foundAtFirst(list), ...draft.typed };
  const wrong = wrongFields(lines, found);
  const short = shortages(lines, found).reduce((sum, { quantity }) => sum + quantity, 0);
  const { error, save } = useSave(
    () =>
      thing.saving(() =>
        api.ask("PUT /api/depot/shopping/{id}/complete", {
          path: { id },
          body: { shortages: shortages(lines, found) },
          intent: `check in ${id}`,
          ...(thing.etag === null ? {} : { ifMatch: thing.etag }),
        }),
      ),
    () => {
      draft.clear();
      toast(texts("checkIn.done", { id: shortId(list.orderId) }));
      go("depot");
    },
  );
  const accept = (): void => {
    if (!newer) return;
    const made = merge(foundAtFirst(list), draft.typed, foundAtFirst(newer));
    const first = foundAtFirst(newer);
    draft.replace(Object.fromEntries(Object.entries(made.values).filter(([field, value]) => value !== first[field])));
    setConflicts(made.conflicts);
    thing.accept();
  };
  if (!isOpen(list) && !newer) return <Notice>{texts("checkIn.not", { status: texts(`list.${list.status}`) })}</Notice>;
  const submit = (event: Event): void => {
    event.preventDefault();
  };
  return (
    <form class="stack" onSubmit={submit}>
      {newer && <Newer what={changeOf(list, newer)} onAccept={accept} />}
      <p class="soft">{texts("checkIn.hint")}</p>
      <ul class="plain check-in" aria-label={texts("items.title")}>
        {lines.map((line) => (
          <li key={line.field}>
            <Counted
              line={line}
              value={found[line.field] ?? ""}
              wrong={wrong.includes(line.field)}
              changed={conflicts.includes(line.field)}
              onInput={(value) => draft.set(line.field, value)}
            />
          </li>
        ))}
      </ul>
      <p aria-live="polite">{short > 0 ? texts("checkIn.short", { count: short }) : texts("checkIn.complete")}</p>
      {!newer && <SaveError error={error} />}
      <div class="row">
        <Button
          kind="primary"
          type="submit"
          disabled={newer !== null || wrong.length > 0 || !isOpen(list)}
          onPress={save}
        >
          {texts("checkIn.save")}
        </Button>
        <Button
          onPress={() => draft.replace(Object.fromEntries(lines.map((one) => [one.field, String(one.quantity)])))}
        >
          {texts("checkIn.all")}
        </Button>
      </div>
    </form>
  );
}

/** What another made of it, in words. */
function changeOf(before: ListContent, now: ListContent): string {
  if (before.status !== now.status) return texts("checkIn.nowStatus", { status: texts(`list.${now.status}`) });
  const picked = (list: ListContent): number => linesOf(list).reduce((sum, line) => sum + line.picked, 0);
  return texts("checkIn.nowPicked", { before: picked(before), now: picked(now) });
}

interface CountedProps {
  readonly line: Line;
  readonly value: string;
  readonly wrong: boolean;
  readonly changed: boolean;
  readonly onInput: (value: string) => void;
}

function Counted({ line, value, wrong, changed, onInput }: CountedProps) {
  const id = `found-${line.field.replace(/\s/g, "-")}`;
  const short = !wrong && Number(value) < line.quantity;
  return (
    <div class={`counted${short ? " counted-short" : ""}`}>
      <label for={id} class="grow">
        {line.name}
        <span class="soft small block">{line.storeName}</span>
      </label>
      <span class="soft small">{texts("checkIn.picked", { count: line.picked })}</span>
      <input
        id={id}
        inputMode="numeric"
        autocomplete="off"
        value={value}
        aria-describedby={`${id}-of`}
        aria-invalid={wrong ? "true" : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
      />
      <span id={`${id}-of`} class="of">
        {texts("checkIn.of", { count: number(line.quantity) })}
        {wrong && <strong class="bad block small">{texts("checkIn.wrong", { most: line.quantity })}</strong>}
        {changed && <strong class="warn block small">{texts("checkIn.conflict")}</strong>}
      </span>
    </div>
  );
}
