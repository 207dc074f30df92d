"""Read models: each row equals a rebuild from the stored history, and never returns to an older version."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.records import Message
from tests.simulation.check.violation import Violation

NEVER_BACK = "a row never returns to an older version"
REBUILT = "a read model equals what is rebuilt from history"

Data = dict[str, Any]

ORDERS = ("Created", "Approved", "Rejected", "Readied", "Paid", "Cancelled", "Completed")
ORDER_EVENTS = {f"Order{word}" for word in ORDERS}
# Payments asks ordering about an order between these.
ORDER_BEGUN_OR_ENDED = {"OrderCreated", "OrderRejected", "OrderCancelled", "OrderCompleted"}
# Not what a robot does with its list: that is read from its stream.
LIST_EVENTS = {f"ShoppingList{word}" for word in ("Created", "Available", "Assigned", "Completed", "Cancelled")}
BOT_EVENTS = {f"Bot{word}" for word in ("Registered", "CameOnline", "WentOffline", "Assigned", "Finished", "Retired")}
STORE_EVENTS = {"StoreCreated", "StoreParticipationToggled", "StoreRebranded"}
PRODUCT_EVENTS = {"ProductAdded", "ProductRebranded", "ProductPriceChanged", "ProductRemoved"}
CUSTOMER_EVENTS = {
    f"Customer{word}" for word in ("Registered", "SmsChanged", "LanguageChanged", "Enabled", "Disabled", "Erased")
}
ORDER_STATE = ("customer_id", "payment_id", "items", "total", "status", "ready", "paid", "shopping_list_id")


@dataclass(frozen=True)
class Model:
    """The rows of one read model: one per aggregate, made of its newest event.

    key: partition and sort key, by the event's data. shows: members that the row has; None when the row is deleted.
    indexed: the partition of each index that has the row, None where it is not in it.
    """

    service: str
    events: frozenset[str]
    key: Callable[[Data], tuple[str, str]]
    shows: Callable[[Message], Data | None]
    indexed: Callable[[Message], Mapping[str, str | None]] = lambda message: {}


def _same(*names: str) -> Callable[[Message], Data]:
    return lambda message: {name: message.data[name] for name in names}


def _known(message: Message) -> Data:
    if message.name == "CustomerErased":
        return {"erased": True}
    return {"enabled": message.data["enabled"], "language": message.data["language"], "erased": False}


def _product(message: Message) -> Data | None:
    names = ("store_id", "name", "description", "sku", "price")
    return None if message.data["removed"] else {name: message.data[name] for name in names}


def _robot(message: Message) -> Data | None:
    return None if message.name == "BotRetired" else _same("name", "status", "list_id", "assignment")(message)


def _searched(message: Message) -> Mapping[str, str | None]:
    """An order while it has not ended; of the ended ones those that are few."""
    status: str = message.data["status"]
    unfinished = status in ("pending", "approved", "ready")
    return {"by_status": "unfinished" if unfinished else None if status == "completed" else status}


def _compared(message: Message) -> Mapping[str, str | None]:
    day = str(message.metadata.get("time", ""))[:10]
    return {"reconciliation": "unfinished" if message.name == "OrderCreated" else f"ended {day}"}


def _waiting(message: Message) -> Mapping[str, str | None]:
    """A list that waits, to be initiated or for a robot, or was cancelled."""
    status: str = message.data["status"]
    return {"by_status": f"lists {status}" if status in ("pending", "available", "cancelled") else None}


MODELS = (
    Model(
        "search",
        frozenset(ORDER_EVENTS),
        lambda d: ("orders", d["order_id"]),
        _same("order_id", *ORDER_STATE),
        _searched,
    ),
    Model(
        "payments",
        frozenset(ORDER_BEGUN_OR_ENDED),
        lambda d: (f"order {d['order_id']}", "order"),
        _same("customer_id", "payment_id", "status", "total", "paid"),
        _compared,
    ),
    Model(
        "depot",
        frozenset(LIST_EVENTS),
        lambda d: ("lists", d["shopping_list_id"]),
        _same("order_id", "status", "stops", "bot_id", "assignment"),
        _waiting,
    ),
    Model("depot", frozenset(BOT_EVENTS), lambda d: ("bots", d["bot_id"]), _robot),
    Model(
        "fleet",
        frozenset({"BotRegistered", "BotRetired"}),
        lambda d: ("robots", d["bot_id"]),
        lambda message: None if message.name == "BotRetired" else _same("name")(message),
    ),
    Model("depot", frozenset(STORE_EVENTS), lambda d: ("stores", d["store_id"]), _same("name", "location")),
    Model("depot", frozenset(PRODUCT_EVENTS), lambda d: ("products", d["product_id"]), _same("store_id", "removed")),
    Model("stores", frozenset(STORE_EVENTS), lambda d: ("stores", d["store_id"]), _same("name", "participating")),
    Model("stores", frozenset(PRODUCT_EVENTS), lambda d: ("products", d["product_id"]), _product),
    *(
        Model(service, frozenset(CUSTOMER_EVENTS), lambda d: ("customers", d["customer_id"]), _known)
        for service in ("baskets", "payments")
    ),
    Model("insights", frozenset(STORE_EVENTS), lambda d: ("stores", d["store_id"]), _same("name")),
    Model("insights", frozenset(PRODUCT_EVENTS), lambda d: ("products", d["product_id"]), _same("name")),
    Model("baskets", frozenset(PRODUCT_EVENTS), lambda d: ("products", d["product_id"]), _same("price", "removed")),
)
BY_EVENT: dict[str, list[Model]] = defaultdict(list)
for _model in MODELS:
    for _name in sorted(_model.events):
        BY_EVENT[_name].append(_model)


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Rows that went back, and rows that differ from a rebuild."""
    yield from _never_back(history)
    if history.is_quiescent and "tables" in history.final:
        yield from rebuilt(history, deliveries)
        yield from _sagas(history)
        yield from _sweep_indexes(history, deliveries)


