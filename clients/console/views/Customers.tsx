/** Customers: find one by its id, or register one. There is no list of them: nobody needs to read all. */

import { useState } from "preact/hooks";
import { Button } from "../../pages/design/Button.tsx";
import { Field } from "../../pages/design/Field.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import { useConsole } from "../context.ts";
import { useDraft } from "../drafts.ts";
import { Heading } from "../parts/Heading.tsx";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave } from "../parts/useSave.ts";
import { go } from "../route.ts";
import { texts } from "../texts/texts.ts";
import { languageOptions } from "./Customer.tsx";

export function Customers() {
  return (
    <>
      <Heading title={texts("place.customers")} />
      <div class="columns columns-even">
        <Find />
        <Register />
      </div>
    </>
  );
}

function Find() {
  const [id, setId] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (id.trim() !== "") go("customers", id.trim());
  };
  return (
    <form class="card stack" onSubmit={submit}>
      <h2>{texts("customers.find")}</h2>
      <Field label={texts("customers.id")} hint={texts("customers.idHint")} value={id} onInput={setId} />
      <div class="row">
        <Button type="submit">{texts("customers.show")}</Button>
      </div>
    </form>
  );
}

function Register() {
  const { api } = useConsole();
  const draft = useDraft("register customer", { isPersonal: true });
  const { name = "", smsNumber = "", language = "en" } = draft.typed;
  const [created, setCreated] = useState("");
  const { error, save } = useSave(
    async () => {
      const { id } = await api.get("POST /api/customers", {
        body: { name: name.trim(), smsNumber: smsNumber.trim(), language: language === "es" ? "es" : "en" },
        intent: "register a customer",
      });
      setCreated(id);
      go("customers", id);
    },
    () => {
      draft.clear();
      toast(texts("customers.registered"));
    },
  );
  const missing = name.trim() === "" || smsNumber.trim() === "";
  return (
    <form class="card stack" onSubmit={(event) => event.preventDefault()}>
      <h2>{texts("customers.register")}</h2>
      <Field label={texts("customer.name")} value={name} onInput={(value) => draft.set("name", value)} required />
      <Field
        label={texts("customer.number")}
        hint={texts("customer.numberHint")}
        type="tel"
        inputMode="tel"
        value={smsNumber}
        onInput={(value) => draft.set("smsNumber", value)}
        required
      />
      <Field
        label={texts("customer.language")}
        value={language}
        options={languageOptions()}
        onInput={(value) => draft.set("language", value)}
      />
      <SaveError error={error} />
      <div class="row">
        <Button kind="primary" type="submit" disabled={missing || created !== ""} onPress={save}>
          {texts("customers.register")}
        </Button>
      </div>
    </form>
  );
}
