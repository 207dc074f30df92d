"""One order's way through the mall, as its customer, the robot and the depot's clerk take it."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clients.mall import Json, Mall, wait_for

FINAL = ("completed", "rejected", "cancelled")


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
    customer = mall.post("/api/customers", {"name": "Ada Reyes", "smsNumber": "+15550100"}, key=_key())["id"]
    tell(f"customer {customer} registered at the kiosk")
    started = time.monotonic()
    basket = mall.post("/api/baskets", {"customerId": customer}, key=_key())["id"]
    on_order(basket)
    for product in product_ids:
        mall.put(f"/api/baskets/{basket}/addItem", {"productId": product, "quantity": 2}, key=_key())
    total = mall.get(f"/api/baskets/{basket}")["basket"]["total"]
    tell(f"basket {basket} filled: {len(product_ids)} products, {total:.2f} in all")
    payment = mall.post("/api/payments", {"customerId": customer, "amount": total}, key=_key())["id"]
    mall.put(f"/api/baskets/{basket}/checkout", {"paymentId": payment}, key=_key())
    tell(f"checked out with payment {payment}: the order has the basket's id")
    collect(mall, basket, tell)
    _pay(mall, basket)
    tell("invoice paid")
    status = wait_for(lambda: _final_status(mall, basket), f"the end of order {basket}")
    return Journey(basket, status, time.monotonic() - started)


def collect(mall: Mall, order_id: str, tell: Callable[[str], None]) -> None:
    """Wait until the depot has given the order's list to a robot, and be that robot, then the clerk."""
    shopping_list = wait_for(lambda: _assigned(mall, order_id), f"a robot for order {order_id}", seconds=300)
    path, assignment = f"/api/depot/shopping/{order_id}", shopping_list["assignment"]
    tell(f"robot {shopping_list['botId']} has the list")
    mall.put(f"{path}/start", {"assignment": assignment}, key=_key())
    for stop in shopping_list["stops"]:
        for item in stop["items"]:
            pick = {"storeId": stop["storeId"], "productId": item["productId"], "quantity": item["quantity"]}
            mall.put(f"{path}/pick", {"assignment": assignment, **pick}, key=_key())
    mall.put(f"{path}/complete", {"assignment": assignment}, key=_key())
    tell("items checked in at the depot")


def _assigned(mall: Mall, order_id: str) -> Json | None:
    shopping_list: Json = mall.get(f"/api/depot/shopping/{order_id}")["list"]
    if shopping_list["status"] == "cancelled":
        raise RuntimeError(f"the list of order {order_id} was cancelled")
    return shopping_list if shopping_list["status"] == "assigned" else None


def _pay(mall: Mall, order_id: str) -> None:
    def invoice() -> Json | None:
        found: Json = mall.get(f"/api/payments/invoices/{order_id}")["invoice"]
        return found

    wait_for(invoice, f"the invoice of order {order_id}")
    mall.put(f"/api/payments/invoices/{order_id}/pay", key=_key())


def _final_status(mall: Mall, order_id: str) -> str | None:
    status: str = mall.get(f"/api/ordering/{order_id}")["order"]["status"]
    return status if status in FINAL else None


def _key() -> str:
    return str(uuid.uuid4())
