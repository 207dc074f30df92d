"""Broken histories of baskets, orders, collections and refusals, each with the invariant that it violates."""

import json
from copy import deepcopy
from typing import Any

from tests.simulation.check import baskets, collection, delivery, lists, orders, refusals
from tests.simulation.history_builder import Case, HistoryBuilder
from tests.simulation.sample_histories import LINE


def changed_basket(history: HistoryBuilder, *events: tuple[str, dict[str, Any]], requested: int) -> None:
    """Add another basket with two cables, and a request for the quantity `requested` that leads to these events."""
    two = {"line": LINE | {"quantity": 2}, "at": ""}
    history.commit("Basket#x", ("Started", {"customer_id": "c", "at": ""}), ("ItemAdded", two))
    history.request("PUT", "/api/baskets/x", body={"productId": "cable", "quantity": requested})
    history.commit("Basket#x", *events)
    history.respond()


def replaced(history: HistoryBuilder) -> None:
    changed_basket(history, ("ItemAdded", {"line": LINE | {"quantity": 3}, "at": ""}), requested=3)


def added_another_quantity_of_the_second(history: HistoryBuilder) -> None:
    history.commit("Basket#x", ("Started", {"customer_id": "c", "at": ""}))
    items = [{"productId": "cable", "quantity": 1}, {"productId": "cable", "quantity": 2}]
    history.request("PUT", "/api/baskets/x/addItems", body={"items": items})
    lines = [{"line": LINE | {"quantity": quantity}, "at": ""} for quantity in (1, 2)]
    history.commit("Basket#x", *(("ItemAdded", line) for line in lines))
    history.respond()


def removed_by_the_difference(history: HistoryBuilder) -> None:
    changed_basket(history, ("ItemRemoved", {"product_id": "cable", "left": 2, "at": ""}), requested=1)


def repriced(history: HistoryBuilder) -> None:
    changed_basket(history, ("ItemAdded", {"line": LINE | {"quantity": 3, "price": 1}, "at": ""}), requested=1)


