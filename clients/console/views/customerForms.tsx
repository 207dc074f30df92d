/** A customer's forms: another number, and the erasure. */

import { useState } from "preact/hooks";
import { Button } from "../../pages/design/Button.tsx";
import { Dialog } from "../../pages/design/Dialog.tsx";
import { Field } from "../../pages/design/Field.tsx";
import { Notice } from "../../pages/design/states.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { CustomerShape } from "../../pages/generated/api.ts";
import { shared } from "../../pages/text/shared.ts";
import { useConsole } from "../context.ts";
import { useDraft } from "../drafts.ts";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave } from "../parts/useSave.ts";
import { go } from "../route.ts";
import { texts } from "../texts/texts.ts";
import type { CustomerThing } from "./Customer.tsx";

interface Props {
  readonly customer: CustomerShape;
  readonly thing: CustomerThing;
}

export function ChangeNumber({ customer, thing }: Props) {
  const { api } = useConsole();
  const { id } = customer;
  const draft = useDraft(thing.key, { isPersonal: true, seen: thing.seen });
  const typed = draft.typed.smsNumber ?? "";
  const { error, save } = useSave(
    () =>
      thing.saving(() =>
        api.ask("PUT /api/customers/{id}/change-sms", {
          path: { id },
          body: { smsNumber: typed.trim() },
          intent: `change the number of ${id}`,
          ...(thing.etag === null ? {} : { ifMatch: thing.etag }),
        }),
      ),
    () => {
      draft.clear();
      toast(texts("customer.numberChanged"));
    },
  );
  return (
    <form class="card stack" onSubmit={(event) => event.preventDefault()}>
      <h2>{texts("customer.changeNumber")}</h2>
      <Field
        label={texts("customer.newNumber")}
        hint={texts("customer.numberHint")}
        type="tel"
        inputMode="tel"
        value={typed}
        onInput={(value) => draft.set("smsNumber", value)}
      />
      {thing.newer === null && <SaveError error={error} />}
      <div class="row">
        <Button type="submit" disabled={typed.trim() === "" || thing.newer !== null} onPress={save}>
          {texts("save")}
        </Button>
      </div>
    </form>
  );
}

/** The right to be forgotten. Nothing brings a name back, so a word has to be typed. */
export function Erase({ customer, thing, onClose }: Props & { readonly onClose: () => void }) {
  const { api } = useConsole();
  const [word, setWord] = useState("");
  const asked = texts("erase.word");
  const { error, save } = useSave(
    () =>
      thing.saving(() =>
        api.ask("DELETE /api/customers/{id}", {
          path: { id: customer.id },
          body: {},
          intent: `erase ${customer.id}`,
          ...(thing.etag === null ? {} : { ifMatch: thing.etag }),
        }),
      ),
    () => {
      toast(texts("erase.done"));
      go("customers");
    },
  );
  return (
    <Dialog title={texts("erase.title")} onClose={onClose}>
      <p>
        <strong>{customer.name}</strong>
      </p>
      <Notice kind="warn">{texts("erase.warning")}</Notice>
      <Field label={texts("erase.type", { word: asked })} value={word} onInput={setWord} />
      <SaveError error={error} />
      <div class="row">
        <Button
          kind="danger"
          disabled={word.trim().toLowerCase() !== asked.toLowerCase() || thing.newer !== null}
          onPress={save}
        >
          {texts("erase.save")}
        </Button>
        <Button onPress={onClose}>{shared("cancel")}</Button>
      </div>
    </Dialog>
  );
}
