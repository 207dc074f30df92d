"""What the baskets service says: items being chosen at a kiosk."""

from typing import Literal

from events.registry import Event, Timer
from events.shapes import Cents, LineItem, Time

BasketStatus = Literal["open", "cancelled", "checked_out", "abandoned"]


class BasketState(Event):
    """A basket as others may know it; `total` is the sum of its lines."""

    basket_id: str
    customer_id: str
    status: BasketStatus
    items: tuple[LineItem, ...]
    total: Cents


class BasketStarted(BasketState, source="baskets", key="basket_id"):
    """A customer began to choose."""


class BasketCancelled(BasketState, source="baskets", key="basket_id"):
    """A customer gave the basket up."""


class BasketAbandoned(BasketState, source="baskets", key="basket_id"):
    """A basket was left untouched for too long."""


class BasketCheckedOut(BasketState, source="baskets", key="basket_id"):
    """A customer ordered what is in the basket, to be paid with an authorised payment."""

    payment_id: str


class UntouchedBasketsDue(Timer, source="baskets", key="time"):
    """It is time to look for baskets that nobody has touched for too long."""

    time: Time