def _never_back(history: ParsedHistory) -> Iterator[Violation]:
    versions: dict[tuple[str, str, str], int] = {}
    gone: set[tuple[str, str, str]] = set()
    for _, table, partition, sort, item in history.stored_rows:
        key = table, partition, sort
        about = {"table": table, "row": [partition, sort]}
        if not item:  # deleted: a row that is written afterwards is another
            versions.pop(key, None)
        else:
            version = int(item["version"]["N"])
            if version <= versions.get(key, -1):
                text = f"the row {sort} of {partition} in {table} went from version {versions[key]} to {version}"
                yield Violation(NEVER_BACK, text, about)
            if key in gone:
                text = f"the row {sort} of {partition} in {table} came back after its deletion"
                yield Violation(NEVER_BACK, text, about)
            versions[key] = version
            if "deleted" in item:
                gone.add(key)


def _rows(history: ParsedHistory, service: str) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    return {(item["partition"]["S"], item["sort"]["S"]): item for item in history.table(f"{service}/views")}


def _newest(history: ParsedHistory) -> dict[tuple[str, int], tuple[Message, Model]]:
    """The newest event of each stream for each model that shows it."""
    newest: dict[tuple[str, int], tuple[Message, Model]] = {}
    for stream, commits in history.streams.items():
        for message in (message for commit in commits for message in commit.messages):
            for model in BY_EVENT.get(message.name, ()):
                newest[stream, MODELS.index(model)] = message, model
    return newest


