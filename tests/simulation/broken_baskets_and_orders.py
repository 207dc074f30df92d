"""What may be done otherwise than asked, refused without a reason, or left undone, each with the promise it breaks."""

import json
from copy import deepcopy
from typing import Any

from tests.simulation.broken_history import Case, Told
from tests.simulation.check import baskets, collection, delivery, orders, refusals, sagas
from tests.simulation.sample_histories import LINE


def chosen(told: Told, *events: tuple[str, dict[str, Any]], asked: int) -> None:
    """Another basket, in which two cables lie when something is asked of it."""
    two = {"line": LINE | {"quantity": 2}, "at": ""}
    told.tale.commit("Basket#x", ("Started", {"customer_id": "c", "at": ""}), ("ItemAdded", two))
    told.tale.ask("PUT", "/api/baskets/x", body={"productId": "cable", "quantity": asked})
    told.tale.commit("Basket#x", *events)
    told.tale.answer()


def replaced(told: Told) -> None:
    chosen(told, ("ItemAdded", {"line": LINE | {"quantity": 3}, "at": ""}), asked=3)


def taken_out_by_the_difference(told: Told) -> None:
    chosen(told, ("ItemRemoved", {"product_id": "cable", "left": 2, "at": ""}), asked=1)


def repriced(told: Told) -> None:
    chosen(told, ("ItemAdded", {"line": LINE | {"quantity": 3, "price": 1}, "at": ""}), asked=1)


def another_price_ordered(told: Told) -> None:
    told.replace("commit", ('"Order#o", 1',), '"price": 1000', '"price": 900')


def abandoned_too_soon(told: Told) -> None:
    chosen(told, ("Abandoned", {}), asked=0)


def never_abandoned(told: Told) -> None:
    told.tale.commit("Basket#x", ("Started", {"customer_id": "c", "at": ""}))
    told.tale.row("baskets/views", "baskets", "x", 1, {"basket_id": "x"}, untouched_partition="open")
    told.tale.wait(3_600)
    for minute in range(5):
        told.tale.deliver("baskets/inbox", json.dumps({"detail-type": "UntouchedBasketsDue", "time": f"11:0{minute}"}))


def ready_without_a_list(told: Told) -> None:
    told.drop("commit", '"ShoppingList#o", 6')


def ready_with_other_shortages(told: Told) -> None:
    told.replace("commit", ('"Order#o", 4',), '"quantity": 1', '"quantity": 2')


def never_ready(told: Told) -> None:
    told.drop("commit", '"Order#o", 4')


def ready_with_nothing(told: Told) -> None:
    told.replace("commit", ('"Order#o", 4',), '"quantity": 1', '"quantity": 3')


def still_to_be_collected(told: Told) -> None:
    told.drop("commit", '"ShoppingList#o"', '"Cancelled"')


def called_off_before_its_time(told: Told) -> None:
    reason = "the order was not paid within 24 hours of being ready"
    told.tale.commit("Order#o", ("Cancelled", {"reason": reason, "by": "system"}))


def by_an_old_number(told: Told) -> None:
    told.fields("request", "/api/depot/shopping/o/start")["body"]["assignment"] = 7


def listed_otherwise(told: Told) -> None:
    told.replace("commit", ('"ShoppingList#o", 1',), '"quantity": 3', '"quantity": 5')


def short_of_what_was_picked(told: Told) -> None:
    told.replace("commit", ('"ShoppingList#o", 6',), '"quantity": 1', '"quantity": 2')


def silent_for_long(told: Told) -> None:
    told.tale.wait(600)
    told.tale.ask("GET", "/api/depot/shopping/o")


def refused_without_a_reason(told: Told) -> None:
    told.replace("commit", ('"Payment#p", 1',), '"amount": 2000', '"amount": 5000')


def unreadable_and_handled(told: Told) -> None:
    detail = deepcopy(told.fields("published", "OrderCreated")["detail"])
    detail["metadata"] |= {"id": "of a day to come", "version": 99}
    told.tale.deliver("search/inbox", json.dumps({"detail": detail}))


def time_out_ignored(told: Told) -> None:
    reminder = "StepTimedOut", {"order_id": "x", "step": 1, "attempt": 1, "compensating": False}, 60
    told.tale.commit("CreateOrderSaga#x", ("StepSent", {"step": 1, "attempt": 1}), reminds=[reminder])
    told.tale.let_reminders_come()


CASES: list[Case] = [
    ("completed", replaced, baskets.HOLDS),
    ("completed", taken_out_by_the_difference, baskets.HOLDS),
    ("completed", repriced, baskets.HOLDS),
    ("completed", another_price_ordered, baskets.AS_CHOSEN),
    ("completed", abandoned_too_soon, baskets.IN_TIME),
    ("completed", never_abandoned, baskets.IN_TIME),
    ("completed", ready_without_a_list, orders.READY),
    ("completed", ready_with_other_shortages, orders.READY),
    ("completed", never_ready, orders.READY),
    ("completed", ready_with_nothing, orders.SOMETHING),
    ("refused", still_to_be_collected, orders.OVER),
    ("completed", called_off_before_its_time, baskets.IN_TIME),
    ("completed", by_an_old_number, collection.UNDER_ITS_NUMBER),
    ("completed", listed_otherwise, collection.LISTED),
    ("completed", short_of_what_was_picked, collection.SHORT),
    ("completed", silent_for_long, collection.HEARD),
    ("refused", refused_without_a_reason, refusals.FOR_A_REASON),
    ("completed", unreadable_and_handled, delivery.READABLE),
    ("completed", time_out_ignored, sagas.HEEDED),
]
