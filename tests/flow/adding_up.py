"""Invariants of a whole mall once its messages have settled, whatever happened before and in whatever order.

1. No message is dead-lettered, and none waits except the services' own reminders.
2. Every saga has ended, and as its order did.
3. An order that completed has its list collected and its invoice paid; one that was rejected or cancelled has a list
   that is cancelled or was collected before, owes nothing and keeps no money.
4. All that was authorized for an order that is over was captured or released, and what was captured and did not go
   back is what is owed. The provider's books say the same.
5. A robot at work has one list, which names it and is of an order still wanted; no robot is idle while a list waits.
6. The customer was notified of the order's fate, and of each stage on the way to it, once.
7. Search shows each order as ordering has it, and insights counts each once at every stage it reached.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from events.registry import Kind, language
from functions.payments import service as payments
from functions.payments.domain import Payment, Statement
from tests.support.mall import Mall

LISTS_OF: dict[str, set[str]] = {
    "approved": {"available", "assigned", "active"},
    "ready": {"completed"},
    "completed": {"completed"},
    "rejected": {"cancelled", "completed"},
    "cancelled": {"cancelled", "completed"},
}
SAGAS_OF: dict[str, set[str]] = {
    "approved": {"completed"},
    "ready": {"completed"},
    "completed": {"completed"},
    "rejected": {"compensated"},
    "cancelled": {"completed", "compensated", "stopped"},
}
ENDED = {"completed", "rejected", "cancelled"}
SINCE = "2026-01-01T00:00:00Z"


def everything_adds_up(mall: Mall, *, ended: bool = True) -> None:
    """Check all of the above; `ended`: and that every order has ended."""
    mall.settle()
    _no_message_is_left(mall)
    orders = [_get(mall, f"/api/ordering/{order_id}")["order"] for order_id in order_ids(mall)]
    for order in orders:
        assert order["status"] in LISTS_OF, order
        assert order["status"] in ENDED or not ended, order
        _saga_ended_with(mall, order)
        _list_fits(mall, order)
        _money_adds_up(mall, order)
        _customer_was_notified(mall, order)
        _search_shows(mall, order)
    _robots_have_what_they_should(mall)
    _insights_count(mall, orders)


def order_ids(mall: Mall) -> list[str]:
    """The orders that were ever placed, oldest first."""
    created = (envelope for envelope in mall.published if envelope.metadata.name == "OrderCreated")
    return list(dict.fromkeys(envelope.data["order_id"] for envelope in created))


def notified(mall: Mall, order: dict[str, Any]) -> list[str]:
    """The kinds of the notifications that an order's customer was sent about it."""
    sent = _pages(mall, f"/api/notifications?customerId={order['customerId']}", "notifications")
    return sorted(notification["kind"] for notification in sent if notification["orderId"] == order["id"])


def money(mall: Mall, payment_id: str) -> Payment:
    """A payment with all its amounts: REST shows only what was authorized."""
    with mall.at_work("payments"):
        return payments.payments.load(payment_id).aggregate


def _no_message_is_left(mall: Mall) -> None:
    assert mall.dead_letters() == {}
    waiting = {name for names in mall.waiting().values() for name in names}
    assert {name for name in waiting if language()[name].about.kind is not Kind.TIMER} == set()
    assert {key: held for key, held in mall.held.items() if held} == {}


def _saga_ended_with(mall: Mall, order: dict[str, Any]) -> None:
    saga = _get(mall, f"/api/checkout/sagas/{order['id']}")["saga"]
    assert saga["status"] in SAGAS_OF[order["status"]], (saga, order)


def _list_fits(mall: Mall, order: dict[str, Any]) -> None:
    answer = mall.request("GET", f"/api/depot/shopping/{order['id']}")
    if answer.status == 404:  # the order was cancelled before a list was created
        assert order["status"] in ("rejected", "cancelled"), order
        return
    assert answer.body["list"]["status"] in LISTS_OF[order["status"]], (answer.body, order)
    found = {
        (stop["storeId"], item["productId"]): item["picked"]
        for stop in answer.body["list"]["stops"]
        for item in stop["items"]
        if item["picked"]
    }
    if order["ready"]:
        ordered: Counter[tuple[str, str]] = Counter()
        for item in order["items"]:
            ordered[item["storeId"], item["productId"]] += item["quantity"]
        assert found == ordered, order


def at_the_provider(mall: Mall, payment_id: str) -> Statement:
    """What the sandbox did of a payment."""
    with mall.at_work("payments"):
        return payments.provider().statement(payment_id)


