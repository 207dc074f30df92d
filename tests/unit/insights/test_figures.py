"""What the minutes' figures are, as CloudWatch reads them from the lines of the log."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from events.baskets import BasketStarted
from events.ordering import OrderApproved, OrderCancelled, OrderCompleted, OrderReadied, OrderRejected
from functions.insights.rollup import roll_up
from functions.kernel.runtime import clock, observe
from functions.kernel.runtime.observe import Figure
from tests.unit.insights.messages import BREAD, INK, at, basket, consume, order

CREATED = at(9, 0)


@pytest.fixture(autouse=True)
def _deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "insights")
    monkeypatch.setenv("MALLBOTS_STAGE", "prod")


def rolled_up_at(hour: int, minute: int) -> None:
    with clock.fixed(lambda: datetime(2026, 3, 14, hour, minute, tzinfo=UTC)):
        roll_up()


def figures(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines with figures, each as the time of its minute and the values by metric."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = []
    for line in (line for line in lines if "_aws" in line):
        [directive] = line["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"], line["service"]) == (
            ("MallBots/prod", [["service"]], "insights")
        )
        time = datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC).strftime("%H:%M")
        found.append({"at": time} | {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]})
    return found


def test_each_minute_tells_once_what_it_brought(capsys: pytest.CaptureFixture[str]) -> None:
    rolled_up_at(8, 59)
    consume(basket(BasketStarted, "o1"), time=at(9, 0))
    consume(order(OrderApproved, "o1", created_at=CREATED), time=at(9, 2), stream_version=2)
    consume(order(OrderReadied, "o1", created_at=CREATED, approved_at=at(9, 2)), time=at(9, 12), stream_version=3)
    consume(order(OrderCompleted, "o1", [BREAD, INK], created_at=CREATED), time=at(9, 12), stream_version=4)
    rolled_up_at(9, 30)
    rolled_up_at(9, 31)
    assert figures(capsys) == [
        {"at": "09:00", "BasketsStarted": [1]},
        {"at": "09:02", "OrdersDecided": [1], "ApprovalsLate": [1]},
        {"at": "09:12", "OrdersCompleted": [1], "RevenueCents": [1699], "SecondsToReady": [600.0]},
    ]


def test_an_order_that_is_rejected_or_cancelled_late_was_not_approved_in_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rolled_up_at(8, 59)
    consume(order(OrderRejected, "o1", created_at=CREATED), time="2026-03-14T09:00:10.000000Z", stream_version=2)
    consume(order(OrderRejected, "o2", created_at=CREATED), time="2026-03-14T09:00:50.000000Z", stream_version=2)
    consume(
        order(OrderCancelled, "o3", created_at=CREATED, approved_at=CREATED),
        time="2026-03-14T09:00:55.000000Z",
        stream_version=3,
    )
    rolled_up_at(9, 2)
    assert figures(capsys) == [{"at": "09:00", "OrdersDecided": [2], "ApprovalsLate": [1], "OrdersEnded": [3]}]


def test_a_minute_without_anything_and_a_late_row_tell_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    rolled_up_at(8, 59)
    rolled_up_at(9, 30)
    consume(basket(BasketStarted, "o1"), time=at(9, 31))
    rolled_up_at(9, 33)
    assert [one["at"] for one in figures(capsys)] == ["09:31"]
    consume(basket(BasketStarted, "late"), time=at(9, 10))
    rolled_up_at(9, 40)
    assert figures(capsys) == []


def test_of_many_values_a_hundred_stand_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    observe.figures(datetime(2026, 3, 14, 9, tzinfo=UTC), {Figure("SecondsToReady", "Seconds"): range(1000, 0, -1)})
    [found] = figures(capsys)
    assert (len(found["SecondsToReady"]), found["SecondsToReady"][:2], found["SecondsToReady"][-1]) == (
        100,
        [1, 11],
        991,
    )
