"""`make migrate-personal-data` on a table that throttles what it deletes."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from functions.kernel.runtime import clock
from infra.operate import migrate_personal_data
from infra.operate.deployment import OperateError
from infra.operate.migrate_personal_data import purge

NOW = datetime(2030, 1, 14, tzinfo=UTC)


class Throttled:
    """DynamoDB that takes one row of a batch and leaves the others, or takes none."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.taken: list[Any] = []

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:
        [(table, rows)] = RequestItems.items()
        self.taken += rows[: self.takes]
        return {"UnprocessedItems": {table: rows[self.takes :]} if rows[self.takes :] else {}}


def rows_of(count: int, monkeypatch: pytest.MonkeyPatch, dynamodb: Throttled) -> Any:
    """A deployment with so many rows of search to delete."""
    monkeypatch.setattr(migrate_personal_data, "_rows", lambda *_: iter({"sort": {"S": str(n)}} for n in range(count)))
    return SimpleNamespace(
        client=lambda _: dynamodb, outputs=lambda: {"mallbots-prod-search": {"ViewsTable": "search"}}
    )


def test_rows_that_a_throttled_table_leaves_are_asked_for_again_after_a_wait_that_doubles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dynamodb, waits = Throttled(takes=1), list[float]()
    with clock.fixed(lambda: NOW, waits.append):
        assert purge(rows_of(4, monkeypatch, dynamodb), "search") == 4
    assert len(dynamodb.taken) == 4
    assert waits == [waits[0], 2 * waits[0], 4 * waits[0]]


def test_a_table_that_takes_nothing_ends_the_run_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = list[float]()
    place = rows_of(4, monkeypatch, Throttled(takes=0))
    with clock.fixed(lambda: NOW, waits.append), pytest.raises(OperateError, match=r"4 rows are left.*run it again"):
        purge(place, "search")
    assert 60 < sum(waits) < 300
