"""The create-order saga: everyone accepts an order, or everything is undone everywhere."""

from dataclasses import dataclass
from typing import ClassVar

from functions.kernel.domain.aggregate import DomainEvent, applies
from functions.kernel.domain.saga import Request, Saga, Step

CANCEL_LIST = Request("CancelShoppingList", "ShoppingListCancellationAccepted")

# How an order stands that has been accepted: whatever else is heard, it is not to be undone.
ACCEPTED = ("approved", "ready", "completed")


@dataclass(frozen=True)
class Item:
    """So many of one product of one store; the price is in cents."""

    store_id: str
    product_id: str
    store_name: str
    product_name: str
    price: int
    quantity: int


@dataclass(frozen=True)
class OrderTaken(DomainEvent):
    """There is an order that everyone is to accept; `total` in cents."""

    customer_id: str
    payment_id: str
    items: tuple[Item, ...]
    total: int


@dataclass
class CreateOrderSaga(Saga):
    """How far the acceptance of one order has come; its id is the order's, and so is the shopping list's."""

    withdrawal: ClassVar[Request] = Request("RejectOrder", "OrderRejectionAccepted", "OrderRejectionRefused")
    steps: ClassVar[tuple[Step, ...]] = (
        Step(Request("AuthorizeCustomer", "CustomerAuthorized", "CustomerRefused")),
        Step(Request("CreateShoppingList", "ShoppingListAccepted", "ShoppingListRefused"), undo=CANCEL_LIST),
        Step(
            Request("ConfirmPayment", "PaymentAccepted", "PaymentRefused"),
            undo=Request("VoidPayment", "PaymentVoidAccepted"),
        ),
        Step(Request("InitiateShopping", "ShoppingInitiated", "ShoppingRefused"), undo=CANCEL_LIST, retry_forever=True),
        Step(Request("ApproveOrder", "OrderApprovalAccepted", "OrderApprovalRefused"), retry_forever=True),
    )

    customer_id: str = ""
    payment_id: str = ""
    items: tuple[Item, ...] = ()
    total: int = 0

    def take_order(self, customer_id: str, payment_id: str, items: tuple[Item, ...], total: int, at: str) -> None:
        """Begin to ask everyone; `total` in cents."""
        self.begin(OrderTaken(customer_id, payment_id, items, total), at)

    def approval_refused(self, status: str, at: str) -> None:
        """The order cannot be approved any more."""
        self.answer("OrderApprovalRefused", at, reason=f"the order is {status}")

    def rejection_refused(self, status: str, at: str) -> None:
        """The order does not let itself be rejected: if it was accepted, that decides; if not, it is asked again."""
        if status in ACCEPTED:
            self.answer("OrderRejectionRefused", at)

    @applies(OrderTaken)
    def _on_order_taken(self, event: OrderTaken) -> None:
        self.customer_id, self.payment_id = event.customer_id, event.payment_id
        self.items, self.total = event.items, event.total
