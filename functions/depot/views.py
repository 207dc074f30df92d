"""Read models: shopping lists and robots, which of them wait, and copies of stores and products.

The service's inbox writes the read models (`projection`). The rows of what waits are the dispatcher's own (`waiting`):
it writes them when it consumes the event that something waits, reads them consistently, and deletes them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.depot import (
    BotAssigned,
    BotCameOnline,
    BotFinished,
    BotRegistered,
    BotState,
    BotWentOffline,
    ShoppingListAssigned,
    ShoppingListAvailable,
    ShoppingListCancelled,
    ShoppingListCompleted,
    ShoppingListCreated,
    ShoppingListItemPicked,
    ShoppingListStarted,
    ShoppingListState,
)
from events.envelope import Metadata
from events.queries import FindProduct
from events.stores import (
    ProductAdded,
    ProductPriceChanged,
    ProductRebranded,
    ProductRemoved,
    ProductState,
    StoreCreated,
    StoreParticipationToggled,
    StoreRebranded,
    StoreState,
)
from functions.depot.stops import Line
from functions.kernel.messaging.queries import Ask
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Page, Row

AT_A_TIME = 25  # rows of what waits that are read at once: about as many pairs as a second makes
WAITING_LISTS, IDLE_BOTS = "waiting lists", "idle bots"

projection = Projection(indexes=["by_status"])
waiting = Projection()
find_product = Ask(FindProduct)


@projection.on(
    ShoppingListCreated,
    ShoppingListAvailable,
    ShoppingListAssigned,
    ShoppingListStarted,
    ShoppingListItemPicked,
    ShoppingListCompleted,
    ShoppingListCancelled,
)
def list_row(event: ShoppingListState, metadata: Metadata) -> Row:
    data = event.model_dump(mode="json", include=set(ShoppingListState.model_fields))
    # Of all that happens to a list, only a pick leaves its status as it was.
    since = event.started_at if isinstance(event, ShoppingListItemPicked) else None
    return _row("lists", event.shopping_list_id, data, metadata, since or metadata.time)


@projection.on(BotRegistered, BotCameOnline, BotWentOffline, BotAssigned, BotFinished)
def bot_row(event: BotState, metadata: Metadata) -> Row:
    data = event.model_dump(mode="json", include=set(BotState.model_fields))
    return _row("bots", event.bot_id, data, metadata, metadata.time)


def _row(kind: str, id: str, data: dict[str, Any], metadata: Metadata, since: str) -> Row:
    about = {"since": since, "flow": metadata.correlation_id, "version": metadata.stream_version}
    return Row(kind, id, data | about, indexes={"by_status": (f"{kind} {data['status']}", since)})


@projection.on(StoreCreated, StoreParticipationToggled, StoreRebranded)
def store_row(event: StoreState, metadata: Metadata) -> Row:
    return Row("stores", event.store_id, _store(event.name, event.location))


@projection.on(ProductAdded, ProductRebranded, ProductPriceChanged, ProductRemoved)
def product_row(event: ProductState, metadata: Metadata) -> Row:
    return Row("products", event.product_id, _product(event.store_id, event.name, event.removed))


def _store(name: str, location: str) -> dict[str, Any]:
    return {"name": name, "location": location}


def _product(store_id: str, name: str, removed: bool = False) -> dict[str, Any]:
    # A removed product stays as a marked row, so that the owner need not be asked.
    return {"store_id": store_id, "name": name, "removed": removed}


def lists(status: str | None, limit: int, after: dict[str, Any] | None) -> Page:
    """A page of shopping lists, of one status (those that have had it longest first) or all."""
    return _listed("lists", status, limit, after)


def bots(limit: int, after: dict[str, Any] | None) -> Page:
    """A page of robots."""
    return _listed("bots", None, limit, after)


def _listed(kind: str, status: str | None, limit: int, after: dict[str, Any] | None) -> Page:
    if status is None:
        return runtime.current().views.query(kind, limit=limit, after=after)
    return runtime.current().views.query(f"{kind} {status}", index="by_status", limit=limit, after=after)


@dataclass(frozen=True)
class Waiting:
    """A list that became available or a robot that became idle; `partition`: where its row is.

    since: RFC 3339. flow: a correlation id. version: of the stream since then, None where an older row lacks it.
    """

    partition: str
    id: str
    since: str
    flow: str
    version: int | None

    @property
    def row(self) -> Row:
        """Its row: those of a partition are in the order of waiting."""
        data = {"id": self.id, "since": self.since, "flow": self.flow, "version": self.version}
        return Row(self.partition, f"{self.since} {self.id}", data)


@waiting.on(ShoppingListAvailable)
def waiting_list_row(event: ShoppingListState, metadata: Metadata) -> Row:
    return _begun(WAITING_LISTS, event.shopping_list_id, metadata).row


@waiting.on(BotCameOnline, BotFinished)
def idle_bot_row(event: BotState, metadata: Metadata) -> Row:
    return _begun(IDLE_BOTS, event.bot_id, metadata).row


def _begun(partition: str, id: str, metadata: Metadata) -> Waiting:
    return Waiting(partition, id, metadata.time, metadata.correlation_id, metadata.stream_version)


def begin_to_wait(found: Waiting) -> None:
    """Add the row of something that waits."""
    runtime.current().views.put(found.row, found.version or 0)


def end_wait(found: Waiting) -> None:
    """Delete the row of something that no longer waits."""
    runtime.current().views.delete(found.partition, found.row.sort)


def waiting_lists() -> Iterator[Waiting]:
    """The lists that wait for a robot by the dispatcher's rows, the one that has waited longest first."""
    return _waiting(WAITING_LISTS)


