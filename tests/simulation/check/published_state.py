"""Public events: each carries the state that the events of its stream give, folded from the first one on.

The system publishes the state that it has loaded: a snapshot and the events after it. So this check also finds a
snapshot that is of another version or schema, or lacks a field.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.simulation.check.money import Order
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Event, Message
from tests.simulation.check.robots import BOT_STATUS, LIST_STATUS, quantities
from tests.simulation.check.violation import Violation

PUBLISHED_STATE = "a public event has the state that its stream's events give"

State = dict[str, Any]

# The status that an event leads to.
INVOICE = {"Billed": "pending", "Paid": "paid", "Cancelled": "cancelled"}
PAYMENT = {"Authorized": "authorized", "Confirmed": "confirmed", "Captured": "settled", "Voided": "voided"}

# A list that is cancelled before it is created is an order's, and nobody's of the staff.
NO_LIST: State = {
    "status": "",
    "bot_id": None,
    "assignment": 0,
    "order_id": "",
    "by_staff": False,
    "listed": {},
    "picked": {},
}


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Public events whose state differs from that of their stream."""
    for kind, (begin, apply, published) in KINDS.items():
        for _, commits in history.of_kind(kind):
            state = begin()
            for commit in commits:
                for event in commit.events:
                    apply(state, event)
                    for message in commit.messages:
                        of_event = message.metadata.get("stream_version") == event.stream_version
                        found = published(message) if of_event and message.delay is None else None
                        if found is not None and found != (expected := {name: state[name] for name in found}):
                            different = sorted(name for name in found if found[name] != expected[name])
                            text = f"{message.name} of {commit.where} has another {' and '.join(different)}"
                            yield Violation(PUBLISHED_STATE, text, {"stream": commit.stream, "message": message.id})


def _list(state: State, event: Event) -> None:
    data = event.data
    state["status"] = LIST_STATUS.get(event.name, state["status"])
    if event.name == "Created":
        listed = quantities(data["stops"], "quantity")
        state |= {"listed": listed, "picked": dict.fromkeys(listed, 0)}
        state |= {"order_id": data["order_id"], "by_staff": data.get("by_staff", False)}
    elif event.name == "Assigned":
        state |= {"bot_id": data["bot_id"], "assignment": data["assignment"]}
    elif event.name == "Picked":
        state["picked"] = state["picked"] | {(data["store_id"], data["product_id"]): data["quantity"]}
    elif event.name == "GivenBack":
        state |= {"bot_id": None, "picked": dict.fromkeys(state["listed"], 0)}
    elif event.name == "Cancelled":
        state |= {"bot_id": None, "order_id": state["order_id"] or data["order_id"]}
    elif event.name == "Completed":
        state["picked"] = dict(state["listed"])
        for short in data["shortages"]:
            key = short["store_id"], short["product_id"]
            state["picked"][key] = state["listed"].get(key, 0) - short["quantity"]


def _published_list(message: Message) -> State | None:
    data = message.data
    if "stops" not in data:
        return None
    state = {name: data[name] for name in ("status", "bot_id", "assignment", "order_id", "by_staff")}
    return state | {"picked": quantities(data["stops"], "picked")}


def _bot(state: State, event: Event) -> None:
    state["status"] = BOT_STATUS.get(event.name, state["status"])
    if event.name in BOT_STATUS:
        has_list = event.name == "TookList"
        state["list_id"] = event.data["list_id"] if has_list else None
        state["assignment"] = event.data["assignment"] if has_list else 0


def _order(state: State, event: Event) -> None:
    order: Order = state["order"]
    order.apply(event)
    state |= {"status": order.status, "total": order.total, "paid": order.paid}
    times = {"Approved": "approved_at", "Readied": "readied_at"}
    if event.name in times:
        state[times[event.name]] = event.data.get("at")


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
    """A reader of these members of a message; it gives None for a message without the member `where`."""
    return lambda message: {name: message.data.get(name) for name in names} if where in message.data else None


# By aggregate class: the initial state, how an event changes it, and which part of it a message has.
KINDS: dict[str, tuple[Callable[[], State], Callable[[State, Event], None], Callable[[Message], State | None]]] = {
    "ShoppingList": (
        lambda: dict(NO_LIST),
        _list,
        _published_list,
    ),
    "Bot": (
        lambda: {"status": "", "list_id": None, "assignment": 0},
        _bot,
        _with("status", "list_id", "assignment", where="list_id"),
    ),
    "Order": (
        lambda: {"order": Order(), "approved_at": None, "readied_at": None},
        _order,
        _with("status", "total", "paid", "approved_at", "readied_at", where="total"),
    ),
    "Invoice": (lambda: {"status": "", "amount": 0}, _invoice, _with("status", "amount", where="invoice_id")),
    "Payment": (
        lambda: {"status": "", "order_id": None, "authorized": 0, "left": 0},
        _payment,
        _with("status", "order_id", "authorized", where="authorized"),
    ),
}
