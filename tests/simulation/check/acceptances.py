"""Acceptances: a command is answered as accepted only when its effect is stored by then. The mirror of refusals.py.

Without this a handler that swallows an error answers as if it had done what it was asked for.
"""

from collections.abc import Callable, Iterator

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Message
from tests.simulation.check.refusals import Past
from tests.simulation.check.violation import Violation

DONE = "a command is answered as accepted only when its effect is stored"

Effect = Callable[[Message, Past, Past], bool]  # of a command, by what was stored when it was sent, and when answered

MAY_ORDER = {"Registered": True, "Enabled": True, "Disabled": False, "Erased": False}


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Acceptances of which nothing is stored that they promise, at the time of their first publication."""
    for message_id, at in history.published_at.items():
        reply = history.messages[message_id]
        effect = EFFECTS.get(reply.name)
        command = history.messages.get(reply.metadata.get("causation_id") or "") if effect else None
        if effect is None or command is None or command.commit is None:
            continue
        if not effect(command, Past(history, command.commit.at), Past(history, at)):
            text = f"{command.name} was answered with {reply.name}, and nothing was stored for it"
            yield Violation(DONE, text, {"message": message_id, "command": command.id})


def _customer(command: Message, before: Past, then: Past) -> bool:
    """Whether the customer could order at any moment since it was asked: that may have changed meanwhile."""
    customer_id = command.data["customer_id"]
    statuses = [status for status in map(MAY_ORDER.get, then.ordered("Customer", customer_id)) if status is not None]
    known = [status for status in map(MAY_ORDER.get, before.ordered("Customer", customer_id)) if status is not None]
    return any(statuses[max(len(known) - 1, 0) :])


def _stored(kind: str, *names: str) -> Effect:
    """Whether one of these events is stored of the aggregate that has the order's id."""
    return lambda command, before, then: bool(then.names(kind, command.data["order_id"]) & set(names))


def _payment(command: Message, before: Past, then: Past) -> bool:
    order_id: str = command.data["order_id"]
    return then.value("Payment", command.data["payment_id"], "Confirmed", "order_id") == order_id


def _rejection(command: Message, before: Past, then: Past) -> bool:
    """An order that did not exist when it was asked needs no rejection."""
    ended = then.names("Order", command.data["order_id"]) & {"Rejected", "Cancelled", "NothingFound"}
    return bool(ended) or not before.names("Order", command.data["order_id"])


def _void(command: Message, before: Past, then: Past) -> bool:
    """A payment that was captured, is another's, or did not exist when it was asked stays as it is."""
    data, payment_id = command.data, command.data["payment_id"]
    order_id = then.value("Payment", payment_id, "Confirmed", "order_id")
    customer_id = then.value("Payment", payment_id, "Authorized", "customer_id")
    is_own = customer_id == data["customer_id"] if order_id is None else order_id == data["order_id"]
    ended = then.names("Payment", payment_id) & {"Voided", "Captured"}
    return not is_own or bool(ended) or not before.names("Payment", payment_id)


EFFECTS: dict[str, Effect] = {
    "CustomerAuthorized": _customer,
    "ShoppingListAccepted": _stored("ShoppingList", "Created"),
    "PaymentAccepted": _payment,
    "ShoppingInitiated": _stored("ShoppingList", "Initiated"),
    "OrderApprovalAccepted": _stored("Order", "Approved"),
    "OrderRejectionAccepted": _rejection,
    "ShoppingListCancellationAccepted": _stored("ShoppingList", "Cancelled", "Completed"),
    "PaymentVoidAccepted": _void,
}
