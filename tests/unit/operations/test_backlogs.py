"""What operators see of a consumer's backlog: how much waits, how fast it grows, and from when messages are lost."""

from datetime import timedelta

import pytest

from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from functions.operations import backlogs, pauses
from functions.operations.pauses import PAUSED, RUNNING
from tests.unit.operations.pausing import DEPOT, NOON, Operations, of_depot
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
        assert shown.lost_from == "2026-03-14T12:00:00.000000Z"

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


class TestLost:
    """From when SQS drops messages: it counts from when each was sent, however often its consumer was resumed since."""

    FIRST = "2026-03-14T12:00:00.000000Z"  # 13 days after NOON

    def test_a_consumer_that_pauses_itself_again_before_its_backlog_is_drained_has_no_more_time_for_it(
        self, operations: Operations
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.backlogs.put(DEPOT, 500_000)
        operations.now += timedelta(days=12)
        for _ in range(3):
            pauses.resume(DEPOT)
            for _ in range(20):
                operations.minute()
            assert (of_depot().state, of_depot().lost_from) == ("running", self.FIRST)
            operations.ask()
            operations.minute()
            assert (of_depot().pause.wanted, of_depot().lost_from) == (PAUSED, self.FIRST)

    def test_a_backlog_that_is_not_drained_in_days_is_still_lost_from_then(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 5_000)
        self.days(operations, 3)
        assert of_depot().lost_from == self.FIRST
        pauses.pause(DEPOT, "it is too slow")
        assert of_depot().lost_from == self.FIRST

    def test_once_a_backlog_is_drained_a_pause_has_its_whole_time(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.backlogs.put(DEPOT, 500)
        operations.now += timedelta(days=2)
        pauses.resume(DEPOT)
        for waiting in (500, 100, 3, 3):
            operations.backlogs.put(DEPOT, waiting)
            operations.minute()
        assert of_depot().lost_from is None
        again = pauses.pause(DEPOT, "its shelf is wrong again")
        assert of_depot().lost_from == clock.stamp(clock.read(again.since) + timedelta(days=13))

    def test_a_busy_consumer_of_which_all_was_received_has_drained_its_backlog_once_nothing_can_be_tried_any_more(
        self, operations: Operations
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 5, 200, 900)  # most are reminders, and what is retried
        self.days(operations, 0.9)
        assert of_depot().lost_from == self.FIRST
        self.days(operations, 0.2)
        assert of_depot().lost_from is None
        assert pauses.reconcile() == 0

    def test_what_waits_again_a_day_after_all_was_received_is_not_drained(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 5, 200)
        self.days(operations, 0.5)
        operations.backlogs.put(DEPOT, 5_000, 200)
        self.days(operations, 1)
        assert of_depot().lost_from == self.FIRST

    def test_a_queue_without_messages_loses_none(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        assert of_depot().lost_from is None

    @pytest.mark.parametrize(("wanted", "settled"), [(PAUSED, False), (RUNNING, False), (RUNNING, True)])
    def test_of_a_row_of_earlier_code_the_last_change_is_what_is_known(
        self, operations: Operations, runtime: Runtime, wanted: str, settled: bool
    ) -> None:
        self.of_earlier_code(runtime, wanted, settled, 70)
        operations.backlogs.put(DEPOT, 5_000)
        assert of_depot().lost_from == self.FIRST
        operations.now += timedelta(days=2)
        pauses.resume(DEPOT)
        pauses.pause(DEPOT, "it is too slow")
        assert of_depot().lost_from == self.FIRST

    def test_a_row_of_earlier_code_that_was_drained_is_read_as_that(
        self, operations: Operations, runtime: Runtime
    ) -> None:
        self.of_earlier_code(runtime, RUNNING, True, 3)
        operations.backlogs.put(DEPOT, 5_000)
        assert of_depot().lost_from is None
        assert pauses.reconcile() == 0

    @staticmethod
    def of_earlier_code(runtime: Runtime, wanted: str, settled: bool, waited: int) -> None:
        stamp = clock.stamp(NOON)
        data: dict[str, object] = {
            "consumer": DEPOT,
            "wanted": wanted,
            "by": "operator:ada",
            "reason": "",
            "since": stamp,
        }
        data |= {"state": "", "seen_at": stamp, "itself": False, "told": True, "samples": [[stamp, waited]]}
        runtime.views.put(Row(pauses.PARTITION, DEPOT, {**data, "settled": settled, "version_of_row": 1}), 1)

    @staticmethod
    def days(operations: Operations, number: float) -> None:
        """So many days pass, of which the runner sees every half an hour."""
        for _ in range(round(number * 48)):
            operations.now += timedelta(minutes=29)
            operations.minute()


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
