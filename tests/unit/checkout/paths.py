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

ASKED = {
    1: 3,
    2: 3,
    3: 3,
    4: 4,
    5: 5,
}  # how many commands were sent when the saga awaits a step: the first three at once

# What is sent when a saga compensates while it awaits a step's answer.
UNDOS = {
    1: ["RejectOrder", "VoidPayment", "CancelShoppingList"],
    2: ["RejectOrder", "VoidPayment", "CancelShoppingList"],
    3: ["RejectOrder", "VoidPayment", "CancelShoppingList"],
    4: ["RejectOrder", "CancelShoppingList", "VoidPayment"],
    5: ["RejectOrder", "CancelShoppingList", "VoidPayment"],
}


def bring_to(desk: Desk, step: int) -> None:
    """Bring an order's saga to where this is the lowest step that awaits its answer."""
    desk.deliver(OrderCreated)
    for reply in ACCEPTED[: step - 1]:
        desk.deliver(reply)


def bring_to_last_answer(desk: Desk, step: int) -> None:
    """Bring an order's saga to where it awaits the answer to this step alone."""
    desk.deliver(OrderCreated)
    for number in [n for n in (1, 2, 3) if n != step or step > 3] + [4] * (step > 4):
        desk.deliver(ACCEPTED[number - 1])


def undo_everything(desk: Desk, step: int) -> None:
    """Accept each undo: the first was sent, and the saga sends each of the others after the one before."""
    undos = UNDOS[step]
    for number, command in enumerate(undos, start=1):
        assert desk.commands[-number:] == undos[:number]
        desk.deliver(UNDONE[command])
    assert desk.commands[-len(undos) :] == undos
