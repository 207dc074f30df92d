"""Roll-ups: sums are right at any moment, whatever comes late, fails, or works at the same time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from events.insights import SumsDue
from events.ordering import OrderApproved, OrderCompleted
from functions.insights import rollup, sums
from functions.insights.api import api
from functions.insights.inbox import inbox
from functions.insights.models import stages
from functions.insights.rollup import roll_up
from functions.insights.rows import SHARDS
from functions.insights.views import projection
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.views import Page, Row
from tests.support.delivery import delivered
from tests.support.gateway import request
from tests.support.runtime import memory_runtime
from tests.unit.insights.messages import BREAD, DAY, INK, ROLL, at, consume, order, read

NOON = datetime(2026, 3, 14, 12, 5, tzinfo=UTC)
ROLLING_UP, WRITING, READING = range(1, 40), range(1, 8), range(1, 12)  # calls: more than each takes here


def complete(order_id: str, time: str) -> None:
    consume(order(OrderCompleted, order_id, [BREAD, INK]), time=time, stream_version=5)


def completed(query: str = DAY) -> int:
    """How many orders were completed, which the funnel and the sales agree about."""
    funnel = request(api, "GET", f"/api/insights/funnel{query}").body["completed"]
    sales = request(api, "GET", f"/api/insights/sales{query}").body
    assert (sales["orders"], sales["items"]) == (funnel, 3 * funnel)
    assert sum(row["orders"] for row in sales["byHour"]) == funnel
    assert {row["orders"] for row in (*sales["byProduct"], *sales["byStore"])} == ({funnel} if funnel else set())
    assert isinstance(funnel, int)
    return funnel


def roll_up_at(now: datetime) -> None:
    with clock.fixed(lambda: now):
        roll_up()


class InterruptedViews(MemoryViews):
    """Rows in memory; right before the n-th call while it is armed, others work, or the call fails."""

    def __init__(self) -> None:
        super().__init__(projection.indexes)
        self._left = 0
        self.happened = False
        self._happens: Callable[[], object] = lambda: None

    @contextmanager
    def armed(self, call: int, happens: Callable[[], object]) -> Iterator[None]:
        self._left, self._happens, self.happened = call, happens, False
        try:
            yield
        finally:
            self._left = 0

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.happened = True
            self._happens()

    def put(self, row: Row, version: int) -> bool:
        self._count()
        return super().put(row, version)

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        self._count()
        return super().get(partition, sort)

    def delete(self, partition: str, sort: str) -> None:
        self._count()
        super().delete(partition, sort)

    def query(self, partition: str, **bounds: Any) -> Page:
        self._count()
        return super().query(partition, **bounds)


@cache
def filled(part: int = sums.PART) -> dict[Any, Any]:
    """The rows of some orders of three hours, rolled up as they came, with sums in parts of so many keys."""
    views = MemoryViews(projection.indexes)
    with active(memory_runtime("insights", views=views)), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums, "PART", part)
        roll_up_at(NOON - timedelta(hours=4))
        for n, time in enumerate(ORDERED):
            complete(f"order-{n}", time)
            roll_up_at(NOON - timedelta(hours=3) + timedelta(minutes=30 * n))
    return views.items


@pytest.fixture
def views() -> Iterator[InterruptedViews]:
    """Those rows."""
    views = InterruptedViews()
    views.items = dict(filled())
    with active(memory_runtime("insights", views=views)), clock.fixed(lambda: NOON):
        yield views


ORDERED = [at(9, 10), at(9, 50), at(10, 20), at(11, 59), at(12, 1), at(12, 4)]
ORDERS = len(ORDERED)
LATE = [at(9, 10), at(11, 59), at(12, 1), at(12, 4)]


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("call", ROLLING_UP)
def test_a_row_that_comes_at_any_moment_of_a_roll_up_is_counted_at_once_and_for_ever(
    views: InterruptedViews, call: int, late: str
) -> None:
    with views.armed(call, lambda: complete("late", late)):
        roll_up()
    if not views.happened:
        complete("late", late)
    for _ in range(3):
        assert completed() == ORDERS + 1
        roll_up()


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("call", WRITING)
def test_a_roll_up_at_any_moment_of_the_writing_of_a_row_hides_nothing(
    views: InterruptedViews, call: int, late: str
) -> None:
    with views.armed(call, lambda: [roll_up_at(NOON + timedelta(minutes=n)) for n in (0, 5)]):
        complete("late", late)
    for minutes in (5, 10, 70):
        assert completed() == ORDERS + 1
        roll_up_at(NOON + timedelta(minutes=minutes))


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("call", READING)
def test_whoever_reads_at_any_moment_sees_a_row_that_was_there_and_each_row_once(
    views: InterruptedViews, call: int, late: str
) -> None:
    complete("late", late)
    found: list[int] = []
    with views.armed(call, lambda: [roll_up_at(NOON + timedelta(minutes=n)) for n in (0, 5, 60)]):
        found.append(request(api, "GET", f"/api/insights/funnel{DAY}").body["completed"])
    assert found == [ORDERS + 1]


class StoppedError(Exception):
    """A function ended in the middle of its work."""


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("call", ROLLING_UP)
def test_a_roll_up_that_ends_at_any_moment_is_made_good_by_the_next(
    views: InterruptedViews, call: int, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums, "PART", 2)
    complete("late", late)

    def stop() -> None:
        raise StoppedError

    with views.armed(call, stop):
        try:
            roll_up_at(NOON + timedelta(hours=1))
        except StoppedError:
            assert views.happened
    for hours in (0, 1, 2):
        assert completed() == ORDERS + 1
        roll_up_at(NOON + timedelta(hours=hours))
    assert completed() == ORDERS + 1


def test_a_sum_of_more_keys_than_a_row_takes_is_stored_in_parts(
    views: InterruptedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums, "PART", 2)
    for time in ORDERED:
        complete(f"another {time}", time)
    for hours in (0, 1):
        roll_up_at(NOON + timedelta(hours=hours))
    assert len([row for row in views.items if row[0] == "sold by hour"]) == 4 * 3  # of five keys an hour
    assert completed() == 2 * ORDERS


def marks(views: MemoryViews) -> list[str]:
    return [sort for shard in range(SHARDS) for sort in views.query(f"late {shard}").sorts]


def test_a_late_minute_is_marked_until_it_was_summed_up_again(views: InterruptedViews) -> None:
    roll_up()
    assert marks(views) == []
    complete("late", LATE[0])
    complete("later still", LATE[0])
    assert {mark[:16] for mark in marks(views)} == {LATE[0][:16]}
    roll_up()
    assert marks(views) == []


def test_a_row_in_time_has_no_mark(views: InterruptedViews) -> None:
    roll_up()
    complete("order", clock.stamp(NOON + timedelta(seconds=1)))
    assert marks(views) == []


def test_where_nothing_happened_nothing_is_written(views: InterruptedViews) -> None:
    roll_up_at(NOON + timedelta(minutes=1))
    before = dict(views.items)
    for minutes in range(2, 54):
        roll_up_at(NOON + timedelta(minutes=minutes))
    assert views.items == before


def test_a_past_hour_is_read_as_one_sum_and_the_last_minutes_as_rows(views: InterruptedViews) -> None:
    views.items.clear()
    for hour in range(12):
        for minute in range(60):
            consume(order(OrderApproved, f"order-{hour}-{minute}"), time=at(hour, minute))
    for _ in range(3):
        roll_up()
    consume(order(OrderApproved, "last"), time=at(12, 5))
    queried: list[str] = []
    query = views.query

    def noted(partition: str, **bounds: Any) -> Page:
        page = query(partition, **bounds)
        queried.extend([partition] * len(page.rows))
        return page

    views.query = noted  # type: ignore[method-assign]
    assert request(api, "GET", f"/api/insights/funnel{DAY}").body["approved"] == 12 * 60 + 1
    assert len(queried) == 12 + 1
    assert queried.count("reached by hour") == 12


def test_a_roll_up_that_has_no_time_left_goes_on_at_the_next_tick(
    views: InterruptedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in (9, 10, 11):
        for minute in range(0, 60, 10):
            complete(f"late-{hour}-{minute}", at(hour, minute))
    steps = 0

    def limit() -> Callable[[], bool]:
        left = iter([True] * 3)
        return lambda: next(left, False)

    monkeypatch.setattr(rollup, "_limit", limit)
    while marks(views):
        steps += 1
        roll_up()
        assert completed() == ORDERS + 18
    assert steps > 6


def test_what_was_counted_before_there_were_rows_of_stages_is_counted_once_after_a_replay(
    views: InterruptedViews,
) -> None:
    views.items.clear()
    for partition, sort, more in (
        ("funnel", "2026-03-14T09 stages all 3", {"completed": {"N": "1"}}),
        ("sales", "2026-03-14T09 mall all 3", {"orders": {"N": "1"}, "items": {"N": "3"}, "revenue": {"N": "1699"}}),
        ("stages of order", "completed", {"version": {"N": "5"}, "data": {"S": "{}"}}),
        ("waits for completion", "2026-03-14T09 order", {"version": {"N": "5"}, "data": {"S": '{"milliseconds":5}'}}),
    ):
        views.items[partition, sort] = {"partition": {"S": partition}, "sort": {"S": sort}, **more}
    assert completed() == 0
    for _ in range(2):
        complete("order", at(9))
        assert completed() == 1
        roll_up()


def test_the_tick_of_the_schedule_rolls_up(views: InterruptedViews) -> None:
    complete("late", at(11, 30))
    tick = delivered(SumsDue(time=clock.stamp(NOON)))
    assert inbox.handle(tick) == {"batchItemFailures": []}
    assert marks(views) == []
    assert completed() == ORDERS + 1


def test_orders_are_counted_the_same_in_dynamodb(in_dynamodb: Runtime) -> None:
    lines = [ROLL.model_copy(update={"store_id": f"s-{n}", "product_id": f"p-{n}", "price": 100}) for n in range(100)]
    for n in range(3):
        for _ in range(2):
            consume(order(OrderCompleted, f"order-{n}", lines), time=at(9 + n), stream_version=6)
        found = read("sales")
        assert (found["orders"], found["items"], len(found["byProduct"])) == (n + 1, 500 * (n + 1), 100)
    assert [row["hour"][11:13] for row in read("sales")["byHour"]] == ["09", "10", "11"]
    assert read("funnel")["completed"] == 3


def test_a_stage_and_its_mark_are_made_in_this_order_for_the_mark_depends_on_it() -> None:
    makers = stages.projection.makers[OrderCompleted]
    assert makers == [stages.stage_row, stages.late_mark]
