/** The stores of the mall, and a new one. */

import { Badge } from "../../pages/design/Badge.tsx";
import { Button } from "../../pages/design/Button.tsx";
import { Field } from "../../pages/design/Field.tsx";
import { Empty, Loading } from "../../pages/design/states.tsx";
import { Table } from "../../pages/design/Table.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { StoreRow } from "../../pages/generated/frames.ts";
import { useConsole } from "../context.ts";
import { useDraft } from "../drafts.ts";
import { useChanged, useLoading, useRows } from "../load.ts";
import type { Row } from "../logic/boards.ts";
import { Heading } from "../parts/Heading.tsx";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave } from "../parts/useSave.ts";
import { go, to } from "../route.ts";
import { texts } from "../texts/texts.ts";

export function Stores() {
  const stores = useRows("stores");
  const loading = useLoading("stores");
  const changed = useChanged("stores");
  const rows = [...stores.values()].sort((a, b) => a.data.name.localeCompare(b.data.name) || (a.id < b.id ? -1 : 1));
  return (
    <>
      <Heading title={texts("place.stores")} />
      <div class="columns">
        <section aria-label={texts("place.stores")}>
          {loading ? (
            <Loading />
          ) : rows.length === 0 ? (
            <Empty>
              <p>{texts("stores.none")}</p>
            </Empty>
          ) : (
            <div class="card">
              <Table<Row<StoreRow>>
                caption={texts("place.stores")}
                columns={[
                  {
                    name: texts("store.name"),
                    cell: ({ id, data }) => (
                      <a href={to("stores", id)} data-item>
                        {data.name}
                      </a>
                    ),
                  },
                  { name: texts("store.location"), cell: ({ data }) => data.location },
                  {
                    name: texts("state"),
                    cell: ({ data }) => (
                      <Badge kind={data.participating ? "good" : "plain"}>
                        {texts(data.participating ? "store.participating" : "store.notParticipating")}
                      </Badge>
                    ),
                  },
                ]}
                rows={rows}
                idOf={({ id }) => id}
                changed={changed}
              />
            </div>
          )}
        </section>
        <NewStore />
      </div>
    </>
  );
}

function NewStore() {
  const { api } = useConsole();
  const draft = useDraft("new store");
  const { name = "", location = "" } = draft.typed;
  const { error, save } = useSave(
    async () => {
      const body = { name: name.trim(), location: location.trim() };
      const { id } = await api.get("POST /api/stores", { body, intent: "create a store" });
      go("stores", id);
    },
    () => {
      draft.clear();
      toast(texts("stores.created"));
    },
  );
  return (
    <form class="card stack" onSubmit={(event) => event.preventDefault()}>
      <h2>{texts("stores.new")}</h2>
      <Field label={texts("store.name")} value={name} onInput={(value) => draft.set("name", value)} required />
      <Field
        label={texts("store.location")}
        value={location}
        onInput={(value) => draft.set("location", value)}
        required
      />
      <SaveError error={error} />
      <div class="row">
        <Button kind="primary" type="submit" disabled={name.trim() === "" || location.trim() === ""} onPress={save}>
          {texts("stores.create")}
        </Button>
      </div>
    </form>
  );
}
