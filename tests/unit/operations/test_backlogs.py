"""What operators see of a consumer's backlog: how much waits, how fast it grows, and from when messages are lost."""

from datetime import timedelta

import pytest

from functions.operations import backlogs, pauses
from tests.unit.operations.pausing import DEPOT, Operations, of_depot
from tests.unit.operations.rung import Rung


class TestShown:
    def test_a_paused_consumer_shows_how_fast_its_backlog_grows_and_from_when_messages_are_lost(
        self, operations: Operations
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        for waiting in (10, 40, 70):
            operations.backlogs.put(DEPOT, waiting - 2, 1, 1)
            operations.minute()
        shown = of_depot()
        assert (shown.waiting and shown.waiting.total, shown.arrives, shown.drains) == (70, 1_800, None)
        assert shown.lost_from == "2026-03-14T11:00:00.000000Z"

    def test_a_resumed_consumer_shows_how_long_it_takes_until_its_backlog_is_gone(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.minute()
        pauses.resume(DEPOT)
        for waiting in (100, 80, 60):
            operations.backlogs.put(DEPOT, waiting)
            operations.minute()
        shown = of_depot()
        assert (shown.drains, shown.drained_in) == (1_200, 180)

    def test_how_fast_a_backlog_shrank_long_ago_says_nothing_of_one_that_is_there_now(
        self, operations: Operations
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        for waiting in (100, 80, 60, 0, 0):
            operations.backlogs.put(DEPOT, waiting)
            operations.minute()
        assert pauses.find(DEPOT).settled
        for _ in range(60):
            operations.minute()
        operations.backlogs.put(DEPOT, 5_000)
        assert (of_depot().drains, of_depot().drained_in) == (None, None)

    def test_a_backlog_that_does_not_shrink_has_no_end(self, operations: Operations) -> None:
        pauses.resume(DEPOT)
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        for waiting in (100, 120):
            operations.backlogs.put(DEPOT, waiting)
            operations.minute()
        assert (of_depot().drains, of_depot().drained_in) == (None, None)

    def test_a_queue_that_cannot_be_measured_hides_no_other(self, operations: Operations) -> None:
        operations.backlogs.unmeasurable.add(DEPOT)
        operations.backlogs.put("payments/inbox", 5, 2, 1)
        found = {one.consumer: one.waiting for one in backlogs.overviews()}
        assert found[DEPOT] is None
        waiting = found["payments/inbox"]
        assert waiting
        assert (waiting.visible, waiting.in_flight, waiting.delayed, waiting.total) == (5, 2, 1, 8)

    def test_all_that_may_be_paused_are_shown(self, operations: Operations) -> None:
        assert [one.consumer for one in backlogs.overviews()] == [
            "customers/inbox",
            "depot/dispatcher",
            "depot/inbox",
            "fleet/inbox",
            "fleet/topics",
            "ordering/inbox",
            "payments/inbox",
        ]


class TestRings:
    def test_a_pause_that_follows_another_before_its_backlog_is_drained_has_no_hour_of_its_own(
        self, operations: Operations, rung: Rung
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.backlogs.put(DEPOT, 500_000)
        operations.now += timedelta(hours=2)
        pauses.resume(DEPOT)
        for _ in range(20):
            operations.minute()
        assert rung.times("ConsumerPaused") == 0
        operations.ask()
        operations.minute()
        assert rung.times("ConsumerPaused") == 1

    def test_a_pause_that_follows_another_soon_after_all_that_waited_was_received_has_an_hour_of_its_own(
        self, operations: Operations, rung: Rung
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.backlogs.put(DEPOT, 300)
        for _ in range(50):
            operations.minute()
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 5, 40)  # a busy queue never has none
        operations.minute()
        operations.minute()
        pauses.pause(DEPOT, "its shelf is wrong again")
        for _ in range(60):
            operations.minute()
        assert rung.times("ConsumerPaused") == 0
        operations.minute()
        assert rung.times("ConsumerPaused") == 1

    def test_a_pause_rings_from_an_hour_on(
        self, operations: Operations, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("MALLBOTS_SERVICE", "operations")
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.now += timedelta(minutes=58)
        operations.minute()
        assert "ConsumerPaused" not in capsys.readouterr().out
        operations.minute()
        operations.minute()
        assert capsys.readouterr().out.count('"ConsumerPaused":[1.0]') == 1

    def test_a_consumer_that_pauses_itself_rings_once(
        self, operations: Operations, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("MALLBOTS_SERVICE", "operations")
        operations.ask()
        for _ in range(3):
            operations.minute()
        assert capsys.readouterr().out.count('"ConsumerPausedItself":[1.0]') == 1
