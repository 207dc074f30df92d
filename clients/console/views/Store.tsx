/** A store: its name, whether it takes part, and its products. */

import { Badge } from "../../pages/design/Badge.tsx";
import { Button } from "../../pages/design/Button.tsx";
import { Field } from "../../pages/design/Field.tsx";
import { Failed, Loading } from "../../pages/design/states.tsx";
import { toast } from "../../pages/design/toasts.tsx";
import type { StoreShape } from "../../pages/generated/api.ts";
import { useConsole } from "../context.ts";
import { useDraft } from "../drafts.ts";
import { type Thing, useRows, useThing } from "../load.ts";
import { Heading } from "../parts/Heading.tsx";
import { Newer } from "../parts/Newer.tsx";
import { SaveError } from "../parts/SaveError.tsx";
import { useSave, useSwitch } from "../parts/useSave.ts";
import { texts } from "../texts/texts.ts";
import { Products } from "./Products.tsx";

export function Store({ id }: { readonly id: string }) {
  const { api } = useConsole();
  const row = useRows("stores").get(id);
  const thing = useThing(
    `store ${id}`,
    async (ifNoneMatch, signal) => {
      const given = { path: { id }, signal, ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) };
      return api.ask("GET /api/stores/{id}", given);
    },
    row?.version,
  );
  const store = thing.data?.store;
  return (
    <>
      <Heading
        title={row?.data.name ?? store?.name ?? texts("store.title")}
        back={{ label: texts("place.stores"), parts: ["stores"] }}
      >
        {store && <Participation store={store} thing={thing} told={row?.data.participating} />}
      </Heading>
      {store ? (
        <>
          <p class="soft">{store.location}</p>
          <Rename store={store} thing={thing} />
          <Products storeId={id} />
        </>
      ) : thing.error ? (
        <Failed error={thing.error} again={thing.again} />
      ) : (
        <Loading />
      )}
    </>
  );
}

interface Props {
  readonly store: StoreShape;
  readonly thing: Thing<{ store: StoreShape }>;
}

function Rename({ store, thing }: Props) {
  const { api } = useConsole();
  const draft = useDraft(thing.key, { seen: thing.seen });
  const name = draft.typed.name ?? store.name;
  const newer = thing.newer?.store ?? null;
  const { error, save } = useSave(
    () =>
      thing.saving(() =>
        api.ask("PUT /api/stores/{id}/rebrand", {
          path: { id: store.id },
          body: { name: name.trim() },
          intent: `rename ${store.id}`,
          ...(thing.etag === null ? {} : { ifMatch: thing.etag }),
        }),
      ),
    () => {
      draft.clear();
      toast(texts("store.renamed"));
    },
  );
  const what = newer
    ? `${newer.name}, ${texts(newer.participating ? "store.participating" : "store.notParticipating")}`
    : "";
  return (
    <form class="card stack" onSubmit={(event) => event.preventDefault()}>
      {newer && <Newer what={what} onAccept={thing.accept} />}
      <div class="row row-end">
        <div class="grow">
          <Field label={texts("store.name")} value={name} onInput={(value) => draft.set("name", value)} />
        </div>
        <Button
          type="submit"
          disabled={newer !== null || name.trim() === "" || name.trim() === store.name}
          onPress={save}
        >
          {texts("store.rename")}
        </Button>
      </div>
      {newer === null && <SaveError error={error} />}
    </form>
  );
}

/** Whether it takes part. It can be undone, so it is shown as done at once, and taken back if it fails. */
function Participation({ store, thing, told }: Props & { readonly told: boolean | undefined }) {
  const { api } = useConsole();
  const [wanted, turn] = useSwitch(thing, (on) =>
    api.ask(on ? "PUT /api/stores/{id}/participating" : "DELETE /api/stores/{id}/participating", {
      path: { id: store.id },
      body: {},
      intent: `${on ? "enable" : "disable"} ${store.id}`,
      ...(thing.etag === null ? {} : { ifMatch: thing.etag }),
    }),
  );
  const now = thing.newer === null ? store.participating : (told ?? store.participating);
  const shown = wanted ?? now;
  return (
    <span class="row">
      <Badge kind={shown ? "good" : "plain"}>{texts(shown ? "store.participating" : "store.notParticipating")}</Badge>
      <Button
        class="button-small"
        disabled={thing.newer !== null || wanted !== null}
        onPress={() => turn(!store.participating)}
      >
        {texts(shown ? "store.leave" : "store.join")}
      </Button>
    </span>
  );
}
