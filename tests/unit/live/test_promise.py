"""What is counted of the promise that a change is on a staff screen within two seconds."""

import json

import pytest

from functions.live.service import screens_late
from tests.unit.live.desk import NOON, Desk, Time, batch, order


@pytest.fixture(autouse=True)
def _deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "live")


def counted(capsys: pytest.CaptureFixture[str]) -> list[float]:
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    return [number for line in lines for number in line.get(screens_late.metric, [])]


def test_a_change_that_is_posted_late_is_counted_and_one_in_time_is_not(
    desk: Desk, time: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.subscribes("orders")
    time.passes(seconds=screens_late.seconds)
    batch((order("order-1"), 1), time=NOON)
    assert counted(capsys) == []
    time.passes(seconds=0.5)
    batch((order("order-2"), 1), (order("order-3"), 1), time=NOON)
    assert counted(capsys) == [2.0]


def test_where_no_one_watches_nothing_is_late(time: Time, capsys: pytest.CaptureFixture[str]) -> None:
    time.passes(seconds=60)
    batch((order("order-1"), 1), time=NOON)
    assert counted(capsys) == []
