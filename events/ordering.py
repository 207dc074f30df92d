"""What the ordering service says: an order's life, and its answers to the saga."""

from typing import Literal

from events.checkout import ApproveOrder, RejectOrder
from events.registry import Event, Reply, Timer
from events.shapes import Cents, LineItem, Shortage, Time

# "ready" is approved with the items at the depot; whether it is paid is a fact of its own.
OrderStatus = Literal["pending", "approved", "ready", "completed", "rejected", "cancelled"]


class OrderState(Event):
    """An order as others may know it; `items` and `total` are without what robots could not find."""

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


class OrderCreated(OrderState, source="ordering", key="order_id"):
    """An order was placed and waits for everyone to accept it."""


class OrderApproved(OrderState, source="ordering", key="order_id"):
    """Everyone accepted the order; its shopping list is the named one."""

    shopping_list_id: str


class OrderRejected(OrderState, source="ordering", key="order_id"):
    """Somebody refused the order before it was approved."""

    reason: str


class OrderReadied(OrderState, source="ordering", key="order_id"):
    """The order's items are at the depot, all but the shortages."""

    shortages: tuple[Shortage, ...]


class OrderPaid(OrderState, source="ordering", key="order_id"):
    """The order's invoice was paid."""


class OrderCancelled(OrderState, source="ordering", key="order_id"):
    """The customer, the staff or the system called the order off."""

    reason: str
    by: Literal["customer", "staff", "system"]


class OrderCompleted(OrderState, source="ordering", key="order_id"):
    """The order is ready and paid: there is nothing left to do."""


class UnpaidOrdersDue(Timer, source="ordering", key="time"):
    """It is time to look for orders that have been ready and unpaid for too long."""

    time: Time


class OrderApprovalAccepted(Reply, source="ordering", key="order_id", answers=ApproveOrder):
    """The order is approved."""

    order_id: str


class OrderApprovalRefused(Reply, source="ordering", key="order_id", answers=ApproveOrder):
    """The order cannot be approved, for it is rejected or cancelled."""

    order_id: str
    status: OrderStatus


class OrderRejectionAccepted(Reply, source="ordering", key="order_id", answers=RejectOrder):
    """The order is rejected or cancelled: whatever was done for it is to be undone."""

    order_id: str


class OrderRejectionRefused(Reply, source="ordering", key="order_id", answers=RejectOrder):
    """The order cannot be rejected any more, for it is approved."""

    order_id: str
    status: OrderStatus
