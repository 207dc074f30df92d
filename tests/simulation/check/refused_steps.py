"""Steps that are refused for the state that a thing is in: it was in such a state while the request was under way.

Each attempt is judged by itself: what it read was stored at some moment between its arrival and its answer.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.simulation.check.access import judge, route_of
from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import SECOND, ParsedHistory, row_data
from tests.simulation.check.published_state import INVOICE, PAYMENT
from tests.simulation.check.records import Event, Request
from tests.simulation.check.refused_requests import TOO_MUCH
from tests.simulation.check.robots import BOT_STATUS, LIST_STATUS, quantities
from tests.simulation.check.violation import Violation
from tests.simulation.check.whose import Owners

IN_SUCH_A_STATE = "a step is refused only in a state that does not allow it"
FOUND = "who may change a thing finds it"

NOT_FOUND = (404, "not_found")
INVALID, REFUSED = (400, "invalid"), (409, "refused")  # status and code
BEHIND = 5 * SECOND  # more than a read of rows may be behind
PROVIDER = "provider"  # begins the names of the faults of the payment provider
ORDER = {
    "Created": "pending",
    "Approved": "approved",
    "Readied": "ready",
    "Completed": "completed",
    "Rejected": "rejected",
    "Cancelled": "cancelled",
    "NothingFound": "cancelled",
}
ENABLED = {"Registered": True, "Enabled": True, "Disabled": False, "Erased": False}
PAYMENT_STATUS = {**PAYMENT, "Abandoned": "abandoned"}
AT_WORK = {"assigned", "active"}


class Meanwhile:
    """What was stored while a request was under way."""

    def __init__(self, history: ParsedHistory, request: Request) -> None:
        self.history = history
        self.begin, self.end = request.at, request.answered_at or history.end

    def values(self, kind: str, id: str, first: Any, of: Callable[[Event], Any]) -> set[Any]:
        """The values of something that events change, at any moment; `of` gives None for an event that does not."""
        values = [first]
        for commit in self.history.stream(kind, id):
            for event in commit.events:
                value = of(event)
                if value is not None and commit.at <= self.end:
                    values = [value] if commit.at < self.begin else [*values, value]
        return set(values)

    def statuses(self, kind: str, id: str, statuses: dict[str, Any]) -> set[Any]:
        """The statuses that it had, by the names of events."""
        return self.values(kind, id, "", lambda event: statuses.get(event.name))

    def rows(self, partition: str, sort: str) -> list[dict[str, Any]]:
        """The versions of a row of operations."""
        found: list[dict[str, Any]] = []
        for at, table, *place, item in self.history.rows:
            if table == TABLE and place == [partition, sort] and at <= self.end:
                data = row_data(item) or {}
                found = [data] if at < self.begin - BEHIND else [*found, data]
        return found


Reason = Callable[[Request, str, Meanwhile], bool]


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Requests of the routes below that were refused, and no state that there was refuses them."""
    owners = Owners(history)
    for request in history.requests.values():
        code = request.answer.get("code") if isinstance(request.answer, dict) else None
        if (request.status, code) == NOT_FOUND and (kind := CHANGES.get(route_of(request)[0])):
            yield from _was_there(request, kind, history, owners)
        if (request.status, code) not in (INVALID, REFUSED):
            continue
        route, id = route_of(request)
        reason = REASONS.get(route)
        if reason and not reason(request, id, Meanwhile(history, request)):
            text = f"{request.where} was answered {request.status} without a reason: {request.answer.get('detail')}"
            yield Violation(IN_SUCH_A_STATE, text, {"request": request.id})


def _was_there(request: Request, kind: str, history: ParsedHistory, owners: Owners) -> Iterator[Violation]:
    """Whether a thing that was not found was stored before, of a customer who was not erased, and the caller's."""
    _, id = route_of(request)
    verdict = judge(request, owners)
    erased = any("Erased" in commit.event_names() for commit in history.stream("Customer", id))
    if verdict.may and verdict.certain and not erased and owners.was_there(kind, id, request.at):
        text = f"{request.who}: {request.where} was answered 404, and {kind}#{id} was there"
        yield Violation(FOUND, text, {"request": request.id})


def _list_is(*statuses: str) -> Reason:
    """Whether a list had one of these statuses."""
    return lambda request, id, meanwhile: bool(_list(id, meanwhile) & set(statuses))


