"""One order through the mall, without problems."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clients.mall import wait_for
from clients.order import FINAL, Order
from clients.people import People


@dataclass(frozen=True)
class Journey:
    """An order's final status, the seconds from its basket to the end, and the robot that brought it."""

    order_id: str
    status: str
    seconds: float
    robot: str


def shop(
    people: People,
    product_ids: Sequence[str],
    report: Callable[[str], None] = lambda line: None,
    on_order: Callable[[str], object] = lambda order_id: None,
) -> Journey:
    """Register a customer, fill a basket, check out, collect, pay, and wait until the order is complete.

    `report` is called with a line for each step, `on_order` with the order's id (the basket's) once it is known.
    """
    order = Order(people, report).registers()
    order.fills_a_basket(dict.fromkeys(product_ids, 2), on_order)
    order.authorizes_a_payment().checks_out().is_collected().pays()

    def final() -> str | None:
        status: str = order.order()["status"]
        return status if status in FINAL else None

    status = wait_for(final, f"the end of order {order.id}")
    return Journey(order.id, status, time.monotonic() - order.began, order.shopping_list()["botId"])
