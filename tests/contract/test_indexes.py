"""Indexes of read models: what a service declares is what its code queries and what its rows have keys for.

Seen at work, in a day of the mall after which every list was asked for. Who queries an index that is not declared is
refused, here as in DynamoDB; a row that has keys for one, or an index that nobody queries, would only cost.
"""

from collections import defaultdict
from typing import Any, get_args

import pytest

from functions.kernel.composition.manifest import manifest, services
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Page, Row
from tests.contract.rest.declared import ROUTES, lists
from tests.contract.rest.furnished import prepare
from tests.flow.a_day import a_day, afternoon, morning

Seen = dict[str, set[str]]


@pytest.fixture(scope="module")
def seen() -> tuple[Seen, Seen]:
    """The indexes that are queried, and those that rows have keys for, by service."""
    queried: Seen = defaultdict(set)
    keyed: Seen = defaultdict(set)
    put, query = MemoryViews.put, MemoryViews.query

    def noted_put(views: MemoryViews, row: Row, version: int) -> bool:
        keyed[runtime.current().service] |= set(row.indexes)
        return put(views, row, version)

    def noted_query(views: MemoryViews, partition: str, *, index: str | None = None, **more: Any) -> Page:
        queried[runtime.current().service] |= {index} if index else set()
        return query(views, partition, index=index, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryViews, "put", noted_put)
        patch.setattr(MemoryViews, "query", noted_query)
        day = a_day()
        morning(day)
        afternoon(day)
        mall = prepare()  # not a copy of one that was made before rows were watched
        mall.open_stores()
        mall.mall.settle()
        for route in ROUTES:
            if lists(route):
                assert mall.do(route).status == 200
            if route.params and "status" in route.params.model_fields:
                statuses = get_args(get_args(route.params.model_fields["status"].annotation)[0])
                assert mall.mall.request("GET", f"{mall.path(route)}?status={statuses[0]}").status == 200
        mall.ask("POST", "/api/search/orders", {"filters": {"status": "pending"}})
        for wanted in ("service=depot", "order=order-1", "group=a-group"):
            mall.ask("GET", f"/api/operations/letters?{wanted}")
    return queried, keyed


@pytest.mark.parametrize("service", services())
def test_an_index_is_declared_where_it_is_queried_and_queried_where_it_is_declared(
    seen: tuple[Seen, Seen], service: str
) -> None:
    queried, _ = seen
    assert queried[service] == set(manifest(service).indexes)


@pytest.mark.parametrize("service", services())
def test_rows_have_keys_for_the_indexes_that_their_service_declares_and_for_no_others(
    seen: tuple[Seen, Seen], service: str
) -> None:
    _, keyed = seen
    assert keyed[service] == set(manifest(service).indexes)
