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
from tests.unit.insights.messages import at, consume, order

RANGE = "?from=2026-03-14T00:00:00Z&to=2026-03-15T00:00:00Z"

Published = tuple[type[OrderState], str, str]

VERSIONS: list[type[OrderState]] = [
    OrderCreated,
    OrderApproved,
    OrderReadied,
    OrderPaid,
    OrderCompleted,
    OrderCancelled,
]
ONE: list[Published] = [  # of an order that waits for 1, 20, 40 and 25 minutes
    (OrderCreated, "order-1", at(9)),
    (OrderApproved, "order-1", at(9, 1)),
    (OrderReadied, "order-1", at(9, 21)),
    (OrderPaid, "order-1", at(9, 41)),
    (OrderCompleted, "order-1", at(9, 46)),
]
ONE_WAITED = {"approval": 60, "collection": 1200, "payment": 2400, "completion": 1500}


def receive(*events: Published) -> None:
    for event, order_id, time in events:
        consume(
            order(event, order_id),
            id=f"{event.about.name} {order_id}",
            time=time,
            stream_version=int(time[11:13] + time[14:16]),
        )


def read_waits(query: str = RANGE) -> dict[str, tuple[int, float, float]]:
    """Orders, average and longest wait by stage."""
    answer = request(api, "GET", f"/api/insights/waiting{query}")
    assert answer.status == 200, answer
    assert [row["stage"] for row in answer.body["stages"]] == ["approval", "collection", "payment", "completion"]
    return {
        row["stage"]: (row["orders"], row["averageSeconds"], row["longestSeconds"]) for row in answer.body["stages"]
    }


def once(seconds: dict[str, int]) -> dict[str, Any]:
    return {stage: (1, wait, wait) for stage, wait in seconds.items()}


@pytest.mark.parametrize("events", list(itertools.permutations(ONE))[::7])
def test_waits_are_the_same_in_whatever_order_events_come_and_when_they_come_again(
    events: tuple[Published, ...],
) -> None:
    receive(*events)
    assert read_waits() == once(ONE_WAITED)
    receive(*events[::-1], *events)
    assert read_waits() == once(ONE_WAITED)


def test_many_orders_have_an_average_and_a_longest_wait() -> None:
    another: list[Published] = [(OrderCreated, "order-2", at(9)), (OrderApproved, "order-2", at(9, 4))]
    events = [*ONE, *another] * 2
    random.Random(3).shuffle(events)
    receive(*events)
    assert read_waits() == {**once(ONE_WAITED), "approval": (2, 150, 240)}


def test_an_order_that_does_not_reach_the_end_of_a_stage_has_no_wait() -> None:
    receive(*ONE[:2], (OrderCancelled, "order-1", at(10)), (OrderCreated, "order-2", at(9)))
    assert read_waits() == {
        "approval": (1, 60, 60),
        **dict.fromkeys(["collection", "payment", "completion"], (0, 0, 0)),
    }


def test_an_end_whose_beginning_was_not_received_is_no_wait_yet() -> None:
    receive((OrderApproved, "order-1", at(9, 1)))
    assert read_waits()["approval"] == (0, 0, 0)
    receive((OrderCreated, "order-1", at(9)))
    assert read_waits()["approval"] == (1, 60, 60)


def test_a_clock_that_is_behind_makes_no_wait_negative() -> None:
    receive((OrderCreated, "order-1", at(9, 1)), (OrderApproved, "order-1", at(9)))
    assert read_waits()["approval"] == (1, 0, 0)


def test_a_wait_is_counted_in_the_hour_in_which_it_ended() -> None:
    receive((OrderCreated, "order-1", at(9, 59)), (OrderApproved, "order-1", at(10, 1)))
    assert read_waits("?from=2026-03-14T09:00:00Z&to=2026-03-14T10:00:00Z")["approval"] == (0, 0, 0)
    assert read_waits("?from=2026-03-14T10:00:00Z&to=2026-03-14T10:30:00Z")["approval"] == (1, 120, 120)


def test_too_many_waits_and_an_invalid_range_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert request(api, "GET", "/api/insights/waiting?from=2026-03-14T10:00:01Z&to=2026-03-14T10:00:00Z").status == 400
    monkeypatch.setattr(counting, "MOST_ROWS", 2)
    for number in range(3):
        receive((OrderCreated, f"order-{number}", at(9)), (OrderApproved, f"order-{number}", at(9, 1)))
    assert request(api, "GET", f"/api/insights/waiting{RANGE}").status == 400


class InterruptedViews(MemoryViews):
    """Rows in memory; right before the n-th write or read of a time, another worker does all of its work."""

    def __init__(self, number: int, other: Callable[[], None]) -> None:
        super().__init__(projection.indexes)
        self._number = number
        self._other = other

    def _interrupt(self, partition: str) -> None:
        if partition == "times of order-1":
            self._number -= 1
            if self._number == 0:
                self._other()

    def put(self, row: Row, version: int) -> bool:
        self._interrupt(row.partition)
        return super().put(row, version)

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        self._interrupt(partition)
        return super().get(partition, sort)


# A worker writes the time of its event, and reads two times for each stage that the event begins or ends.
@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize(("mine", "theirs"), [*itertools.pairwise(ONE), *itertools.pairwise(ONE[::-1])])
def test_two_workers_that_receive_the_two_ends_at_once_write_one_wait(
    mine: Published, theirs: Published, number: int
) -> None:
    with active(memory_runtime("insights", views=InterruptedViews(number, lambda: receive(theirs)))):
        receive(mine)
        if number > 3:  # an event of one stage takes a write and two reads: nothing was interrupted
            receive(theirs)
        receive(*(event for event in ONE if event not in (mine, theirs)))
        assert read_waits() == once(ONE_WAITED)


def test_waits_are_the_same_in_dynamodb(in_dynamodb: Runtime) -> None:
    receive(*ONE[::-1], *ONE)
    assert read_waits() == once(ONE_WAITED)
