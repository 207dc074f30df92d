"""The replies by which a saga comes to each of its steps and undos."""

from events.customers import CustomerAuthorized, CustomerRefused
from events.depot import (
    ShoppingInitiated,
    ShoppingListAccepted,
    ShoppingListCancellationAccepted,
    ShoppingListRefused,
    ShoppingRefused,
)
from events.ordering import OrderApprovalAccepted, OrderApprovalRefused, OrderCreated, OrderRejectionAccepted
from events.payments import PaymentAccepted, PaymentRefused, PaymentVoidAccepted
from events.registry import Reply
from tests.unit.checkout.desk import Desk

COMMANDS = ["AuthorizeCustomer", "CreateShoppingList", "ConfirmPayment", "InitiateShopping", "ApproveOrder"]
ACCEPTED: list[type[Reply]] = [
    CustomerAuthorized,
    ShoppingListAccepted,
    PaymentAccepted,
    ShoppingInitiated,
    OrderApprovalAccepted,
]
REFUSED: list[type[Reply]] = [
    CustomerRefused,
    ShoppingListRefused,
    PaymentRefused,
    ShoppingRefused,
    OrderApprovalRefused,
]
UNDONE: dict[str, type[Reply]] = {
    "RejectOrder": OrderRejectionAccepted,
    "CancelShoppingList": ShoppingListCancellationAccepted,
    "VoidPayment": PaymentVoidAccepted,
}

# What is sent when a saga compensates while it awaits a step's answer.
UNDOS = {
    1: ["RejectOrder"],
    2: ["RejectOrder", "CancelShoppingList"],
    3: ["RejectOrder", "VoidPayment", "CancelShoppingList"],
    4: ["RejectOrder", "CancelShoppingList", "VoidPayment"],
    5: ["RejectOrder", "CancelShoppingList", "VoidPayment"],
}


def bring_to(desk: Desk, step: int) -> None:
    """Bring an order's saga to where it awaits the answer to a step."""
    desk.deliver(OrderCreated)
    for reply in ACCEPTED[: step - 1]:
        desk.deliver(reply)


def undo_everything(desk: Desk, sent: int) -> None:
    """Accept each undo: the first was sent, and the saga sends each of the others after the one before."""
    undos = UNDOS[sent]
    for number, command in enumerate(undos, start=1):
        assert desk.commands[-number:] == undos[:number]
        desk.deliver(UNDONE[command])
    assert desk.commands[-len(undos) :] == undos
