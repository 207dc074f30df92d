"""What search answers: orders with the names that their stores and products have now."""

from collections.abc import Iterator
from typing import Any

from tests.simulation.check.parsed_history import SECOND, ParsedHistory, row_data
from tests.simulation.check.violation import Violation

NAMES_OF_NOW = "an order that search answers has the names that its rows of stores and products have"

SEARCH = "/api/search/orders"
VIEWS = "search/views"
BEHIND = 5 * SECOND  # more than a read may be behind
NAMED = (("stores", "storeId", "storeName", "store_name"), ("products", "productId", "productName", "product_name"))


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Names of no row that there was while search answered, nor of the order, where there was none."""
    names: dict[tuple[str, str], list[tuple[int, str | None]]] = {}
    for at, table, partition, sort, item in history.rows:
        if table == VIEWS and partition in ("stores", "products"):
            names.setdefault((partition, sort), [(0, None)]).append((at, (row_data(item) or {}).get("name")))
    for request in history.requests.values():
        if not request.path.startswith(SEARCH) or not request.accepted:
            continue
        for order in _orders(request.answer):
            for item in order.get("items", ()):
                for kind, id, shown, stored in NAMED:
                    versions = names.get((kind, item[id]), [(0, None)])
                    known = _between(versions, request.at - BEHIND, request.answered_at or history.end)
                    if None in known:
                        known |= _of_the_order(history, order["orderId"], item["productId"], stored)
                    if item[shown] not in known:
                        text = f"{request.where} shows {item[shown]!r}, where search has {sorted(map(str, known))}"
                        yield Violation(NAMES_OF_NOW, text, {"request": request.id, "order": order["orderId"]})


def _orders(answer: Any) -> list[dict[str, Any]]:
    if not isinstance(answer, dict):
        return []
    return answer.get("orders") or ([answer["order"]] if "order" in answer else [])


def _between(versions: list[tuple[int, str | None]], begin: int, end: int) -> set[str | None]:
    """The names of a row at any moment from `begin` to `end`; None for while it was not there."""
    found: list[str | None] = []
    for at, name in versions:
        if at <= end:
            found = [name] if at < begin else [*found, name]
    return set(found)


def _of_the_order(history: ParsedHistory, order_id: str, product_id: str, member: str) -> set[str | None]:
    """The names that the order itself has of a product or its store."""
    created = history.stream("Order", order_id)[0].events[0]
    return {item[member] for item in created.data["items"] if item["product_id"] == product_id}
