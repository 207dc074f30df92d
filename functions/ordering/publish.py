"""What the ordering service publishes about its orders."""

from typing import Any

from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderPaid,
    OrderReadied,
    OrderRejected,
)
from events.shapes import LineItem, Shortage
from functions.kernel.eventstore.publish import Publisher
from functions.ordering.domain import (
    Approved,
    Cancelled,
    Completed,
    Created,
    NothingFound,
    Order,
    Paid,
    Readied,
    Rejected,
)

publishes = Publisher("ordering")


@publishes(Created)
def order_created(order: Order, event: Created) -> OrderCreated:
    return OrderCreated(**_state(order))


@publishes(Approved)
def order_approved(order: Order, event: Approved) -> OrderApproved:
    return OrderApproved(**_state(order))


@publishes(Rejected)
def order_rejected(order: Order, event: Rejected) -> OrderRejected:
    return OrderRejected(**_state(order), reason=event.reason)


@publishes(Readied)
def order_readied(order: Order, event: Readied) -> OrderReadied:
    return OrderReadied(**_state(order), shortages=tuple(Shortage(**vars(short)) for short in event.shortages))


@publishes(NothingFound)
def order_cancelled_with_nothing_found(order: Order, event: NothingFound) -> OrderCancelled:
    return OrderCancelled(**_state(order), reason=event.reason, by="system")


@publishes(Paid)
def order_paid(order: Order, event: Paid) -> OrderPaid:
    return OrderPaid(**_state(order))


@publishes(Completed)
def order_completed(order: Order, event: Completed) -> OrderCompleted:
    return OrderCompleted(**_state(order))


@publishes(Cancelled)
def order_cancelled(order: Order, event: Cancelled) -> OrderCancelled:
    return OrderCancelled(**_state(order), reason=event.reason, by=event.by)


def _state(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "customer_id": order.customer_id,
        "payment_id": order.payment_id,
        "items": tuple(LineItem(**vars(item)) for item in order.items),
        "total": order.total,
        "status": order.status,
        "ready": order.ready,
        "paid": order.paid,
        "shopping_list_id": order.shopping_list_id,
        "created_at": order.created_at,
        "approved_at": order.approved_at,
        "readied_at": order.readied_at,
    }
