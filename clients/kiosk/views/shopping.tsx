import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError } from "../../pages/api/problem.ts";
import { Button } from "../../pages/design/Button.tsx";
import { Failed, Loading } from "../../pages/design/states.tsx";
import type { StoreShape } from "../../pages/generated/api.ts";
import { go, type Kiosk, tell } from "../kiosk.ts";
import { lacks, search } from "../logic/catalogue.ts";
import { network } from "../logic/network.ts";
import { type, typed, visit } from "../logic/visit.ts";
import { t } from "../texts.ts";
import { Entry } from "./Entry.tsx";
import { Products } from "./Products.tsx";
import { Said, Screen } from "./Screen.tsx";

const OFFLINE = new ApiError("offline", "", 0);
const UNAVAILABLE = new ApiError("unavailable", "", 0);
const AGAIN = 5_000; // milliseconds after which a mall that failed is asked again
const MOST_SHOWN = 30;

interface Props {
  readonly kiosk: Kiosk;
}

interface Asked {
  /** Why the mall did not tell what is lacking; null where it did, or is asked for the first time. */
  readonly error: unknown;
  readonly again: () => Promise<void>;
}

/** Asks when the screen is shown, and again after each failure while something is lacking. */
function useAsked(asking: () => Promise<unknown>, lacking: boolean): Asked {
  const [error, setError] = useState<unknown>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what a screen asks for does not change while it is shown
  const again = useMemo(() => oneAtATime(() => asking().then(() => setError(null), setError)), []);
  useEffect(() => void again(), [again]);
  useEffect(() => {
    if (error === null || !lacking) return;
    const timer = setTimeout(() => void again(), AGAIN);
    return () => clearTimeout(timer);
  }, [error, lacking, again]);
  return { error: lacking ? error : null, again };
}

/** Who asks meanwhile waits for the same answer. */
function oneAtATime(asking: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= asking().finally(() => {
      running = null;
    });
    return running;
  };
}

/** Who cannot see is told when what was missing has come, and how much it is. */
function useTold(count: number | undefined, loaded: (count: number) => string): void {
  const missed = useRef(count === undefined);
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
  const asked = useAsked(() => catalogue.refresh(), !stores);
  useTold(stores?.length, storesLoaded);
  const taking = stores?.filter(({ participating }) => participating) ?? [];
  const others = stores?.filter(({ participating }) => !participating) ?? [];
  return (
    <Screen title={t("stores.title")} intro={t("stores.intro")}>
      <Button wide class="search" onPress={() => go("search")}>
        {t("stores.search")}
      </Button>
      {!stores && <Waiting {...asked} />}
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
  const asked = useAsked(() => catalogue.open(storeId), !products);
  useTold(products?.length, productsLoaded);
  const open = store?.participating ?? false;
  const intro = t(open ? "store.intro" : "store.closed");
  return (
    <Screen title={store?.name ?? ""} intro={intro}>
      {!products && <Waiting {...asked} />}
      {products && count === 0 && <Said>{t("store.none")}</Said>}
      {store && open && count > 0 && (
        <Products label={store.name} found={(products ?? []).map((product) => ({ store, product }))} />
      )}
    </Screen>
  );
}

export function Search({ kiosk: { catalogue } }: Props) {
  const shop = catalogue.shop.value;
  const lacking = lacks(shop);
  const { error, again } = useAsked(() => catalogue.openAll(), lacking);
  const words = typed.value.search;
  const found = search(shop, words);
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
        {words.trim() === "" ? "" : countOf(found.length, lacking, error !== null)}
      </p>
      {error !== null && <Waiting error={error} again={again} />}
      <Products label={t("search.results")} found={found.slice(0, MOST_SHOWN)} stores />
    </Screen>
  );
}

/** A count is told only where everything was searched. */
function countOf(count: number, lacking: boolean, failed: boolean): string {
  if (lacking) return t(failed ? "search.partial" : "search.loading");
  return count > MOST_SHOWN ? t("search.first", { count, shown: MOST_SHOWN }) : t("search.found", { count });
}

/** Something is not there yet. Why is told as it concerns the customer, who did not ask too often. */
function Waiting({ error, again }: Asked) {
  if (network.value === "lost") return <Failed error={OFFLINE} again={again} />;
  if (error === null) return <Loading />;
  return <Failed error={error instanceof ApiError && error.passes ? UNAVAILABLE : error} again={again} />;
}