def rebuilt(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Rows that are not as the newest event of their stream says, unless their service lacks a message."""

    def excuses(message: Message, model: Model) -> bool:
        aggregate_id = str(message.metadata["stream"]).partition("#")[2]
        return deliveries.misses(model.service, aggregate_id, model.events)

    yield from differences(history, excuses)


def differences(history: ParsedHistory, excuses: Callable[[Message, Model], bool]) -> Iterator[Violation]:
    """Rows that differ from what the newest event of their aggregate says, unless that message is excused."""
    rows = {model.service: _rows(history, model.service) for model in MODELS}
    newest = _newest(history)
    for message, model in newest.values():
        if excuses(message, model):
            continue
        key = model.key(message.data)
        item, shows = rows[model.service].get(key), model.shows(message)
        found = row_data(item)
        about = {"table": f"{model.service}/views", "row": list(key), "message": message.id}
        if item is None or found is None:
            if shows is not None:
                yield Violation(REBUILT, f"{model.service} has no row for {message.metadata['stream']}", about)
            continue
        wrong = [name for name in shows or () if found.get(name) != (shows or {})[name]]
        if shows is None or wrong:
            what = f"has another {', '.join(wrong)} than" if wrong else "was not deleted by"
            text = f"{model.service}'s row for {message.metadata['stream']} {what} {message.name}"
            yield Violation(REBUILT, text, about)
        for index, partition in model.indexed(message).items():
            place = item.get(f"{index}_partition", {}).get("S")
            if place != partition:
                where = f"in {place} of {index} instead of in {partition}"
                text = f"{model.service}'s row for {message.metadata['stream']} is {where}"
                yield Violation(REBUILT, text, about)


def _sagas(history: ParsedHistory) -> Iterator[Violation]:
    """The list shows each saga that has ended or is parked as it is; those that run, and no others, have a mark.

    No lost message excuses another row: a mark is there from before the saga's first commit until its row is written.
    """
    words = {"Completed": "completed", "Compensated": "compensated", "Stopped": "stopped", "Parked": "parked"}
    words |= {"Resumed": "running"}
    rows = _rows(history, "checkout")
    marked = Counter(sort.partition("#")[2] for partition, sort in rows if partition == "running")
    for order_id, commits in history.of_kind("CreateOrderSaga"):
        names = [name for commit in commits for name in commit.event_names()]
        status = next((words[name] for name in reversed(names) if name in words), "running")
        row = row_data(rows.get(("sagas", order_id)))
        shown = row["status"] if row else "nothing"
        about = {"stream": commits[0].stream, "table": "checkout/views"}
        if shown != status and status != "running":
            text = f"the list of sagas shows {shown} for the order {order_id}, whose saga is {status}"
            yield Violation(REBUILT, text, about)
        if marked[order_id] != (status == "running"):
            text = f"the order {order_id} has {marked[order_id]} marks, and its saga is {status}"
            yield Violation(REBUILT, text, about)
    for order_id in marked:
        if not history.stream("CreateOrderSaga", order_id):
            yield Violation(REBUILT, f"the order {order_id} has a mark and no saga", {"table": "checkout/views"})


def _sweep_indexes(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """The indexes that sweeps read show the ready and unpaid orders, and the open baskets, and nothing else."""
    for service, kind, index, begins, ends in (
        ("ordering", "Order", "unpaid", {"Readied"}, {"Paid", "Completed", "Cancelled"}),
        ("baskets", "Basket", "untouched", {"Started"}, {"CheckedOut", "Cancelled", "Abandoned"}),
    ):
        subscribed = {f"{kind}{name}" for name in begins | ends}
        shown = {i["sort"]["S"] for i in history.table(f"{service}/views") if f"{index}_partition" in i}
        for aggregate_id, commits in history.of_kind(kind):
            names = {name for commit in commits for name in commit.event_names()}
            waits = bool(names & begins) and not names & ends
            if waits != (aggregate_id in shown) and not deliveries.misses(service, aggregate_id, subscribed):
                what = "does not show" if waits else "still shows"
                text = f"the index {index} of {service} {what} {commits[0].stream}"
                yield Violation(REBUILT, text, {"stream": commits[0].stream, "table": f"{service}/views"})
