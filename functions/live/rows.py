"""The data of board rows, as stored and as sent. Nothing personal: names of customers come from their owner, by REST.

A row has no lists of items, so that each is one write unit and a snapshot of a full board stays small.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from events.depot import BotStatus, ShoppingListStatus
from events.ordering import OrderStatus
from events.payments import InvoiceStatus, PaymentStatus
from events.shapes import Time
from functions.kernel.domain import money

# Of cents: on the wire a number with at most two decimals, as in the REST API.
Amount = Annotated[int, PlainSerializer(lambda cents: float(money.amount(cents)), return_type=float)]
LeavesAt = Annotated[Time | None, Field(description="When the row leaves its board, which no other change tells.")]
Since = Annotated[Time, Field(description="When it got its status.")]


class _Row(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class OrderRow(_Row):
    """An order. lines and quantity: of its items, without what robots could not find. reason: of a bad end."""

    order_id: str
    customer_id: str
    payment_id: str
    status: OrderStatus
    ready: bool
    paid: bool
    total: Amount
    lines: int
    quantity: int
    created_at: Time
    approved_at: Time | None
    readied_at: Time | None
    ended_at: Time | None
    reason: str | None
    cancelled_by: Literal["customer", "staff", "system"] | None
    leaves_at: LeavesAt


class ListRow(_Row):
    """A shopping list. stops: the stores on its route; quantity, picked: of all items.

    since: of an active list, when the robot started; earlier events do not say so, there it is the last pick.
    """

    list_id: str
    order_id: str
    status: ShoppingListStatus
    bot_id: str | None
    assignment: int
    by_staff: bool
    stops: int
    quantity: int
    picked: int
    since: Since
    leaves_at: LeavesAt


class RobotRow(_Row):
    """A robot, with the list that it has. One that retired has left its board."""

    bot_id: str
    name: str
    status: BotStatus
    list_id: str | None
    since: Since
    leaves_at: LeavesAt


class InvoiceRow(_Row):
    """An invoice. amount: what is owed."""

    order_id: str
    payment_id: str
    amount: Amount
    status: InvoiceStatus
    since: Annotated[Time, Field(description="When it last changed.")]
    leaves_at: LeavesAt


class StoreRow(_Row):
    """A store."""

    store_id: str
    name: str
    location: str
    participating: bool


class PaymentRow(_Row):
    """The payment of an order, from its confirmation on, as far as the messages that name the order tell."""

    payment_id: str
    status: PaymentStatus
    authorized: Amount
    captured: Amount
    released: Amount
    refunded: Amount


ROWS: tuple[type[_Row], ...] = (OrderRow, ListRow, RobotRow, InvoiceRow, StoreRow, PaymentRow)
