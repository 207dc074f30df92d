"""What reading through the API costs in read units of DynamoDB, counted: `python -m tests.contract.rest.reads`.

The mall in memory counts by DynamoDB's rules (tests/simulation/cost.py). Pages are full: there are more than 50 things
of each kind.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import timedelta
from functools import cache
from typing import Any

from functions.insights.rollup import roll_up
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.eventstore.vault import MemoryVault, to_item
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.rest.audit import Entries, Wanted
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.runtime import Scanned
from functions.kernel.runtime.views import Page
from infra.documents.generate import ROOT
from tests.contract.rest.declared import ROUTES, Route, answers_here, key, lists
from tests.contract.rest.furnished import Furnished, furnish
from tests.simulation.cost import read_units
from tests.support import audited
from tests.support.audited import MemoryAudit

DOCUMENT = ROOT / "docs" / "reads.md"
MORE = 60  # things of each kind

OF_NO_TABLE = ("/health", "/api/operations/services")  # routes that read nothing
SEARCHES: dict[str, tuple[str, str]] = {
    "nothing": ("pointers of the mall", ""),
    "a status": ("the unfinished orders of `by_status`", "status"),
    "a customer": ("pointers of the customer", "customerId"),
    "a product": ("pointers of the product", "productIds"),
    "a store": ("pointers of the store", "storeIds"),
    "a total that none has": ("pointers of the mall, 400 orders at most", "minTotal"),
    "a customer, and a total that none has": ("pointers of the customer, 400 orders at most", "customerId minTotal"),
}

_counted: list[float] = []


class CountedViews(MemoryViews):
    """Rows in memory, with what reading them would cost."""

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        _counted.append(read_units([self.items.get((partition, sort), {})], consistent=True))
        return super().get(partition, sort)

    def get_many(
        self, keys: Iterable[tuple[str, str]], *, consistent: bool = False
    ) -> dict[tuple[str, str], dict[str, Any]]:
        asked = list(dict.fromkeys(keys))
        _counted.extend(read_units([self.items.get(key, {})], consistent=consistent) for key in asked)
        return super().get_many(asked, consistent=consistent)

    def query(self, partition: str, *, index: str | None = None, limit: int = 50, **more: Any) -> Page:
        prefix = f"{index}_" if index else ""
        sorts = set(super().query(partition, index=index, limit=limit + 1, **more).sorts)
        read = [
            item
            for item in self.items.values()
            if item.get(f"{prefix}partition") == {"S": partition} and item["sort"]["S"] in sorts
        ]
        _counted.append(read_units(read, consistent=more.get("consistent", False)))
        return super().query(partition, index=index, limit=limit, **more)


class CountedStore(MemoryEventStore):
    """Commits in memory, with what reading them would cost."""

    def backwards(self, stream: str, page: int) -> Iterator[Commit]:
        items = [item for _, item in sorted(self.items.get(stream, {}).items(), reverse=True)]
        found = super().backwards(stream, page)
        for start in range(0, max(len(items), 1), page):
            _counted.append(read_units(items[start : start + page], consistent=True))
            for _ in items[start : start + page]:
                yield next(found)

    def forwards(self, stream: str) -> Iterator[Commit]:
        _counted.append(read_units(list(self.items.get(stream, {}).values()), consistent=True))
        return super().forwards(stream)

    def page(self, stream: str, after: int, limit: int) -> tuple[list[Commit], int | None]:
        found, further = super().page(stream, after, limit)
        _counted.append(read_units([self.items[stream][commit.version] for commit in found], consistent=True))
        return found, further

    def read(self, stream: str, version: int) -> Commit | None:
        _counted.append(read_units([self.items.get(stream, {}).get(version, {})], consistent=True))
        return super().read(stream, version)

    def scan(self, segment: int, segments: int, cursor: str | None, limit: int) -> Scanned:
        start = int(cursor or 0)
        examined = self.log[segment::segments][start : start + limit]
        _counted.append(read_units(examined, consistent=False))
        return super().scan(segment, segments, cursor, limit)


class CountedVault(MemoryVault):
    """Rows of a vault in memory, with what reading them would cost."""

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        self._count(partition, sort)
        return super().get(partition, sort)

    def get_many(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
        asked = list(dict.fromkeys(keys))
        for place in asked:
            self._count(*place)
        return super().get_many(asked)

    def _count(self, partition: str, sort: str) -> None:
        data = self.rows.get((partition, sort))
        _counted.append(read_units([to_item(partition, sort, data) if data else {}], consistent=True))


class CountedAudit(MemoryAudit):
    """The audit in memory, with what reading it would cost: a row more than a page has is read."""

    def of_day(self, day: str, limit: int, before: str | None, wanted: Wanted) -> Entries:
        found = super().of_day(day, limit + 1, before, wanted)
        _counted.append(read_units([audited.to_item(entry) for entry in found.entries], consistent=False))
        return super().of_day(day, limit, before, wanted)


def filled(times: int = 1) -> Furnished:
    """A mall with more than a page of everything, or with so many times that; one order completes a day later."""
    mall = deepcopy(_full(times))
    mall.mall.now += timedelta(days=1, hours=1)
    with mall.mall.at_work("insights"):
        roll_up()
    complete(mall, "assigned list")
    return mall


@cache
def _full(times: int) -> Furnished:
    """Filled once for all that count in it."""
    mall = deepcopy(_full(times - 1)) if times > 1 else furnish()
    _fill(mall)
    return mall


def _fill(mall: Furnished) -> None:
    item = {"storeId": mall.things["store"], "productId": mall.things["product"], "quantity": 1}
    for number in range(MORE):
        made = mall.ask("POST", "/api/stores", {"name": f"Volt & Wire {number}", "location": "Level 2"})["id"]
        mall.ask("PUT", f"/api/stores/{made}/participating")
        mall.add_products()
        mall.ask("POST", "/api/depot/bots", {"name": f"Mule {number}"})
        mall.ask("POST", "/api/depot/shopping", {"orderId": "on paper", "items": [item]})
    mall.things["product"] = item["productId"]
    for _ in range(MORE):
        mall.order()


def complete(mall: Furnished, kind: str) -> None:
    """The order of a list is collected and paid."""
    mall.ask("PUT", f"/api/depot/shopping/{mall.things[kind]}/complete")
    mall.ask("PUT", f"/api/payments/invoices/{mall.things[kind]}/pay")
    mall.mall.settle()


def at_rest(mall: Furnished) -> Furnished:
    """Take its robots offline: what they worked on waits, so how much of it is on a page does not depend on ids."""
    page: Any = {"next": ""}
    while "next" in page:
        after = f"&next={page['next']}" if page["next"] else ""
        page = mall.ask("GET", f"/api/depot/bots?limit=100{after}")
        for robot in page["bots"]:
            mall.ask("PUT", f"/api/depot/bots/{robot['id']}/offline")
    mall.mall.settle()
    return mall


def _count(mall: Furnished, method: str, path: str, body: Any = None) -> float:
    _counted.clear()
    mall.ask(method, path, body)
    return sum(_counted)


def filters(mall: Furnished, names: str) -> dict[str, Any]:
    customer, product, store = (mall.things[kind] for kind in ("customer", "product", "store"))
    every = {
        "status": "approved",
        "customerId": customer,
        "productIds": [product],
        "storeIds": [store],
        "minTotal": 1_000_000,
    }
    return {name: every[name] for name in names.split()}


def document() -> str:
    """The page with the counts."""
    mall = at_rest(filled())
    for runtime in mall.mall.runtimes.values():
        assert isinstance(runtime.views, MemoryViews)
        assert isinstance(runtime.store, MemoryEventStore)
        assert isinstance(runtime.vault, MemoryVault)
        runtime.views.__class__, runtime.store.__class__ = CountedViews, CountedStore
        runtime.vault.__class__ = CountedVault
    mall.mall.operating.audit.__class__ = CountedAudit
    mall.ask("GET", f"/api/customers/{mall.things['customer']}")  # has the key that wraps customers' keys kept
    lines = ["# What reading costs", "", f"Counted by `.venv/bin/python -m {__spec__.name}`, which writes this page."]
    lines += [
        "A read unit is 4 KB read consistently, or 8 KB read otherwise. Pages are full, of 50 or 10 things; orders"
    ]
    lines += [f"have one line each, of one customer, product and store. There are over {MORE} things of each kind."]
    lines += [
        "No robot is at work: each list on a page that is worked on costs a unit more. Sums are those of the last 24"
    ]
    lines += ["hours, in which one order was completed. A customer's name or number costs a read of the stream and one"]
    lines += [
        "of the key; the key that wraps these is kept for five minutes. A page of all that is held of a customer has"
    ]
    lines += ["20 orders at most, each with six texts that may have been skipped.", ""]
    lines += ["| list | a page of 50 | of 10 |", "|---|---|---|"]
    lines += [_row(f"`{key(r)}`", *_pages(mall, r)) for r in ROUTES if lists(r) and not r.writes]
    lines += ["", "| a search for | found by | a page of 50 | of 10 |", "|---|---|---|---|"]
    for asked, (index, names) in SEARCHES.items():
        body = {"filters": filters(mall, names)}
        counts = [_count(mall, "POST", "/api/search/orders", {**body, "limit": limit}) for limit in (50, 10)]
        lines.append(_row(asked, index, *counts))
    lines += ["", "| read of one thing, or sum | read units |", "|---|---|"]
    rest = [r for r in ROUTES if not r.writes and not lists(r) and answers_here(r) and r.path not in OF_NO_TABLE]
    lines += [_row(f"`{key(r)}`", _count(mall, "GET", one_of(mall, r))) for r in rest]
    return "\n".join(lines) + "\n"


def _pages(mall: Furnished, route: Route) -> list[float]:
    return [_count(mall, "GET", page_of(mall, route, limit)) for limit in (50, 10)]


def page_of(mall: Furnished, route: Route, limit: int) -> str:
    """The path of a list's first page."""
    return f"{mall.path(route)}{mall.required_query(route)}&limit={limit}".replace("?&", "?")


def one_of(mall: Furnished, route: Route) -> str:
    """The path of one thing, or of a sum, with what its query string must have."""
    return mall.path(route) + (mall.required_query(route) if route.params else "")


def _row(*cells: object) -> str:
    return "| " + " | ".join(f"{cell:g}" if isinstance(cell, float | int) else str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    if (text := document()) != DOCUMENT.read_text():
        DOCUMENT.write_text(text)
        print(f"wrote {DOCUMENT.relative_to(ROOT)}")
