"""Read models: shopping lists and robots, which of them wait, and copies of stores and products.

The service's inbox writes the read models (`projection`). A list's row is written when it is created, waits, is
assigned and ends; what its robot does with it meanwhile is read from its stream. The index has the lists that wait, to
be initiated or for a robot, and the cancelled ones, which are few. Robots need none: there are few, and all are read.

The rows of what waits are the dispatcher's own (`waiting`): it writes them when it consumes the event that something
waits, reads them consistently, and deletes them.
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
    BotRetired,
    BotState,
    BotWentOffline,
    ShoppingListAssigned,
    ShoppingListAvailable,
    ShoppingListCancelled,
    ShoppingListCompleted,
    ShoppingListCreated,
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
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Page, Row

AT_A_TIME = 25  # rows of what waits that are read at once: about as many pairs as a second makes
WAITING_LISTS, IDLE_BOTS = "waiting lists", "idle bots"
AT_WORK = ("assigned", "active")  # of a list: a robot has it. Its row says "assigned", that of earlier code either.
LATER_THAN_ANY = 10**15  # milliseconds, as the version of a row that has the time of a heartbeat
INDEXED = ("pending", "available", "cancelled")

projection = Projection(View("depot", partitions=("lists", "bots", "stores", "products"), indexes=("by_status",)))
waiting = Projection()
find_product = Ask(FindProduct)


@projection.on(
    ShoppingListCreated, ShoppingListAvailable, ShoppingListAssigned, ShoppingListCompleted, ShoppingListCancelled
)
def list_row(event: ShoppingListState, metadata: Metadata) -> Row:
    data = event.model_dump(mode="json", include=set(ShoppingListState.model_fields))
    place = {"by_status": (f"lists {event.status}", metadata.time)}
    data |= _since(metadata)
    return Row("lists", event.shopping_list_id, data, indexes=place if event.status in INDEXED else {})


@projection.on(BotRegistered, BotCameOnline, BotWentOffline, BotAssigned, BotFinished)
def bot_row(event: BotState, metadata: Metadata) -> Row:
    data = event.model_dump(mode="json", include=set(BotState.model_fields))
    return Row("bots", event.bot_id, data | _since(metadata))


@projection.on(BotRetired)
def no_bot_row(event: BotState, metadata: Metadata) -> Row:
    return Row("bots", event.bot_id, None)


def _since(metadata: Metadata) -> dict[str, Any]:
    """What the row of a list or a robot says of the event that brought it to its status."""
    return {"since": metadata.time, "flow": metadata.correlation_id, "version": metadata.stream_version}


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
    """A page of the rows of lists, of one status or all. Of a status that is indexed, who has had it longest is first.

    A page of those at work may be short, for it is read by robots; of completed ones too, for it is read by lists. Rows
    of those at work hold their ids and a status of AT_WORK alone. `keys` has a key for each row, `sorts` is empty.
    """
    query = runtime.current().views.query
    if status in INDEXED:
        return query(f"lists {status}", index="by_status", limit=limit, after=after)
    if status in AT_WORK:
        page = query("bots", limit=limit, after=after)
        named = [{"shopping_list_id": id, "status": status} if (id := row["list_id"]) else None for row in page.rows]
    else:
        page = query("lists", limit=limit, after=after)
        named = [row if status in (None, row["status"]) else None for row in page.rows]
    found = [(row, key) for row, key in zip(named, page.keys, strict=True) if row]
    return Page([row for row, _ in found], page.after, keys=[key for _, key in found])


def bots(limit: int, after: dict[str, Any] | None) -> Page:
    """A page of robots."""
    return runtime.current().views.query("bots", limit=limit, after=after)


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
    found = rows("lists available", index="by_status")
    return (_shown(WAITING_LISTS, row["shopping_list_id"], row) for row in found)


def bots_shown_as_idle() -> Iterator[Waiting]:
    """The robots that wait for a list by the read model, which may be behind."""
    return (_shown(IDLE_BOTS, row["bot_id"], row) for row in rows("bots") if row["status"] == "idle")


def _shown(partition: str, id: str, row: dict[str, Any]) -> Waiting:
    return Waiting(partition, id, row["since"], row["flow"], row.get("version"))


def record_heartbeat(bot_id: str, moment: datetime) -> None:
    """Store the time of a robot's latest heartbeat; an earlier one than the stored one changes nothing."""
    row = Row("heard", bot_id, {"time": clock.stamp(moment)})
    runtime.current().views.put(row, round(moment.timestamp() * 1000))


def forget_heartbeats(bot_id: str) -> None:
    """Keep no time of a robot's heartbeat, nor any that comes."""
    runtime.current().views.put(Row("heard", bot_id, None), LATER_THAN_ANY)


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
    """The ids of the robots that the read model shows as idle or at work."""
    return (row["bot_id"] for row in rows("bots") if row["status"] in ("idle", "active"))


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
