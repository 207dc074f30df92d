"""Sales of very many products: the answer fits, or is refused, and few calls find the names."""

import math
from collections.abc import Iterable
from typing import Any

import pytest

from functions.insights import rows
from functions.insights.api import api
from functions.kernel.rest.wire import write_json
from functions.kernel.runtime.json_text import ANSWER_BYTES, weight
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from tests.support.gateway import Response, request
from tests.unit.insights.messages import DAY, at

AN_ORDER = 100  # products of one order


class Counting:
    """Rows that count the calls that DynamoDB would get: one for each 100 keys."""

    def __init__(self, views: Any) -> None:
        self._views, self.calls = views, 0

    def __getattr__(self, name: str) -> Any:
        self.calls += 1
        return getattr(self._views, name)

    def get_many(self, keys: Iterable[tuple[str, str]], *, consistent: bool = False) -> Any:
        wanted = list(keys)
        self.calls += math.ceil(len(wanted) / 100)
        return self._views.get_many(wanted, consistent=consistent)


def catalogued(runtime: Runtime, count: int, name: str) -> list[str]:
    """So many products of one name; their ids."""
    ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(count)]
    for id in ids:
        runtime.views.put(Row("products", id, {"id": id, "name": name}), 1)
    return ids


def sold(runtime: Runtime, products: list[str]) -> None:
    """Orders of one hour that together bought each of these products."""
    for first in range(0, len(products), AN_ORDER):
        bought = {f"product {id}": [1, 1, 99_999_999] for id in products[first : first + AN_ORDER]}
        data = {"sold": {"mall": [1, AN_ORDER, 99_999_999 * len(bought)], "store bakery": [1, 1, 99_999_999], **bought}}
        order_id, time = f"order-{first}", at(9, first // AN_ORDER % 60)
        runtime.views.put(rows.stage_row(time, "completed", order_id, data), 1)
        runtime.views.put(rows.late_mark(time, order_id, 0), 1)


def sales() -> Response:
    return request(api, "GET", f"/api/insights/sales{DAY}")


@pytest.mark.parametrize("letter", ["n", "水"])
def test_more_products_than_an_answer_holds_are_refused_in_words_that_say_what_to_do(
    runtime: Runtime, letter: str
) -> None:
    sold(runtime, catalogued(runtime, 20_000, letter * 200))
    answer = sales()
    assert answer.status == 400
    assert "ask for a shorter range" in answer.body["detail"]


@pytest.mark.parametrize("letter", ["n", "水", '"'])
def test_what_is_answered_fits_into_an_answer_of_lambda_and_what_fits_is_answered(
    runtime: Runtime, letter: str
) -> None:
    ids = catalogued(runtime, 20_000, letter * 50)
    sold(runtime, ids[:AN_ORDER])
    each = weight(write_json(sales().body)) / AN_ORDER
    most = min(len(ids), int(ANSWER_BYTES / each))
    sold(runtime, ids[: most * 9 // 10])
    answer = sales()
    assert len(answer.body["byProduct"]) == most * 9 // 10
    assert weight(write_json(answer.body)) <= ANSWER_BYTES
    sold(runtime, ids[: most + AN_ORDER])
    assert sales().status == (400 if most < len(ids) else 200)


def test_a_few_products_of_a_large_catalogue_are_named_by_few_calls(runtime: Runtime) -> None:
    ids = catalogued(runtime, 100_000, "Rye bread")[::100]
    sold(runtime, ids)
    counted = Counting(runtime.views)
    runtime.views = counted
    answer = sales()
    assert {one["productName"] for one in answer.body["byProduct"]} == {"Rye bread"}
    assert len(answer.body["byProduct"]) == 1_000
    assert counted.calls <= 20


def test_names_are_not_read_where_the_products_alone_are_too_many(runtime: Runtime) -> None:
    sold(runtime, catalogued(runtime, 40_000, ""))
    counted = Counting(runtime.views)
    runtime.views = counted
    assert sales().status == 400
    assert counted.calls < 20