def _money_adds_up(mall: Mall, order: dict[str, Any]) -> None:
    invoice = _get(mall, f"/api/payments/invoices/{order['id']}")["invoice"]
    payment = money(mall, order["paymentId"])
    served = payment.order_id == order["id"]
    owed = round(invoice["amount"] * 100) if invoice["status"] == "paid" else 0  # cents
    if served:
        assert payment.captured - payment.refunded == owed, (payment, invoice)
        assert payment.kept == owed, (payment, invoice)
    if order["status"] in ("rejected", "cancelled"):
        assert (invoice["status"] in ("cancelled", "paid"), invoice["amount"]) == (True, 0), (invoice, order)
        assert payment.order_id is None or not served or payment.status in ("voided", "refunded", "settled"), payment
        assert payment.status != "authorized" or payment.customer_id != order["customerId"], payment
    else:
        assert served, (payment, order)
        assert (invoice["amount"], invoice["status"] == "paid") == (round(order["total"], 2), order["paid"]), invoice
        assert payment.status == ("settled" if order["paid"] else "confirmed"), (payment, order)
    if served and order["status"] in ENDED:
        assert payment.authorized == payment.captured + payment.released, payment
    if not payment.is_new:
        held = payment.authorized - payment.captured - payment.released
        books = at_the_provider(mall, payment.id)
        assert (books.held, books.captured) == (held, payment.captured), payment
        assert sum(books.refunds.values()) == payment.refunded, payment


def _customer_was_notified(mall: Mall, order: dict[str, Any]) -> None:
    kinds = {
        "received": True,
        "approved": any(_published(mall, "OrderApproved", order)),
        "ready_for_pickup": order["ready"],
        **{fate: order["status"] == fate for fate in ENDED},
    }
    expected = sorted(kind for kind, so in kinds.items() if so)
    if mall.request("GET", f"/api/customers/{order['customerId']}").status == 404:  # the customer is erased
        assert set(notified(mall, order)) <= set(expected)
    else:
        assert notified(mall, order) == expected, order


def _search_shows(mall: Mall, order: dict[str, Any]) -> None:
    found = _get(mall, f"/api/search/orders/{order['id']}")["order"]
    names = ("status", "ready", "paid", "total", "customerId", "paymentId")
    assert {name: found[name] for name in names} == {name: order[name] for name in names}
    assert [_line(item) for item in found["items"]] == [_line(item) for item in order["items"]]


def _line(item: dict[str, Any]) -> tuple[Any, ...]:
    return item["storeId"], item["productId"], item["price"], item["quantity"]


def _robots_have_what_they_should(mall: Mall) -> None:
    lists = list(_pages(mall, "/api/depot/shopping?limit=100", "lists"))
    robots = {robot["id"]: robot["status"] for robot in _pages(mall, "/api/depot/bots?limit=100", "bots")}
    at_work = [found["botId"] for found in lists if found["status"] in ("assigned", "active")]
    assert sorted(at_work) == sorted(robot for robot, status in robots.items() if status == "active")
    waiting = [found["id"] for found in lists if found["status"] == "available"]
    assert not waiting or "idle" not in robots.values(), (waiting, robots)


def _insights_count(mall: Mall, orders: list[dict[str, Any]]) -> None:
    funnel = _get(mall, f"/api/insights/funnel?from={SINCE}")
    counted = {name: funnel[name] for name in ("approved", "ready", "paid", *ENDED)}
    assert counted == {
        "approved": sum(any(_published(mall, "OrderApproved", order)) for order in orders),
        "ready": sum(order["ready"] for order in orders),
        "paid": sum(order["paid"] for order in orders),
        **{fate: sum(order["status"] == fate for order in orders) for fate in ENDED},
    }
    sold = [order for order in orders if order["status"] == "completed"]
    sales = _get(mall, f"/api/insights/sales?from={SINCE}")
    assert (sales["orders"], sales["revenue"]) == (len(sold), round(sum(order["total"] for order in sold), 2))


def _published(mall: Mall, name: str, order: dict[str, Any]) -> Iterator[bool]:
    return (True for e in mall.published if e.metadata.name == name and e.data["order_id"] == order["id"])


def _get(mall: Mall, path: str) -> Any:
    answer = mall.request("GET", path)
    assert answer.status == 200, (path, answer)
    return answer.body


def _pages(mall: Mall, path: str, name: str) -> Iterator[dict[str, Any]]:
    body = _get(mall, path)
    yield from body[name]
    while "next" in body:
        body = _get(mall, f"{path}{'&' if '?' in path else '?'}next={body['next']}")
        yield from body[name]