def _list(id: str, meanwhile: Meanwhile) -> set[Any]:
    return meanwhile.statuses("ShoppingList", id, LIST_STATUS)


def _initiate(request: Request, id: str, meanwhile: Meanwhile) -> bool:
    """Staff make lists of their own available, and no other."""
    statuses = _list(id, meanwhile)
    [*_, by_staff] = meanwhile.values("ShoppingList", id, False, lambda event: event.data.get("by_staff"))
    return "cancelled" in statuses or ("pending" in statuses and not by_staff)


def _assign(request: Request, id: str, meanwhile: Meanwhile) -> bool:
    robot = meanwhile.statuses("Bot", str(request.body["botId"]), BOT_STATUS)
    return _list(id, meanwhile) != {"available"} or robot != {"idle"}


def _of_a_robot(*allowed: str) -> Reason:
    """Whether a list was in another status than these, or under another assignment; or the items are not its own."""

    def reason(request: Request, id: str, meanwhile: Meanwhile) -> bool:
        if request.status == INVALID[0]:
            return _is_beyond(request.body, id, meanwhile)
        numbers = meanwhile.values("ShoppingList", id, 0, lambda event: event.data.get("assignment"))
        body = request.body if isinstance(request.body, dict) else {}
        number = body.get("assignment")
        return bool(_list(id, meanwhile) - set(allowed)) or (number is not None and numbers != {number})

    return reason


def _is_beyond(body: dict[str, Any], id: str, meanwhile: Meanwhile) -> bool:
    """Whether a robot says that it picked more than the list has of a product, or nothing at all."""
    created = meanwhile.history.stream("ShoppingList", id)[0].events[0]
    listed = quantities(created.data["stops"], "quantity")
    items = body.get("items", [body])
    return not items or any(
        not 0 <= item.get("quantity", 0) <= listed.get((item.get("storeId"), item.get("productId")), 0)
        for item in items
    )


def _cancel_order(request: Request, id: str, meanwhile: Meanwhile) -> bool:
    """A customer cancels an order until it is ready, staff until it is completed."""
    may_be_ready = not request.who.startswith("customer:")
    allowed = {"pending", "approved", "cancelled", *(("ready",) if may_be_ready else ())}
    return bool(meanwhile.statuses("Order", id, ORDER) - allowed)


def _pay(request: Request, id: str, meanwhile: Meanwhile) -> bool:
    """Not twice, not once nothing is owed, and only with a payment that serves the order; unless it was declined."""
    if any(kind == "fault" and fields["name"].startswith(PROVIDER) for _, kind, fields in meanwhile.history.entries):
        return True
    if meanwhile.statuses("Invoice", id, INVOICE) & {"paid", "cancelled"}:
        return True
    payments = meanwhile.values("Invoice", id, "", lambda event: event.data.get("payment_id"))
    return any(meanwhile.statuses("Payment", payment, PAYMENT_STATUS) != {"confirmed"} for payment in payments)


def _participates(already: bool) -> Reason:
    return lambda request, id, meanwhile: (
        already in meanwhile.values("Store", id, False, lambda event: event.data.get("participating"))
    )


def _is_enabled(already: bool) -> Reason:
    return lambda request, id, meanwhile: already in meanwhile.statuses("Customer", id, ENABLED)


def _removed(request: Request, id: str, meanwhile: Meanwhile) -> bool:
    return True in meanwhile.values("Product", id, False, lambda event: event.name == "Removed" or None)


def _price(is_wrong: Callable[[float, float], bool]) -> Reason:
    """Whether the price that is asked for is on the wrong side of one that the product had."""

    def reason(request: Request, id: str, meanwhile: Meanwhile) -> bool:
        prices = meanwhile.values("Product", id, 0, lambda event: event.data.get("price"))
        asked = round(float(request.body["price"]) * 100)
        if request.status == INVALID[0] and asked >= TOO_MUCH:
            return True
        return _removed(request, id, meanwhile) or any(is_wrong(asked, price) for price in prices)

    return reason


def _retired(request: Request, id: str, meanwhile: Meanwhile) -> bool:
    return "retired" in meanwhile.statuses("Bot", id, BOT_STATUS)


def _not_on_the_stream(request: Request, id: str, meanwhile: Meanwhile) -> bool:
    """Whether a robot was retired, or had never been on the stream."""
    begun = {"Connected": True, "SessionBegan": True, "Disconnected": True}
    return _retired(request, id, meanwhile) or "" in meanwhile.statuses("Robot", id, begun)


