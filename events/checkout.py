"""What the checkout service says: the commands of the create-order saga, and its reminders to itself.

The shopping list of an order has the order's id.
"""

from typing import Literal

from events.registry import Command, Timer
from events.shapes import Cents, LineItem, Time

SagaStatus = Literal["running", "parked", "completed", "compensated", "stopped"]


class RejectOrder(Command, source="checkout", key="order_id", to="ordering"):
    """The order is not to be; whether that is still so, the order decides."""

    order_id: str
    reason: str


class AuthorizeCustomer(Command, source="checkout", key="order_id", to="customers"):
    """Say whether this customer may place this order."""

    order_id: str
    customer_id: str


class CreateShoppingList(Command, source="checkout", key="order_id", to="depot"):
    """Plan what robots will collect for this order."""

    order_id: str
    items: tuple[LineItem, ...]


class CancelShoppingList(Command, source="checkout", key="order_id", to="depot"):
    """Nothing is to be collected for this order, even if the list is yet to come."""

    order_id: str


class ConfirmPayment(Command, source="checkout", key="order_id", to="payments"):
    """Bind this customer's authorised payment to this order and this amount."""

    order_id: str
    payment_id: str
    customer_id: str
    amount: Cents


class VoidPayment(Command, source="checkout", key="order_id", to="payments"):
    """This payment is not to serve this order, even if its confirmation is yet to come."""

    order_id: str
    payment_id: str
    customer_id: str


class InitiateShopping(Command, source="checkout", key="order_id", to="depot"):
    """The order's shopping list may go to a robot."""

    order_id: str


class ApproveOrder(Command, source="checkout", key="order_id", to="ordering"):
    """Everyone has accepted the order."""

    order_id: str
    shopping_list_id: str


class StepTimedOut(Timer, source="checkout", key="order_id"):
    """A step's command may have gone without an answer: `attempt` counts its tries, from 1."""

    order_id: str
    step: int
    attempt: int
    compensating: bool


class SagaMoved(Timer, source="checkout", key="order_id"):
    """The saga of an order came to another status: `step` awaits its answer, `reason` is why it does not go on.

    It is said at once, for the list of sagas: nobody else's.
    """

    order_id: str
    status: SagaStatus
    step: int
    compensating: bool
    since: Time
    reason: str
