"""The create-order saga: every service accepts an order, or everything is undone everywhere.

How often a step and a compensation are tried, and what follows, is in functions/kernel/domain/saga.py.
"""

from dataclasses import dataclass
from typing import ClassVar

from functions.kernel.domain.aggregate import DomainEvent, applies
from functions.kernel.domain.saga import Moment, Request, Saga, Step

CANCEL_LIST = Request("CancelShoppingList", "ShoppingListCancellationAccepted")

# The statuses of an order that was approved. Such an order decides against its rejection: nothing of it is undone.
ACCEPTED = ("approved", "ready", "completed")


@dataclass(frozen=True)
class Item:
    """A quantity of one product of one store; the price of one, in cents."""

    store_id: str
    product_id: str
    store_name: str
    product_name: str
    price: int
    quantity: int


@dataclass(frozen=True)
class OrderTaken(DomainEvent):
    """An order was created that every service is to accept; `total` in cents."""

    customer_id: str
    payment_id: str
    items: tuple[Item, ...]
    total: int


@dataclass
class CreateOrderSaga(Saga):
    """The saga of one order. The order's id is also the saga's and the shopping list's."""

    first_undo: ClassVar[Request] = Request("RejectOrder", "OrderRejectionAccepted", "OrderRejectionRefused")
    stages: ClassVar[tuple[tuple[Step, ...], ...]] = (
        (
            Step(Request("AuthorizeCustomer", "CustomerAuthorized", "CustomerRefused")),
            Step(Request("CreateShoppingList", "ShoppingListAccepted", "ShoppingListRefused"), undo=CANCEL_LIST),
            Step(
                Request("ConfirmPayment", "PaymentAccepted", "PaymentRefused"),
                undo=Request("VoidPayment", "PaymentVoidAccepted"),
            ),
        ),
        (Step(Request("InitiateShopping", "ShoppingInitiated", "ShoppingRefused"), CANCEL_LIST, retry_forever=True),),
        (Step(Request("ApproveOrder", "OrderApprovalAccepted", "OrderApprovalRefused"), retry_forever=True),),
    )

    customer_id: str = ""
    payment_id: str = ""
    items: tuple[Item, ...] = ()
    total: int = 0

    def take_order(self, customer_id: str, payment_id: str, items: tuple[Item, ...], total: int, now: Moment) -> None:
        """Begin, once; `total` in cents."""
        self.begin(OrderTaken(customer_id, payment_id, items, total), now)

    def approval_refused(self, status: str, now: Moment) -> None:
        """The order refused its approval: compensate."""
        self.answer("OrderApprovalRefused", now, reason=f"the order is {status}")

    def rejection_refused(self, status: str, now: Moment) -> None:
        """The order refused its rejection. If it was approved, the saga completes; if not, RejectOrder is retried."""
        if status in ACCEPTED:
            self.answer("OrderRejectionRefused", now)

    @applies(OrderTaken)
    def _on_order_taken(self, event: OrderTaken) -> None:
        self.customer_id, self.payment_id = event.customer_id, event.payment_id
        self.items, self.total = event.items, event.total
