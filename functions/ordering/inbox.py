"""What the ordering service consumes: checkouts, the saga's commands, events about its orders, and a schedule."""

from typing import cast

from events.baskets import BasketCheckedOut
from events.checkout import ApproveOrder, RejectOrder
from events.depot import ShoppingListCancelled, ShoppingListCompleted
from events.ordering import (
    OrderApprovalAccepted,
    OrderApprovalRefused,
    OrderRejectionAccepted,
    OrderRejectionRefused,
    OrderStatus,
    UnpaidOrdersDue,
)
from events.payments import InvoicePaid
from functions.kernel.domain.errors import MallBotsError, NotFoundError, RefusedError
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses
from functions.ordering import service
from functions.ordering.items import Item, Shortage
from functions.ordering.views import projection

inbox = Inbox("ordering", uses=Uses(streams="commit", indexes=("unpaid",)))
inbox.include(projection)
inbox.schedule(UnpaidOrdersDue, "rate(1 minute)")


@inbox.on(BasketCheckedOut)
def basket_checked_out(event: BasketCheckedOut) -> None:
    items = [Item(**dict(item)) for item in event.items]
    service.place(event.basket_id, event.customer_id, event.payment_id, items)


@inbox.on(ShoppingListCompleted)
def shopping_list_completed(event: ShoppingListCompleted) -> None:
    if event.by_staff:  # never an order's own list, and it may name an order that does not exist
        return
    shortages = tuple(Shortage(**dict(shortage)) for shortage in event.shortages)
    service.make_ready(event.order_id, event.shopping_list_id, shortages)


@inbox.on(ShoppingListCancelled)
def shopping_list_cancelled(event: ShoppingListCancelled) -> None:
    if not event.by_staff:
        service.lose_list(event.order_id, event.shopping_list_id)


@inbox.on(InvoicePaid)
def invoice_paid(event: InvoicePaid) -> None:
    service.mark_paid(event.order_id)


@inbox.on(UnpaidOrdersDue)
def unpaid_orders_due(tick: UnpaidOrdersDue) -> None:
    service.expire_unpaid()


def _approval_refused(command: ApproveOrder, error: MallBotsError) -> OrderApprovalRefused:
    return OrderApprovalRefused(order_id=command.order_id, status=_status(error))


@inbox.answers(
    ApproveOrder,
    accepted=lambda command: OrderApprovalAccepted(order_id=command.order_id),
    refused=_approval_refused,
)
def approve_order(command: ApproveOrder) -> None:
    service.approve(command.order_id, command.shopping_list_id)


def _rejection_refused(command: RejectOrder, error: MallBotsError) -> OrderRejectionRefused | OrderRejectionAccepted:
    if isinstance(error, NotFoundError):  # an order that does not exist needs no rejection: the saga may go on
        return OrderRejectionAccepted(order_id=command.order_id)
    return OrderRejectionRefused(order_id=command.order_id, status=_status(error))


@inbox.answers(
    RejectOrder,
    accepted=lambda command: OrderRejectionAccepted(order_id=command.order_id),
    refused=_rejection_refused,
)
def reject_order(command: RejectOrder) -> None:
    service.reject(command.order_id, command.reason)


def _status(error: MallBotsError) -> OrderStatus:
    """The status of the order that refused; an order that does not exist counts as rejected."""
    return cast(OrderStatus, error.state) if isinstance(error, RefusedError) else "rejected"
