"""The order of the ordering service, as written for `eventsourcing`: what our decode and fold are measured against.

It has the fields that the five events of a completed order change, in the library's own style: events are made by the
decorator, their attributes are what the methods take. Items are kept as dicts, which the library's JSON transcoder
reads and writes without further ado; ours are read into typed values.
"""

from typing import Any

from eventsourcing.domain import Aggregate
from eventsourcing.domain import event as records
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, Mapper, StoredEvent, UUIDAsHex

Lines = list[dict[str, Any]]


class Order(Aggregate):
    @records("Created")
    def __init__(self, customer_id: str, payment_id: str, items: Lines, at: str) -> None:
        self.status = "pending"
        self.customer_id = customer_id
        self.payment_id = payment_id
        self.items = items
        self.created_at = at
        self.shopping_list_id = ""
        self.ready = False
        self.paid = False
        self.readied_at = ""

    @records("Approved")
    def approve(self, shopping_list_id: str) -> None:
        self.status = "approved"
        self.shopping_list_id = shopping_list_id

    @records("Readied")
    def make_ready(self, shortages: Lines, at: str) -> None:
        self.status = "ready"
        self.ready = True
        self.readied_at = at
        self.items = without(self.items, shortages)

    @records("Paid")
    def pay(self) -> None:
        self.paid = True

    @records("Completed")
    def complete(self) -> None:
        self.status = "completed"


def without(items: Lines, shortages: Lines) -> Lines:
    """The items less the shortages, as ordering/items.py has it."""
    short: dict[tuple[str, str], int] = {}
    for shortage in shortages:
        key = shortage["store_id"], shortage["product_id"]
        short[key] = short.get(key, 0) + shortage["quantity"]
    left: Lines = []
    for item in reversed(items):
        key = item["store_id"], item["product_id"]
        missing = min(item["quantity"], short.get(key, 0))
        short[key] = short.get(key, 0) - missing
        if item["quantity"] > missing:
            left.append({**item, "quantity": item["quantity"] - missing})
    return list(reversed(left))


def mapper() -> Mapper[Any]:
    """Stored events to domain events and back, as an application of the library does it without further settings."""
    transcoder = JSONTranscoder()
    transcoder.register(UUIDAsHex())
    transcoder.register(DatetimeAsISO())
    return Mapper(transcoder)


def folded(mapped: Mapper[Any], stored: list[StoredEvent]) -> Order:
    """Decode and fold."""
    order: Any = None
    for one in stored:
        event: Any = mapped.to_domain_event(one)
        order = event.mutate(order)
    found: Order = order
    return found
