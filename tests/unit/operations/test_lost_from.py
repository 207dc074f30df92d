"""From when messages are lost that wait for a consumer, by what its row knows of its pauses."""

from datetime import datetime, timedelta
from random import Random

import pytest

from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from functions.operations import pause_rows, pauses
from functions.operations.mappings import DISABLED, ENABLED, Backlog
from functions.operations.pause_rows import KEPT, PAUSED, RETRIED, RUNNING, Pause
from tests.unit.operations.pausing import DEPOT, NOON, Operations, of_depot
from tests.unit.operations.rung import Rung

DAY = timedelta(days=1)


def pass_days(operations: Operations, number: float) -> None:
    """So many days pass, of which the runner sees every half an hour."""
    for _ in range(round(number * 48)):
        operations.now += timedelta(minutes=29)
        operations.minute()


class TestLost:
    """From when SQS drops messages: it counts from when each was sent, however often its consumer was resumed since."""

    FIRST = "2026-03-14T11:00:00.000000Z"  # an hour less than 13 days after NOON

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
        pass_days(operations, 3)
        assert of_depot().lost_from == self.FIRST
        pauses.pause(DEPOT, "it is too slow")
        assert of_depot().lost_from == self.FIRST

    def test_once_a_backlog_is_drained_a_pause_has_its_whole_time(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.backlogs.put(DEPOT, 500)
        operations.now += timedelta(days=2)
        pauses.resume(DEPOT)
        for waiting in (500, 100, 0, 0):
            operations.backlogs.put(DEPOT, waiting)
            operations.minute()
        assert of_depot().lost_from is None
        again = pauses.pause(DEPOT, "its shelf is wrong again")
        operations.backlogs.put(DEPOT, 500)
        assert of_depot().lost_from == clock.stamp(clock.read(again.since) + timedelta(days=12, hours=23))

    def test_a_busy_consumer_of_which_all_was_received_has_drained_its_backlog_once_nothing_can_be_tried_any_more(
        self, operations: Operations
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 0, 200, 900)  # most are reminders, and what is retried
        pass_days(operations, 0.9)
        assert of_depot().lost_from == self.FIRST
        pass_days(operations, 0.2)
        assert of_depot().lost_from is None
        assert pauses.reconcile() == 0

    def test_what_waits_again_a_day_after_all_was_received_is_not_drained(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 0, 200)
        pass_days(operations, 0.5)
        operations.backlogs.put(DEPOT, 5_000, 200)
        pass_days(operations, 1)
        assert of_depot().lost_from == self.FIRST

    def test_a_queue_without_messages_loses_none(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        assert of_depot().lost_from is None

    def test_ten_messages_that_are_retried_since_a_long_pause_are_not_forgotten_by_the_next(
        self, operations: Operations
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.minute()
        operations.backlogs.put(DEPOT, 2_000)
        operations.now += timedelta(days=12, hours=20)
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 0, 10)
        for _ in range(5):
            operations.minute()
        pauses.pause(DEPOT, "its shelf is wrong again")
        operations.minute()
        assert of_depot().lost_from == self.FIRST

    def test_a_queue_that_is_empty_for_a_moment_is_not_drained(self, operations: Operations) -> None:
        """What is between two counts of SQS is in neither."""
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        for waiting in (40, 40, 0, 40):
            operations.backlogs.put(DEPOT, 0, waiting)
            operations.minute()
        assert of_depot().lost_from == self.FIRST

    def test_a_busy_consumer_that_is_paused_each_day_has_a_time_that_goes_on_with_it(
        self, operations: Operations, rung: Rung
    ) -> None:
        for _ in range(20):
            pauses.pause(DEPOT, "its table is moved")
            operations.backlogs.put(DEPOT, 500, 40)
            for _ in range(10):
                operations.minute()
            pauses.resume(DEPOT)
            operations.backlogs.put(DEPOT, 0, 40)
            for _ in range(30):
                operations.minute()
            pass_days(operations, 0.95)
            shown = of_depot().lost_from
            assert shown is None or clock.read(shown) > operations.now + 10 * DAY
        assert rung.times("ConsumerPaused") == 0
        pass_days(operations, 2)
        assert of_depot().lost_from is None
        assert pauses.reconcile() == 0

    def test_what_is_never_seen_to_be_drained_is_gone_once_its_consumer_was_on_for_fourteen_days(
        self, operations: Operations
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 1, 40)
        pass_days(operations, 14)
        assert of_depot().lost_from == self.FIRST
        pass_days(operations, 0.1)
        assert of_depot().lost_from is None
        assert pauses.reconcile() == 0

    def test_a_time_in_which_its_mapping_was_off_again_is_none_of_these_days(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 1, 40)
        pass_days(operations, 10)
        operations.mappings.set(DEPOT, on=False)
        pass_days(operations, 10)
        assert of_depot().lost_from == self.FIRST

    def test_what_was_received_just_before_a_long_pause_may_need_the_hour_after_it(
        self, operations: Operations
    ) -> None:
        """A message is received eight times before it is given up, however long it has waited in between."""
        pauses.pause(DEPOT, "its shelf is wrong")
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 0, 40)
        operations.minute()
        caught_up = clock.stamp(operations.now)
        pauses.pause(DEPOT, "its shelf is wrong again")
        operations.now += timedelta(days=2)
        pauses.resume(DEPOT)
        for _ in range(61):
            operations.minute()
        assert of_depot().lost_from == self.FIRST
        operations.minute()
        assert pauses.find(DEPOT).waits_since == caught_up


class TestRowsOfEarlierCode:
    """They say what was wanted last, and since when."""

    def test_a_pause_counts_from_its_beginning(self, operations: Operations, runtime: Runtime) -> None:
        store_earlier(runtime, PAUSED, settled=False, total=70)
        operations.backlogs.put(DEPOT, 5_000)
        assert of_depot().lost_from == TestLost.FIRST
        operations.now += timedelta(days=2)
        pauses.resume(DEPOT)
        pauses.pause(DEPOT, "it is too slow")
        assert of_depot().lost_from == TestLost.FIRST

    @pytest.mark.parametrize(("settled", "total"), [(False, 0), (True, 70), (True, 3)])
    def test_how_long_messages_waited_before_a_resume_is_not_known_until_they_are_drained(
        self, operations: Operations, runtime: Runtime, rung: Rung, settled: bool, total: int
    ) -> None:
        store_earlier(runtime, RUNNING, settled=settled, total=total)
        operations.backlogs.put(DEPOT, 0, 40)
        assert of_depot().lost_from == clock.stamp(NOON)
        operations.minute()
        pauses.pause(DEPOT, "its table is moved")
        operations.minute()
        assert of_depot().lost_from == clock.stamp(NOON)
        assert rung.times("ConsumerPaused") == 0
        pauses.resume(DEPOT)
        operations.backlogs.put(DEPOT, 0)
        operations.minute()
        operations.minute()
        operations.backlogs.put(DEPOT, 0, 40)
        assert of_depot().lost_from is None

    @pytest.mark.parametrize(("age", "total"), [(DAY, 0), (14 * DAY, 70), (60 * DAY, 3)])
    def test_what_was_drained_and_what_sqs_keeps_no_more_is_over(
        self, operations: Operations, runtime: Runtime, age: timedelta, total: int
    ) -> None:
        """Also that its mapping was left alone since."""
        store_earlier(runtime, RUNNING, settled=True, total=total)
        operations.now += age + timedelta(minutes=1)
        operations.mappings.set(DEPOT, on=False)
        operations.backlogs.put(DEPOT, 5_000)
        assert of_depot().lost_from is None
        assert pauses.reconcile() == 0
        assert operations.mappings.state(DEPOT) == DISABLED

    def test_a_first_failure_to_see_it_does_not_ring(
        self, operations: Operations, runtime: Runtime, rung: Rung
    ) -> None:
        store_earlier(runtime, RUNNING, settled=True, total=40)
        operations.now += 2 * DAY
        operations.backlogs.unmeasurable.add(DEPOT)
        for _ in range(10):
            operations.minute()
        assert rung.times("Errors") == 0
        operations.minute()
        assert rung.times("Errors") == 1


def store_earlier(runtime: Runtime, wanted: str, *, settled: bool, total: int) -> None:
    """Store a row as earlier code wrote it at NOON."""
    stamp = clock.stamp(NOON)
    said = {"consumer": DEPOT, "wanted": wanted, "by": "operator:ada", "reason": "", "since": stamp, "state": ""}
    found = {"seen_at": stamp, "itself": False, "told": True, "samples": [[stamp, total]], "settled": settled}
    runtime.views.put(Row(pauses.PARTITION, DEPOT, {**said, **found, "version_of_row": 1}), 1)


class Message:
    """One that waits; it is tried again, as kernel/messaging/retry.py says, or handled at once."""

    def __init__(self, sent: datetime, *, fails: bool) -> None:
        self.sent, self.fails = sent, fails
        self.first, self.receives, self.visible_at = sent, 0, sent

    def receive(self) -> bool:
        """Whether it is done with."""
        self.first = self.first if self.receives else clock.now()
        self.receives += 1
        self.visible_at = clock.now() + timedelta(seconds=min(2**self.receives, 900))
        return not self.fails or (self.receives >= 8 and clock.now() - self.first >= DAY)


class Swings:
    """A consumer that is paused and resumed at random, and what waits in its queue."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.row, self.state, self.changes_at = Pause(DEPOT), ENABLED, NOON
        self.messages: list[Message] = []

    def five_minutes(self) -> None:
        """It may be paused or resumed; messages come, are received, and are dropped; the runner looks."""
        now = clock.now()
        if now >= self.changes_at:
            wanted = PAUSED if self.row.wanted == RUNNING else RUNNING
            self.row = pause_rows.wanting(self.row, wanted, "operator:ada", "its table is moved")
            self.changes_at = now + self.random.choice([timedelta(minutes=20), timedelta(hours=5), 2 * DAY, 6 * DAY])
        self.state = self.random.choice([self.state, ENABLED]) if self.row.wanted == RUNNING else DISABLED
        if self.random.random() < 0.1:
            self.messages.append(Message(now, fails=self.random.random() < 0.3))
        self.messages = [one for one in self.messages if now - one.sent < KEPT]
        if self.state == ENABLED:
            due = [one for one in self.messages if one.visible_at <= now][:60]
            done = [one for one in due if one.receive()]
            self.messages = [one for one in self.messages if one not in done]
        visible = sum(one.visible_at <= now for one in self.messages)
        waiting = Backlog(visible, len(self.messages) - visible, 0)
        self.row = pause_rows.seen(self.row, self.row, self.state, clock.stamp(), waiting)


@pytest.mark.parametrize("seed", range(3))
def test_however_a_consumer_is_paused_and_resumed_no_message_is_lost_before_the_time_that_is_shown(
    operations: Operations, seed: int
) -> None:
    """Nor before the time that would be shown if it was paused now."""
    swings, times_drained = Swings(seed), 0
    while operations.now < NOON + 40 * DAY:
        operations.now += timedelta(minutes=5)
        swings.five_minutes()
        bound = clock.read(swings.row.waits_since or clock.stamp()) - RETRIED
        assert all(one.sent >= bound for one in swings.messages)
        times_drained += not swings.row.waits_since
    assert times_drained > 0