def _letter_is(*statuses: str) -> Reason:
    return lambda request, id, meanwhile: any(
        row.get("state") in statuses for row in meanwhile.rows(f"letter {id}", "letter")
    )


def _run_is(*statuses: str) -> Reason:
    return lambda request, id, meanwhile: any(
        row.get("state") in statuses for row in meanwhile.rows(f"run {id}", "run")
    )


def _never(request: Request, id: str, meanwhile: Meanwhile) -> bool:
    return False


REASONS: dict[str, Reason] = {
    "PUT /api/depot/shopping/*/initiate": _initiate,
    "PUT /api/depot/shopping/*/assign": _assign,
    "PUT /api/depot/shopping/*/start": _of_a_robot(*AT_WORK),
    "PUT /api/depot/shopping/*/pick": _of_a_robot("active"),
    "PUT /api/depot/shopping/*/pickItems": _of_a_robot("active"),
    "PUT /api/depot/shopping/*/complete": _of_a_robot(*AT_WORK),
    "POST /api/depot/shopping/*": _list_is("completed"),
    "DELETE /api/ordering/*": _cancel_order,
    "PUT /api/payments/invoices/*/pay": _pay,
    "PUT /api/stores/*/participating": _participates(already=True),
    "DELETE /api/stores/*/participating": _participates(already=False),
    "PUT /api/stores/*/rebrand": _never,
    "PUT /api/stores/products/*/rebrand": _removed,
    "PUT /api/stores/products/*/increasePrice": _price(lambda asked, price: asked < price),
    "PUT /api/stores/products/*/decreasePrice": _price(lambda asked, price: asked > price),
    "DELETE /api/stores/products/*": _removed,
    "PUT /api/customers/*/enable": _is_enabled(already=True),
    "PUT /api/customers/*/disable": _is_enabled(already=False),
    "PUT /api/customers/*/change-sms": _never,
    "PUT /api/customers/*/language": _never,
    "PUT /api/depot/bots/*/offline": _retired,
    "POST /api/depot/bots/*/token": _retired,
    "DELETE /api/depot/bots/*": _never,
    "POST /api/fleet/robots/*/certificate": _retired,
    "PUT /api/fleet/robots/*/pause": _not_on_the_stream,
    "PUT /api/fleet/robots/*/resume": _not_on_the_stream,
    "PUT /api/operations/letters/*/park": _letter_is("redriving", "done", "discarded"),
    "PUT /api/operations/letters/*/discard": _letter_is("redriving", "done"),
    "PUT /api/operations/runs/*/pause": _run_is("stopped", "cancelled", "done"),
    "PUT /api/operations/runs/*/cancel": _run_is("done"),
    "PUT /api/operations/runs/*/resume": _run_is("cancelled", "done"),
}

# What a request changes, where it names nothing else that may be missing.
CHANGES = {
    "PUT /api/baskets/*/removeItem": "Basket",
    "PUT /api/baskets/*/checkout": "Basket",
    "DELETE /api/baskets/*": "Basket",
    "DELETE /api/ordering/*": "Order",
    "PUT /api/payments/invoices/*/pay": "Invoice",
    "PUT /api/depot/shopping/*/initiate": "ShoppingList",
    "PUT /api/depot/shopping/*/start": "ShoppingList",
    "PUT /api/depot/shopping/*/complete": "ShoppingList",
    "POST /api/depot/shopping/*": "ShoppingList",
    "PUT /api/depot/bots/*/online": "Bot",
    "PUT /api/depot/bots/*/offline": "Bot",
    "DELETE /api/depot/bots/*": "Bot",
    "PUT /api/stores/*/participating": "Store",
    "DELETE /api/stores/*/participating": "Store",
    "PUT /api/stores/*/rebrand": "Store",
    "PUT /api/stores/products/*/rebrand": "Product",
    "PUT /api/stores/products/*/increasePrice": "Product",
    "PUT /api/stores/products/*/decreasePrice": "Product",
    "DELETE /api/stores/products/*": "Product",
    "PUT /api/customers/*/enable": "Customer",
    "PUT /api/customers/*/disable": "Customer",
    "PUT /api/customers/*/change-sms": "Customer",
    "PUT /api/customers/*/language": "Customer",
    "DELETE /api/customers/*": "Customer",
}
