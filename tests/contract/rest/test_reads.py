"""What reading costs is written down, stays true, and does not grow with what there is."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.rest.audit import Entries
from functions.kernel.rest.routes import Route
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.views import Page
from tests.contract.rest.declared import answers_here, lists, routes
from tests.contract.rest.furnished import Furnished
from tests.contract.rest.reads import (
    DOCUMENT,
    OF_NO_TABLE,
    SEARCHES,
    at_rest,
    complete,
    document,
    filled,
    filters,
    one_of,
    page_of,
)
from tests.support.audited import MemoryAudit

PAGE = 10
ROBOTS = "/api/fleet/robots"  # beside its page it reads as many reports and connections at most


def test_what_is_written_down_is_what_is_counted() -> None:
    assert DOCUMENT.read_text() == document(), "run .venv/bin/python -m tests.contract.rest.reads"


def test_a_page_of_a_list_costs_a_few_units_but_one_of_all_that_is_held_reads_every_thing_and_its_texts() -> None:
    lists = re.findall(r"\| `GET (.*)` \| ([\d.]+) \| ([\d.]+) \|", DOCUMENT.read_text())
    costs = {path: max(float(cost) for cost in pages) for path, *pages in lists}
    assert costs.pop("/api/customers/{id}/data") <= 200
    timelines = [path for path in costs if "timeline" in path]
    assert len(timelines) == 3
    assert max(costs.pop(path) for path in timelines) <= 20  # each stream of an order is read
    assert len(costs) >= 10
    assert max(costs.values()) <= 10


@pytest.fixture(scope="module")
def malls() -> tuple[Furnished, Furnished]:
    """A mall, and one with twice as much of everything that a request is not about."""
    return at_rest(filled()), at_rest(filled(times=2))


def rows_read(work: Callable[[], object]) -> int:
    """How many rows and commits are read, and queries made, to do some work."""
    read = 0
    get, query, of_day = MemoryViews.get, MemoryViews.query, MemoryAudit.of_day
    backwards, forwards, page_behind = MemoryEventStore.backwards, MemoryEventStore.forwards, MemoryEventStore.page

    def counted_get(views: MemoryViews, partition: str, sort: str) -> dict[str, Any] | None:
        nonlocal read
        read += 1
        return get(views, partition, sort)

    def counted_query(views: MemoryViews, partition: str, **more: Any) -> Page:
        nonlocal read
        page = query(views, partition, **more)
        read += 1 + len(page.rows)
        return page

    def counted_backwards(store: MemoryEventStore, stream: str, page: int) -> Iterator[Commit]:
        yield from counted(backwards(store, stream, page))

    def counted_forwards(store: MemoryEventStore, stream: str) -> Iterator[Commit]:
        yield from counted(forwards(store, stream))

    def counted(commits: Iterator[Commit]) -> Iterator[Commit]:
        nonlocal read
        for commit in commits:
            read += 1
            yield commit

    def counted_page(store: MemoryEventStore, stream: str, after: int, limit: int) -> tuple[list[Commit], int | None]:
        nonlocal read
        found = page_behind(store, stream, after, limit)
        read += 1 + len(found[0])
        return found

    def counted_audit(log: MemoryAudit, *asked: Any) -> Entries:
        nonlocal read
        found = of_day(log, *asked)
        read += 1 + len(found.entries)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryViews, "get", counted_get)
        patch.setattr(MemoryAudit, "of_day", counted_audit)
        patch.setattr(MemoryEventStore, "page", counted_page)
        patch.setattr(MemoryEventStore, "forwards", counted_forwards)
        patch.setattr(MemoryViews, "query", counted_query)
        patch.setattr(MemoryEventStore, "backwards", counted_backwards)
        work()
    return read


def assert_same_reads(
    malls: tuple[Furnished, Furnished], work: Callable[[Furnished], object], *, knowing: bool = False
) -> None:
    """Some work reads something, and as much in either mall.

    knowing: its functions know which generations of views there are. Now and then they look, so the least of three
    counts is taken.
    """
    small, large = (least_read(mall, work, times=3 if knowing else 1) for mall in malls)
    assert 0 < small == large


def least_read(mall: Furnished, work: Callable[[Furnished], object], *, times: int) -> int:
    return min(rows_read(lambda: work(mall)) for _ in range(times))


@routes(
    lambda route: (
        answers_here(route)
        and not route.writes
        and route.path not in (*OF_NO_TABLE, "/api/fleet/floor")
        and not route.path.startswith("/api/operations/estimates/")  # no rows: a page of each segment of commits
    )
)
def test_what_a_request_reads_does_not_grow_with_what_it_is_not_about(
    malls: tuple[Furnished, Furnished], route: Route
) -> None:
    def ask(mall: Furnished) -> None:
        mall.ask("GET", page_of(mall, route, PAGE) if lists(route) else one_of(mall, route))

    if route.path == ROBOTS:  # which of a page's robots have said something depends on their ids
        assert all(0 < least_read(mall, ask, times=3) <= 3 * (1 + PAGE) for mall in malls)
        return
    assert_same_reads(malls, ask, knowing=True)


@pytest.mark.parametrize("names", [names for _, names in SEARCHES.values() if "minTotal" not in names])
def test_what_a_search_reads_does_not_grow_with_the_orders_that_there_are(
    malls: tuple[Furnished, Furnished], names: str
) -> None:
    def search(mall: Furnished) -> None:
        mall.ask("POST", "/api/search/orders", {"filters": filters(mall, names), "limit": PAGE})

    assert_same_reads(malls, search, knowing=True)


def test_what_an_order_reads_on_its_way_through_all_services_does_not_grow_with_the_mall() -> None:
    def order(mall: Furnished) -> None:
        mall.order()
        complete(mall, "active list")

    assert_same_reads((filled(), filled(times=2)), order)
