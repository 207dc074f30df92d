"""What a message says of a thing is what the events of that thing say, one by one, from the first.

The system says what it has loaded: a snapshot and the events after it. So a snapshot that is of another moment, that is
of another shape, or that lacks a field, tells here, as every public event carries the whole state.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.simulation.check.money import Order
from tests.simulation.check.parsed_history import Reading
from tests.simulation.check.records import Event, Message
from tests.simulation.check.violation import Violation

SAYS = "what a message says of a thing is what its events say"

State = dict[str, Any]
Picked = dict[tuple[str, str], int]  # by store and product

LIST = {
    "Created": "pending",
    "Initiated": "available",
    "Assigned": "assigned",
    "Started": "active",
    "GivenBack": "available",
    "Completed": "completed",
    "Cancelled": "cancelled",
}
BOT = {
    "Registered": "offline",
    "CameOnline": "idle",
    "TookList": "active",
    "Finished": "idle",
    "WentOffline": "offline",
}
INVOICE = {"Billed": "pending", "Paid": "paid", "Cancelled": "cancelled"}
PAYMENT = {"Authorized": "authorized", "Confirmed": "confirmed", "Captured": "settled", "Voided": "voided"}


def violations(reading: Reading) -> Iterator[Violation]:
    """Public events that tell another state than the one that their streams have come to."""
    for kind, (begin, apply, told) in KINDS.items():
        for _, commits in reading.of_kind(kind):
            state = begin()
            for commit in commits:
                for event in commit.events:
                    apply(state, event)
                    for message in commit.messages:
                        of_event = message.metadata.get("stream_version") == event.stream_version
                        said = told(message) if of_event and message.delay is None else None
                        if said is not None and said != (so := {name: state[name] for name in said}):
                            different = sorted(name for name in said if said[name] != so[name])
                            text = f"{message.name} of {commit.where} tells another {' and '.join(different)}"
                            yield Violation(SAYS, text, {"stream": commit.stream, "message": message.id})


def _list(state: State, event: Event) -> None:
    data = event.data
    state["status"] = LIST.get(event.name, state["status"])
    if event.name == "Created":
        listed = _items(data["stops"], "quantity")
        state |= {"listed": listed, "picked": dict.fromkeys(listed, 0)}
    elif event.name == "Assigned":
        state |= {"bot_id": data["bot_id"], "assignment": data["assignment"]}
    elif event.name == "Picked":
        state["picked"] = state["picked"] | {(data["store_id"], data["product_id"]): data["quantity"]}
    elif event.name == "GivenBack":
        state |= {"bot_id": None, "picked": dict.fromkeys(state["listed"], 0)}
    elif event.name == "Cancelled":
        state["bot_id"] = None
    elif event.name == "Completed":
        state["picked"] = dict(state["listed"])
        for short in data["shortages"]:
            key = short["store_id"], short["product_id"]
            state["picked"][key] = state["listed"].get(key, 0) - short["quantity"]


def _items(stops: list[dict[str, Any]], what: str) -> Picked:
    return {(stop["store_id"], item["product_id"]): item[what] for stop in stops for item in stop["items"]}


def _list_told(message: Message) -> State | None:
    data = message.data
    if "stops" not in data:
        return None
    told = {name: data[name] for name in ("status", "bot_id", "assignment")}
    return told | {"picked": _items(data["stops"], "picked")}


def _bot(state: State, event: Event) -> None:
    state["status"] = BOT.get(event.name, state["status"])
    state["list_id"] = event.data["list_id"] if event.name == "TookList" else None


def _order(state: State, event: Event) -> None:
    order: Order = state["order"]
    order.apply(event)
    state |= {"status": order.status, "total": order.total, "paid": order.paid}


def _invoice(state: State, event: Event) -> None:
    state["status"] = INVOICE.get(event.name, state["status"])
    state["amount"] = 0 if event.name == "Cancelled" else event.data.get("amount", state["amount"])


def _payment(state: State, event: Event) -> None:
    state["status"] = PAYMENT.get(event.name, state["status"])
    if event.name == "Captured":
        state["left"] = event.data["amount"]
    elif event.name == "Refunded":
        state["left"] -= event.data["amount"]
        state["status"] = state["status"] if state["left"] else "refunded"
    elif event.name == "Confirmed":
        state["order_id"] = event.data["order_id"]
    elif event.name == "Authorized":
        state["authorized"] = event.data["amount"]


def _with(*names: str, where: str) -> Callable[[Message], State | None]:
    """What a message tells under these names; nothing when it is none that tells the state, and has no `where`."""
    return lambda message: {name: message.data[name] for name in names} if where in message.data else None


# By kind: how it begins, how an event changes it, and what a message tells of it.
KINDS: dict[str, tuple[Callable[[], State], Callable[[State, Event], None], Callable[[Message], State | None]]] = {
    "ShoppingList": (
        lambda: {"status": "", "bot_id": None, "assignment": 0, "listed": {}, "picked": {}},
        _list,
        _list_told,
    ),
    "Bot": (lambda: {"status": "", "list_id": None}, _bot, _with("status", "list_id", where="list_id")),
    "Order": (lambda: {"order": Order()}, _order, _with("status", "total", "paid", where="total")),
    "Invoice": (lambda: {"status": "", "amount": 0}, _invoice, _with("status", "amount", where="invoice_id")),
    "Payment": (
        lambda: {"status": "", "order_id": None, "authorized": 0, "left": 0},
        _payment,
        _with("status", "order_id", "authorized", where="authorized"),
    ),
}
