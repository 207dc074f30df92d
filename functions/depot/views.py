"""Read models: shopping lists and robots, which of them wait, and copies of stores and products.

The dispatcher itself writes the rows of lists and robots that begin to wait (`waiting`) before it matches them, the
service's inbox all others (`projection`): so only the index can be behind the dispatcher, never a queue.
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

AT_A_TIME = 25

projection = Projection(indexes=["by_status"])
waiting = Projection(indexes=["by_status"])
find_product = Ask(FindProduct)


@waiting.on(ShoppingListAvailable)
@projection.on(
    ShoppingListCreated,
    ShoppingListAssigned,
    ShoppingListStarted,
    ShoppingListItemPicked,
    ShoppingListCompleted,
    ShoppingListCancelled,
)
def list_row(event: ShoppingListState, metadata: Metadata) -> Row:
    data = event.model_dump(mode="json", include=set(ShoppingListState.model_fields))
    return _row("lists", event.shopping_list_id, data, metadata)


@waiting.on(BotCameOnline, BotFinished)
@projection.on(BotRegistered, BotWentOffline, BotAssigned)
def bot_row(event: BotState, metadata: Metadata) -> Row:
    data = event.model_dump(mode="json", include=set(BotState.model_fields))
    return _row("bots", event.bot_id, data, metadata)


def _row(kind: str, id: str, data: dict[str, Any], metadata: Metadata) -> Row:
    about = {"since": metadata.time, "flow": metadata.correlation_id}
    return Row(kind, id, data | about, indexes={"by_status": (f"{kind} {data['status']}", metadata.time)})


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
    """A list that is available or a robot that is idle; since: RFC 3339; flow: a correlation id."""

    id: str
    since: str
    flow: str


def waiting_lists() -> Iterator[Waiting]:
    """The lists that wait for a robot, as the index shows them, the one that has waited longest first."""
    return _waiting("lists", "available", "shopping_list_id")


def idle_bots() -> Iterator[Waiting]:
    """The robots that wait for a list, as the index shows them, the one idle longest first."""
    return _waiting("bots", "idle", "bot_id")


def _waiting(kind: str, status: str, id: str) -> Iterator[Waiting]:
    found = rows(f"{kind} {status}", index="by_status", at_a_time=AT_A_TIME)
    return (Waiting(row[id], row["since"], row["flow"]) for row in found)


def waiting_list(list_id: str) -> Waiting | None:
    """The row of one list, which the index may not show yet."""
    return _one("lists", list_id)


def idle_bot(bot_id: str) -> Waiting | None:
    """The row of one robot, which the index may not show yet."""
    return _one("bots", bot_id)


def _one(kind: str, id: str) -> Waiting | None:
    row = read(kind, id)
    return Waiting(id, row["since"], row["flow"]) if row else None


def shows(waiting_list: Waiting) -> bool:
    """Whether the index shows a list as waiting."""
    since = waiting_list.since
    page = runtime.current().views.query("lists available", index="by_status", first=since, last=since, limit=100)
    return any(row["shopping_list_id"] == waiting_list.id for row in page.rows)


def record_heartbeat(bot_id: str, moment: datetime) -> None:
    """Store the time of a robot's latest heartbeat; an earlier one than the stored one changes nothing."""
    row = Row("heard", bot_id, {"time": clock.stamp(moment)})
    runtime.current().views.put(row, round(moment.timestamp() * 1000))


def last_heartbeat(bot_id: str) -> datetime | None:
    """When a robot's latest heartbeat was; None when it is not known."""
    row = read("heard", bot_id)
    return clock.read(row["time"]) if row else None


def record_lease_check(bot_id: str, session: int, checks: int, until: datetime) -> None:
    """Store the number of checks of a robot's lease in one session online; the row expires at `until`."""
    row = Row("leases", f"{bot_id} {session}", {"looks": checks}, expires=int(until.timestamp()))
    runtime.current().views.put(row, checks)


def lease_checks(bot_id: str, session: int) -> int:
    """The number of checks of a robot's lease in one session online."""
    row = read("leases", f"{bot_id} {session}")
    return int(row["looks"]) if row else 0


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
