"""How long orders wait at each stage."""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderPaid,
    OrderReadied,
    OrderState,
)
from functions.insights import counting
from functions.insights.api import api
from functions.insights.views import projection
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.views import Row
from tests.support.gateway import request
from tests.support.runtime import memory_runtime
from tests.unit.insights.said import at, order, say

RANGE = "?from=2026-03-14T00:00:00Z&to=2026-03-15T00:00:00Z"

Told = tuple[type[OrderState], str, str]

VERSIONS: list[type[OrderState]] = [
    OrderCreated,
    OrderApproved,
    OrderReadied,
    OrderPaid,
    OrderCompleted,
    OrderCancelled,
]
ONE: list[Told] = [  # of an order that waits for 1, 20, 40 and 25 minutes
    (OrderCreated, "order-1", at(9)),
    (OrderApproved, "order-1", at(9, 1)),
    (OrderReadied, "order-1", at(9, 21)),
    (OrderPaid, "order-1", at(9, 41)),
    (OrderCompleted, "order-1", at(9, 46)),
]
ONE_WAITED = {"approval": 60, "collection": 1200, "payment": 2400, "completion": 1500}


def hear(*told: Told) -> None:
    for event, order_id, time in told:
        say(
            order(event, order_id),
            id=f"{event.about.name} {order_id}",
            time=time,
            stream_version=int(time[11:13] + time[14:16]),
        )


def asked(query: str = RANGE) -> dict[str, tuple[int, float, float]]:
    """Orders, average and longest wait by stage."""
    answer = request(api, "GET", f"/api/insights/waiting{query}")
    assert answer.status == 200, answer
    assert [row["stage"] for row in answer.body["stages"]] == ["approval", "collection", "payment", "completion"]
    return {
        row["stage"]: (row["orders"], row["averageSeconds"], row["longestSeconds"]) for row in answer.body["stages"]
    }


def once(seconds: dict[str, int]) -> dict[str, Any]:
    return {stage: (1, wait, wait) for stage, wait in seconds.items()}


@pytest.mark.parametrize("told", list(itertools.permutations(ONE))[::7])
def test_an_order_waits_as_long_whatever_is_heard_of_first_and_again(told: tuple[Told, ...]) -> None:
    hear(*told)
    assert asked() == once(ONE_WAITED)
    hear(*told[::-1], *told)
    assert asked() == once(ONE_WAITED)


def test_many_orders_have_an_average_and_a_longest_wait() -> None:
    another: list[Told] = [(OrderCreated, "order-2", at(9)), (OrderApproved, "order-2", at(9, 4))]
    told = [*ONE, *another] * 2
    random.Random(3).shuffle(told)
    hear(*told)
    assert asked() == {**once(ONE_WAITED), "approval": (2, 150, 240)}


def test_an_order_that_does_not_get_on_has_not_waited_to_the_end() -> None:
    hear(*ONE[:2], (OrderCancelled, "order-1", at(10)), (OrderCreated, "order-2", at(9)))
    assert asked() == {"approval": (1, 60, 60), **dict.fromkeys(["collection", "payment", "completion"], (0, 0, 0))}


def test_an_end_whose_beginning_was_not_heard_of_is_no_wait_yet() -> None:
    hear((OrderApproved, "order-1", at(9, 1)))
    assert asked()["approval"] == (0, 0, 0)
    hear((OrderCreated, "order-1", at(9)))
    assert asked()["approval"] == (1, 60, 60)


def test_a_clock_that_is_behind_makes_no_wait_shorter_than_none() -> None:
    hear((OrderCreated, "order-1", at(9, 1)), (OrderApproved, "order-1", at(9)))
    assert asked()["approval"] == (1, 0, 0)


def test_a_wait_counts_in_the_hour_in_which_it_ended() -> None:
    hear((OrderCreated, "order-1", at(9, 59)), (OrderApproved, "order-1", at(10, 1)))
    assert asked("?from=2026-03-14T09:00:00Z&to=2026-03-14T10:00:00Z")["approval"] == (0, 0, 0)
    assert asked("?from=2026-03-14T10:00:00Z&to=2026-03-14T10:30:00Z")["approval"] == (1, 120, 120)


def test_more_waits_than_can_be_summed_up_and_a_range_that_is_none_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert request(api, "GET", "/api/insights/waiting?from=2026-03-14T10:00:01Z&to=2026-03-14T10:00:00Z").status == 400
    monkeypatch.setattr(counting, "MOST_ROWS", 2)
    for number in range(3):
        hear((OrderCreated, f"order-{number}", at(9)), (OrderApproved, f"order-{number}", at(9, 1)))
    assert request(api, "GET", f"/api/insights/waiting{RANGE}").status == 400


class Meeting(MemoryViews):
    """Rows in memory; right before a worker notes or looks for a time, the n-th time, another does all its work."""

    def __init__(self, number: int, other: Callable[[], None]) -> None:
        super().__init__(projection.indexes)
        self._number = number
        self._other = other

    def _meet(self, partition: str) -> None:
        if partition == "times of order-1":
            self._number -= 1
            if self._number == 0:
                self._other()

    def put(self, row: Row, version: int) -> bool:
        self._meet(row.partition)
        return super().put(row, version)

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        self._meet(partition)
        return super().get(partition, sort)


@pytest.mark.parametrize("number", range(1, 6))  # an approval begins two stages, so it looks again and again
@pytest.mark.parametrize(("mine", "theirs"), [*itertools.pairwise(ONE), *itertools.pairwise(ONE[::-1])])
def test_two_workers_who_hear_of_the_two_ends_at_once_find_one_wait(mine: Told, theirs: Told, number: int) -> None:
    with active(memory_runtime("insights", views=Meeting(number, lambda: hear(theirs)))):
        hear(mine)
        if number > 3:  # others look but twice, and are done before anybody comes
            hear(theirs)
        hear(*(told for told in ONE if told not in (mine, theirs)))
        assert asked() == once(ONE_WAITED)


def test_waits_are_found_the_same_way_in_dynamodb(in_dynamodb: Runtime) -> None:
    hear(*ONE[::-1], *ONE)
    assert asked() == once(ONE_WAITED)
