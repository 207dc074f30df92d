import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "../../pages/api/problem.ts";
import { Button } from "../../pages/design/Button.tsx";
import { Failed, Loading } from "../../pages/design/states.tsx";
import type { StoreShape } from "../../pages/generated/api.ts";
import { go, type Kiosk, tell } from "../kiosk.ts";
import { search } from "../logic/catalogue.ts";
import { network } from "../logic/network.ts";
import { type, typed, visit } from "../logic/visit.ts";
import { t } from "../texts.ts";
import { Entry } from "./Entry.tsx";
import { Products } from "./Products.tsx";
import { Said, Screen } from "./Screen.tsx";

const OFFLINE = new ApiError("offline", "", 0);

interface Props {
  readonly kiosk: Kiosk;
}

/** Asks when the screen is shown. Who cannot see is told when what was missing has come, and how much it is. */
function useAsked(asking: () => Promise<unknown>, count: number | undefined, loaded: (count: number) => string): void {
  const missed = useRef(count === undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each time that the screen is shown
  useEffect(() => {
    asking().catch(() => undefined); // the line that tells of the network says so
  }, []);
  useEffect(() => {
    if (count === undefined || !missed.current) return;
    missed.current = false;
    tell(loaded(count));
  }, [count, loaded]);
}

const storesLoaded = (count: number): string => t("stores.loaded", { count });
const productsLoaded = (count: number): string => t("store.loaded", { count });

export function Stores({ kiosk: { catalogue } }: Props) {
  const stores = catalogue.shop.value.stores?.data;
  useAsked(() => catalogue.refresh(), stores?.length, storesLoaded);
  const taking = stores?.filter(({ participating }) => participating) ?? [];
  const others = stores?.filter(({ participating }) => !participating) ?? [];
  return (
    <Screen title={t("stores.title")} intro={t("stores.intro")}>
      <Button wide class="search" onPress={() => go("search")}>
        {t("stores.search")}
      </Button>
      {!stores && <Waiting again={() => catalogue.refresh()} />}
      {stores && taking.length === 0 && <Said>{t("stores.none")}</Said>}
      {taking.length > 0 && <StoreList label={t("stores.list")} stores={taking} />}
      {others.length > 0 && (
        <>
          <h2>{t("stores.others")}</h2>
          <StoreList label={t("stores.others")} stores={others} />
        </>
      )}
    </Screen>
  );
}

function StoreList({ label, stores }: { readonly label: string; readonly stores: readonly StoreShape[] }) {
  return (
    <ul class="plain tiles" aria-label={label}>
      {stores.map(({ id, name, location }) => (
        <li key={id}>
          <Button wide class="tile" onPress={() => go("store", { storeId: id })}>
            <span class="tile-name">{name}</span> <span class="tile-more">{location}</span>
          </Button>
        </li>
      ))}
    </ul>
  );
}

export function Store({ kiosk: { catalogue } }: Props) {
  const { storeId } = visit.value;
  const store = catalogue.shop.value.stores?.data.find(({ id }) => id === storeId);
  const products = catalogue.shop.value.products[storeId]?.data;
  const count = products?.length ?? 0;
  useAsked(() => catalogue.open(storeId), products?.length, productsLoaded);
  const open = store?.participating ?? false;
  const intro = t(open ? "store.intro" : "store.closed");
  return (
    <Screen title={store?.name ?? ""} intro={intro}>
      {!products && <Waiting again={() => catalogue.open(storeId)} />}
      {products && count === 0 && <Said>{t("store.none")}</Said>}
      {store && open && count > 0 && (
        <Products label={store.name} found={(products ?? []).map((product) => ({ store, product }))} />
      )}
    </Screen>
  );
}

export function Search({ kiosk: { catalogue } }: Props) {
  useAsked(() => catalogue.openAll(), 0, productsLoaded);
  const words = typed.value.search;
  const found = search(catalogue.shop.value, words);
  return (
    <Screen title={t("search.title")} intro={t("search.intro")}>
      <Entry
        kind="letters"
        label={t("search.field")}
        value={words}
        most={40}
        onChange={(text) => type({ search: text })}
      />
      <p role="status" class="found" tabIndex={-1} data-stop>
        {words.trim() === "" ? "" : t("search.found", { count: found.length })}
      </p>
      <Products label={t("search.results")} found={found} stores />
    </Screen>
  );
}

function Waiting({ again }: { readonly again: () => Promise<unknown> }) {
  if (network.value !== "lost") return <Loading />;
  return <Failed error={OFFLINE} again={() => again().catch(() => undefined)} />;
}