def another_price_ordered(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Order#o", 1',), '"price": 1000', '"price": 900')


def abandoned_too_soon(history: HistoryBuilder) -> None:
    changed_basket(history, ("Abandoned", {}), requested=0)


def never_abandoned(history: HistoryBuilder) -> None:
    history.commit("Basket#x", ("Started", {"customer_id": "c", "at": ""}))
    history.write_row("baskets/views", "baskets", "x", 1, {"basket_id": "x"}, untouched_partition="open")
    history.wait(3_600)
    for minute in range(5):
        history.deliver("baskets/inbox", json.dumps({"detail-type": "UntouchedBasketsDue", "time": f"11:0{minute}"}))


def ready_without_a_list(history: HistoryBuilder) -> None:
    history.drop("commit", '"ShoppingList#o", 6')


def ready_with_other_shortages(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Order#o", 4',), '"quantity": 1', '"quantity": 2')


def never_ready(history: HistoryBuilder) -> None:
    history.drop("commit", '"Order#o", 4')


def ready_with_nothing(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Order#o", 4',), '"quantity": 1', '"quantity": 3')


def listed_above_the_limit(history: HistoryBuilder) -> None:
    history.replace("commit", ('"ShoppingList#o", 1',), '"quantity": 3', '"quantity": 1998')


def ordered_in_two_lines(history: HistoryBuilder) -> None:
    items = [LINE | {"quantity": 1}, LINE | {"quantity": 2}]
    created = {"customer_id": "c", "payment_id": "p", "items": items, "at": ""}
    history.commit("Order#x", ("Created", created))


def list_still_open(history: HistoryBuilder) -> None:
    history.drop("commit", '"ShoppingList#o"', '"Cancelled"')


def goes_on_without_a_list(history: HistoryBuilder) -> None:
    never_ready(history)
    history.replace("commit", ('"ShoppingList#o", 6',), '"Completed"', '"Cancelled"')


def cancelled_as_unpaid_too_early(history: HistoryBuilder) -> None:
    reason = "the order was not paid within 24 hours of being ready"
    history.commit("Order#o", ("Cancelled", {"reason": reason, "by": "system"}))


def under_an_old_assignment_number(history: HistoryBuilder) -> None:
    history.fields("request", "/api/depot/shopping/o/start")["body"]["assignment"] = 7


def listed_otherwise(history: HistoryBuilder) -> None:
    history.replace("commit", ('"ShoppingList#o", 1',), '"quantity": 3', '"quantity": 5')


def short_of_what_was_picked(history: HistoryBuilder) -> None:
    history.replace("commit", ('"ShoppingList#o", 6',), '"quantity": 1', '"quantity": 2')


def reported(history: HistoryBuilder, short: int = 1, **changed: Any) -> None:
    """A robot reports 2 of 3 cables over its stream."""
    cable = {"store_id": "s", "product_id": "cable"}
    stops = [{"store_id": "s", "items": [{"product_id": "cable", "quantity": 3, "picked": 0}]}]
    assigned = {"bot_id": "r", "assignment": 1}
    history.commit("ShoppingList#x", ("Created", {"order_id": "x", "stops": stops}), ("Initiated", {}))
    history.commit("ShoppingList#x", ("Assigned", assigned))
    report = {"list_id": "x", "picked": [cable | {"quantity": 2}], "done": True, **assigned, **changed}
    [command] = history.commit("Robot#r", ("Reported", {}), messages=[("ReportCollection", report)])
    completed = ("Completed", {"shortages": [cable | {"quantity": short}]})
    history.commit("ShoppingList#x", ("Started", {}), ("Picked", cable | {"quantity": 2}), completed, cause=command)


def reported_under_an_old_assignment_number(history: HistoryBuilder) -> None:
    reported(history, assignment=7)


def reported_by_another_robot(history: HistoryBuilder) -> None:
    reported(history, bot_id="another")


def short_of_what_was_reported(history: HistoryBuilder) -> None:
    reported(history, short=2)


def silent_for_long(history: HistoryBuilder) -> None:
    history.wait(600)
    history.request("GET", "/api/depot/shopping/o")


def swept_though_it_reported(history: HistoryBuilder) -> None:
    history.request("PUT", "/api/depot/bots/b/online")
    history.respond()
    history.wait(20)
    history.commit("Bot#b", ("WentOffline", {}))


def refused_without_a_reason(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Payment#p", 1',), '"amount": 2000', '"amount": 5000')


def listed_twice(history: HistoryBuilder) -> None:
    history.request("GET", "/api/checkout/sagas?limit=1")
    history.respond(body={"sagas": [{"orderId": "o"}], "next": "more"})
    history.request("GET", "/api/checkout/sagas?limit=1&next=more")
    history.respond(body={"sagas": [{"orderId": "o"}]})


def missing_from_a_list(history: HistoryBuilder) -> None:
    history.wait(60)
    history.request("POST", "/api/search/orders", body={"limit": 1})
    history.respond(body={"orders": []})


def unknown_version_handled(history: HistoryBuilder) -> None:
    detail = deepcopy(history.fields("published", "OrderCreated")["detail"])
    detail["metadata"] |= {"id": "from the future", "version": 99}
    history.deliver("search/inbox", json.dumps({"detail": detail}))
    history.record("quiet")


CASES: list[Case] = [
    ("completed", replaced, baskets.CONTENTS),
    ("completed", added_another_quantity_of_the_second, baskets.CONTENTS),
    ("completed", removed_by_the_difference, baskets.CONTENTS),
    ("completed", repriced, baskets.CONTENTS),
    ("completed", another_price_ordered, baskets.ORDERED),
    ("completed", abandoned_too_soon, baskets.EXPIRES_IN_TIME),
    ("completed", never_abandoned, baskets.EXPIRES_IN_TIME),
    ("completed", ready_without_a_list, orders.READY),
    ("completed", ready_with_other_shortages, orders.READY),
    ("completed", never_ready, orders.READY),
    ("completed", ready_with_nothing, orders.NOT_EMPTY),
    ("refused", list_still_open, orders.LIST_CANCELLED),
    ("completed", goes_on_without_a_list, orders.LIST_LOST),
    ("completed", listed_above_the_limit, orders.ADDED_UP),
    ("completed", ordered_in_two_lines, orders.ADDED_UP),
    ("completed", cancelled_as_unpaid_too_early, baskets.EXPIRES_IN_TIME),
    ("completed", under_an_old_assignment_number, collection.ASSIGNMENT_NUMBER),
    ("completed", listed_otherwise, collection.LISTED),
    ("completed", short_of_what_was_picked, collection.SHORTAGES),
    ("completed", reported_under_an_old_assignment_number, collection.ASSIGNMENT_NUMBER),
    ("completed", reported_by_another_robot, collection.ASSIGNMENT_NUMBER),
    ("completed", short_of_what_was_reported, collection.SHORTAGES),
    ("completed", silent_for_long, collection.SILENT),
    ("completed", swept_though_it_reported, collection.REPORTS),
    ("refused", refused_without_a_reason, refusals.VALID_REASON),
    ("completed", listed_twice, lists.NOTHING_TWICE),
    ("completed", missing_from_a_list, lists.NOTHING_MISSING),
    ("completed", unknown_version_handled, delivery.UNKNOWN_VERSION),
]