def idle_bots() -> Iterator[Waiting]:
    """The robots that wait for a list by the dispatcher's rows, the one idle longest first."""
    return _waiting(IDLE_BOTS)


def _waiting(partition: str) -> Iterator[Waiting]:
    return (Waiting(partition, **row) for row in rows(partition, at_a_time=AT_A_TIME, consistent=True))


def lists_shown_as_available() -> Iterator[Waiting]:
    """The lists that wait for a robot by the index of the read model, which may be behind."""
    return _shown("lists available", WAITING_LISTS, "shopping_list_id")


def bots_shown_as_idle() -> Iterator[Waiting]:
    """The robots that wait for a list by the index of the read model, which may be behind."""
    return _shown("bots idle", IDLE_BOTS, "bot_id")


def _shown(status: str, partition: str, id: str) -> Iterator[Waiting]:
    found = rows(status, index="by_status")
    return (Waiting(partition, row[id], row["since"], row["flow"], row.get("version")) for row in found)


def record_heartbeat(bot_id: str, moment: datetime) -> None:
    """Store the time of a robot's latest heartbeat; an earlier one than the stored one changes nothing."""
    row = Row("heard", bot_id, {"time": clock.stamp(moment)})
    runtime.current().views.put(row, round(moment.timestamp() * 1000))


def last_heartbeat(bot_id: str) -> datetime | None:
    """When a robot's latest heartbeat was; None when it is not known."""
    row = read("heard", bot_id)
    return clock.read(row["time"]) if row else None


def heartbeats() -> dict[str, datetime]:
    """When the latest heartbeat of each robot was: a query of many rows costs a fraction of a read for each."""
    found: dict[str, datetime] = {}
    after: dict[str, Any] | None = None
    while True:
        page = runtime.current().views.query("heard", limit=1_000, after=after)
        found.update((bot_id, clock.read(row["time"])) for bot_id, row in zip(page.sorts, page.rows, strict=True))
        after = page.after
        if after is None:
            return found


def online_bots() -> Iterator[str]:
    """The ids of the robots that the index shows as idle or at work."""
    for status in ("idle", "active"):
        for row in rows(f"bots {status}", index="by_status"):
            yield row["bot_id"]


def line(store_id: str, product_id: str, quantity: int, store_name: str = "", product_name: str = "") -> Line | None:
    """A line of a list with the location of its store; names that are not given are the catalogue's.

    None for an unknown store or product. Raises UnavailableError when the owner must be asked and does not answer.
    """
    store = read("stores", store_id)
    product = _product(store_id, product_name) if product_name else read("products", product_id)
    if store is None or product is None:
        store, product = _ask(product_id)
    if store is None or product is None or product["removed"] or product["store_id"] != store_id:
        return None
    return Line(
        store_id=store_id,
        store_name=store_name or store["name"],
        location=store["location"],
        product_id=product_id,
        product_name=product_name or product["name"],
        quantity=quantity,
    )


def _ask(product_id: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """A store and its product as their owner has them, and their copies from now on; None for an unknown one."""
    found = find_product.or_none(product_id=product_id)
    if found is None:
        return None, None
    store = _store(found.store_name, found.store_location)
    product = _product(found.store_id, found.name)
    runtime.current().views.put(Row("stores", found.store_id, store), found.store_version)
    runtime.current().views.put(Row("products", product_id, product), found.version)
    return store, product
