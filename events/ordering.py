"""Messages of the ordering service: an order's life, and its replies to the saga."""

from typing import Literal

from events.checkout import ApproveOrder, RejectOrder
from events.registry import Event, Reply, Timer
from events.shapes import Cents, LineItem, Shortage, Time

# "ready" is approved with the items at the depot; `paid` is independent of it.
OrderStatus = Literal["pending", "approved", "ready", "completed", "rejected", "cancelled"]


class OrderState(Event):
    """The public state of an order; `items` and `total` exclude what robots could not find.

    approved_at, readied_at: none before, nor in messages of orders that came so far before these fields were there.
    """

    order_id: str
    customer_id: str
    payment_id: str
    items: tuple[LineItem, ...]
    total: Cents
    status: OrderStatus
    ready: bool
    paid: bool
    shopping_list_id: str | None
    created_at: Time
    approved_at: Time | None = None
    readied_at: Time | None = None


class OrderCreated(OrderState, source="ordering", key="order_id"):
    """An order was placed; the saga asks the other services to accept it."""


class OrderApproved(OrderState, source="ordering", key="order_id"):
    """All services accepted the order; `shopping_list_id` is its shopping list."""

    shopping_list_id: str


class OrderRejected(OrderState, source="ordering", key="order_id"):
    """A service refused the order, or did not answer, before it was approved."""

    reason: str


class OrderReadied(OrderState, source="ordering", key="order_id"):
    """The order's items are at the depot, except the shortages."""

    shortages: tuple[Shortage, ...]


class OrderPaid(OrderState, source="ordering", key="order_id"):
    """The order's invoice was paid."""


class OrderCancelled(OrderState, source="ordering", key="order_id"):
    """The customer, the staff or the system cancelled the order."""

    reason: str
    by: Literal["customer", "staff", "system"]


class OrderCompleted(OrderState, source="ordering", key="order_id"):
    """The order is ready and paid."""


class UnpaidOrdersDue(Timer, source="ordering", key="time"):
    """The schedule for cancelling orders that have been ready and unpaid for too long."""

    time: Time


class OrderApprovalAccepted(Reply, source="ordering", key="order_id", answers=ApproveOrder):
    """The order is approved."""

    order_id: str


class OrderApprovalRefused(Reply, source="ordering", key="order_id", answers=ApproveOrder):
    """The order cannot be approved: it is rejected or cancelled."""

    order_id: str
    status: OrderStatus


class OrderRejectionAccepted(Reply, source="ordering", key="order_id", answers=RejectOrder):
    """The order is rejected or cancelled: the saga compensates what was done for it."""

    order_id: str


class OrderRejectionRefused(Reply, source="ordering", key="order_id", answers=RejectOrder):
    """The order can no longer be rejected: it is approved."""

    order_id: str
    status: OrderStatus
