"""What baskets answers to an access request."""

from typing import Any

from functions.baskets import service
from functions.baskets.queries import queries
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from tests.unit.baskets.mall import ADA_FOUND, Owners


def held(limit: int, after: str | None = None) -> dict[str, Any]:
    asked = {"query": "FindBasketsOf", "data": {"customer_id": "ada", "limit": limit, "after": after}}
    answer: dict[str, Any] = queries.handle(asked)["answer"]
    return answer


def pointed(runtime: Runtime, place: str, basket_id: str) -> None:
    runtime.views.put(Row("baskets of ada", f"{place} {basket_id}", {"basket_id": basket_id, "started_at": place}), 1)


def test_a_pointer_whose_basket_is_gone_is_left_out(runtime: Runtime, owners: Owners) -> None:
    """As where baskets' events were restored to before it."""
    owners.answers["ada"] = ADA_FOUND
    basket_id = service.start("ada")
    pointed(runtime, "2026-01", basket_id)
    pointed(runtime, "2026-02", "gone")
    assert [basket["id"] for basket in held(10)["rows"]] == [basket_id]
    first = held(1)
    assert (first["rows"], first["after"]) == ([], "2026-02 gone")
    assert [basket["id"] for basket in held(1, first["after"])["rows"]] == [basket_id]
