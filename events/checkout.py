"""Messages of the checkout service: the commands of the create-order saga, and its timers.

The shopping list of an order has the order's id.
"""

from typing import Literal

from events.registry import Command, Timer
from events.shapes import Cents, LineItem, Time

SagaStatus = Literal["running", "parked", "completed", "compensated", "stopped"]


class RejectOrder(Command, source="checkout", key="order_id", to="ordering"):
    """Reject the order, if it is still pending: the order decides."""

    order_id: str
    reason: str


class AuthorizeCustomer(Command, source="checkout", key="order_id", to="customers"):
    """Check whether this customer may place this order."""

    order_id: str
    customer_id: str


class CreateShoppingList(Command, source="checkout", key="order_id", to="depot"):
    """Plan what robots will collect for this order."""

    order_id: str
    items: tuple[LineItem, ...]


class CancelShoppingList(Command, source="checkout", key="order_id", to="depot"):
    """Cancel the order's shopping list, even if it does not exist yet."""

    order_id: str


class ConfirmPayment(Command, source="checkout", key="order_id", to="payments"):
    """Bind this customer's authorized payment to this order and this amount."""

    order_id: str
    payment_id: str
    customer_id: str
    amount: Cents


class VoidPayment(Command, source="checkout", key="order_id", to="payments"):
    """Release the payment from this order, even if its confirmation has not arrived yet."""

    order_id: str
    payment_id: str
    customer_id: str


class InitiateShopping(Command, source="checkout", key="order_id", to="depot"):
    """Make the order's shopping list available to robots."""

    order_id: str


class ApproveOrder(Command, source="checkout", key="order_id", to="ordering"):
    """Approve the order: all services have accepted it."""

    order_id: str
    shopping_list_id: str


class SagaWatchEnds(Timer, source="checkout", key="order_id"):
    """The watch over the saga of an order ends: a command that has no answer may be overdue at `until`."""

    order_id: str
    until: Time


class StepTimedOut(Timer, source="checkout", key="order_id"):
    """A step's command may be unanswered: `attempt` counts its attempts, from 1.

    Sent before sagas had a watch, and still understood.
    """

    order_id: str
    step: int
    attempt: int
    compensating: bool


class SagaMoved(Timer, source="checkout", key="order_id"):
    """The saga of an order changed its status: `step` awaits a reply, `reason` is why it does not proceed.

    Sent before sagas wrote their rows themselves; still consumed by the checkout service's own list of sagas.
    """

    order_id: str
    status: SagaStatus
    step: int
    compensating: bool
    since: Time
    reason: str


class SagasDue(Timer, source="checkout", key="time"):
    """The schedule for looking after sagas whose own watch was lost."""

    time: Time
