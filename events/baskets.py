"""Messages of the baskets service: a customer chooses items at a kiosk."""

from typing import Literal

from events.registry import Event, Timer
from events.shapes import Cents, LineItem, Time

BasketStatus = Literal["open", "cancelled", "checked_out", "abandoned"]


class BasketState(Event):
    """The public state of a basket; `total` is the sum of its lines."""

    basket_id: str
    customer_id: str
    status: BasketStatus
    items: tuple[LineItem, ...]
    total: Cents


class BasketStarted(BasketState, source="baskets", key="basket_id"):
    """A customer started a basket."""


class BasketCancelled(BasketState, source="baskets", key="basket_id"):
    """A customer cancelled the basket."""


class BasketAbandoned(BasketState, source="baskets", key="basket_id"):
    """The basket was untouched for too long (a stage setting) and is closed."""


class BasketCheckedOut(BasketState, source="baskets", key="basket_id"):
    """A customer ordered the basket's items, to be paid with an authorized payment."""

    payment_id: str


class UntouchedBasketsDue(Timer, source="baskets", key="time"):
    """The schedule for abandoning baskets that were untouched for too long."""

    time: Time
