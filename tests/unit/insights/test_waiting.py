"""How long orders wait at each stage."""

import itertools
import random
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
from functions.insights import sums
from functions.insights.api import api
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from tests.support.gateway import request
from tests.unit.insights.messages import DAY, at, consume, order, read

Published = tuple[OrderState, str]  # and its time

BEGAN = {OrderCreated: "created_at", OrderApproved: "approved_at", OrderReadied: "readied_at"}
ONE_WAITED = {"approval": 60, "collection": 1200, "payment": 2400, "completion": 1500}
NONE = dict.fromkeys(["approval", "collection", "payment", "completion"], (0, 0, 0))


def life(*stages: tuple[type[OrderState], str], order_id: str = "order-1") -> list[Published]:
    """The events of one order, each of which has the times of those before it."""
    times: dict[str, str] = {}
    found = []
    for event, time in stages:
        if event in BEGAN:
            times[BEGAN[event]] = time
        found.append((order(event, order_id, **times), time))
    return found


ONE = life(  # which waits for 1, 20, 40 and 25 minutes
    (OrderCreated, at(9)),
    (OrderApproved, at(9, 1)),
    (OrderReadied, at(9, 21)),
    (OrderPaid, at(9, 41)),
    (OrderCompleted, at(9, 46)),
)


def receive(*events: Published) -> None:
    for event, time in events:
        name = type(event).about.name
        consume(event, id=f"{name} {event.order_id}", time=time, stream_version=int(time[11:13] + time[14:16]))


def read_waits(query: str = DAY) -> dict[str, tuple[int, float, float]]:
    """Orders, average and longest wait by stage."""
    stages = read("waiting", query)["stages"]
    assert [row["stage"] for row in stages] == ["approval", "collection", "payment", "completion"]
    return {row["stage"]: (row["orders"], row["averageSeconds"], row["longestSeconds"]) for row in stages}


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
    another = life((OrderCreated, at(9)), (OrderApproved, at(9, 4)), order_id="order-2")
    events = [*ONE, *another] * 2
    random.Random(3).shuffle(events)
    receive(*events)
    assert read_waits() == {**once(ONE_WAITED), "approval": (2, 150, 240)}


def test_an_order_that_does_not_reach_the_end_of_a_stage_has_no_wait() -> None:
    receive(*life((OrderCreated, at(9)), (OrderApproved, at(9, 1)), (OrderCancelled, at(10))))
    receive(*life((OrderCreated, at(9)), order_id="order-2"))
    assert read_waits() == {**NONE, "approval": (1, 60, 60)}


def test_a_wait_is_known_from_the_event_that_ends_it_alone() -> None:
    receive(ONE[-1])
    assert read_waits() == {**NONE, "completion": (1, 1500, 1500)}


def test_a_clock_that_is_behind_makes_no_wait_negative() -> None:
    receive(*life((OrderCreated, at(9, 1)), (OrderApproved, at(9))))
    assert read_waits()["approval"] == (1, 0, 0)


def test_a_wait_is_counted_in_the_hour_in_which_it_ended() -> None:
    receive(*life((OrderCreated, at(9, 59)), (OrderApproved, at(10, 1))))
    assert read_waits("?from=2026-03-14T09:00:00Z&to=2026-03-14T10:00:00Z")["approval"] == (0, 0, 0)
    assert read_waits("?from=2026-03-14T10:00:00Z&to=2026-03-14T10:30:00Z")["approval"] == (1, 120, 120)


def test_too_many_waits_and_an_invalid_range_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert request(api, "GET", "/api/insights/waiting?from=2026-03-14T10:00:01Z&to=2026-03-14T10:00:00Z").status == 400
    monkeypatch.setattr(sums, "MOST", 5)
    for number in range(3):
        receive(*life((OrderCreated, at(9)), (OrderApproved, at(9, 1)), order_id=f"order-{number}"))
    assert request(api, "GET", f"/api/insights/waiting{DAY}").status == 400


def as_published_before(events: list[Published]) -> list[Published]:
    """The same events without the times of earlier stages, as they were published before these were there."""
    return [(event.model_copy(update={"approved_at": None, "readied_at": None}), time) for event, time in events]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_replay_of_messages_without_times_finds_them_in_the_rows_that_were_made_of_these_before(
    runtime: Runtime, reverse: bool
) -> None:
    for event, time in ONE:
        runtime.views.put(Row("times of order-1", type(event).about.name, {"time": time}), 1)
    receive(*as_published_before(ONE)[:: -1 if reverse else 1])
    assert read_waits() == once(ONE_WAITED)


def test_a_message_without_times_that_has_no_such_rows_has_no_wait(runtime: Runtime) -> None:
    receive(*as_published_before(ONE))
    assert read_waits() == {**NONE, "approval": (1, 60, 60)}
    assert read("funnel")["completed"] == 1


def test_waits_are_the_same_in_dynamodb(in_dynamodb: Runtime) -> None:
    receive(*ONE[::-1], *ONE)
    assert read_waits() == once(ONE_WAITED)
