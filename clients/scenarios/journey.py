"""One order's way through the mall when all goes well."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clients.mall import Mall, wait_for
from clients.order import FINAL, Order


@dataclass(frozen=True)
class Journey:
    """How an order ended, and the seconds from its basket to there."""

    order_id: str
    status: str
    seconds: float


def shop(
    mall: Mall,
    product_ids: Sequence[str],
    tell: Callable[[str], None] = lambda text: None,
    on_order: Callable[[str], object] = lambda order_id: None,
) -> Journey:
    """Register a customer, fill a basket, check out, collect, pay, and wait until the order is complete.

    `tell` hears what is done, `on_order` the order's id as soon as it is known (it is the basket's).
    """
    order = Order(mall, tell).registers()
    order.fills_a_basket(dict.fromkeys(product_ids, 2), on_order)
    order.sets_money_aside().checks_out().is_collected().pays()

    def final() -> str | None:
        status: str = order.order()["status"]
        return status if status in FINAL else None

    status = wait_for(final, f"the end of order {order.id}")
    return Journey(order.id, status, time.monotonic() - order.began)
