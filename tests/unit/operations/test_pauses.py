"""Consumers are paused and resumed: the row says what is wanted, and the mapping follows, whatever comes between."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import InvalidError, NotFoundError, RefusedError, UnavailableError
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from functions.operations import backlogs, intake, pauses
from functions.operations.cloud import Held
from functions.operations.mappings import DISABLED, DISABLING, ENABLED, ENABLING
from functions.operations.pauses import PAUSED, RUNNING
from functions.operations.runner import runner
from tests.support.letters import known_consumers, operator
from tests.support.mappings import MemoryBacklogs, MemoryMappings
from tests.unit.operations.redriving import Calls, Crash, Guarded
from tests.unit.operations.rung import Rung

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEPOT = "depot/inbox"


class Operations:
    """Operations with a clock, the mappings of consumers, their queues, and what notices it was."""

    def __init__(self) -> None:
        self.now = NOON
        self.mappings, self.backlogs = MemoryMappings(), MemoryBacklogs()
        self.notices: list[tuple[str, str]] = []
        self.notifies = True
        self.started: list[str] = []
        self.outcomes: list[Held] = []

    def publish(self, subject: str, text: str) -> None:
        if "dead letters" in subject:  # the daily summary
            return
        if not self.notifies:
            raise UnavailableError("the topic does not answer")
        self.notices.append((subject, text))

    def start(self, function: str) -> None:
        self.started.append(function)

    def receive(self) -> list[Held]:
        return self.outcomes[:10]

    def delete(self, held: list[Held]) -> None:
        self.outcomes = [one for one in self.outcomes if one not in held]

    def minute(self) -> None:
        """A minute later the runner runs."""
        self.now += timedelta(minutes=1)
        runner.handle({})

    def ask(self, **changes: Any) -> None:
        """A consumer asks for a pause, and the redriver takes it."""
        said = {
            "pause": DEPOT,
            "share": 0.75,
            "messages": 24,
            "sample": "OrderApproved message-7",
            "error": "RuntimeError: the shelf is gone",
            "since": clock.stamp(self.now - timedelta(minutes=1)),
            "at": clock.stamp(self.now),
        }
        self.outcomes.append(Held(f"held-{len(self.outcomes)}", "receipt", json.dumps({**said, **changes})))
        intake.take()


@pytest.fixture
def operations(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operations]:
    made = Operations()
    runtime.adapters |= {"mappings": made.mappings, "backlog": made.backlogs}
    runtime.adapters |= {"topic": made, "starts": made, "outcomes": made}
    with known_consumers(monkeypatch), clock.fixed(lambda: made.now, lambda seconds: None), operator():
        yield made


def of_depot() -> backlogs.Overview:
    return next(one for one in backlogs.overviews() if one.consumer == DEPOT)


class TestWanted:
    def test_a_paused_consumer_receives_nothing_once_its_mapping_has_followed(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        assert operations.started == ["runner"]
        assert of_depot().state == "pausing"
        operations.minute()
        assert (operations.mappings.state(DEPOT), of_depot().state) == (DISABLING, "pausing")
        operations.minute()
        assert (operations.mappings.state(DEPOT), of_depot().state) == (DISABLED, "paused")
        assert pauses.find(DEPOT).by == "operator:ada"
        assert pauses.find(DEPOT).reason == "its shelf is wrong"

    def test_a_resumed_consumer_receives_again(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.minute()
        operations.minute()
        pauses.resume(DEPOT)
        assert of_depot().state == "resuming"
        operations.minute()
        assert (operations.mappings.state(DEPOT), of_depot().state) == (ENABLING, "resuming")
        operations.minute()
        assert (operations.mappings.state(DEPOT), of_depot().state) == (ENABLED, "running")
        assert operations.mappings.is_on("payments/inbox")

    def test_who_pauses_it_again_changes_nothing(self, operations: Operations) -> None:
        first = pauses.pause(DEPOT, "its shelf is wrong")
        operations.now += timedelta(minutes=5)
        with operator("bo"):
            assert pauses.pause(DEPOT, "something else") == first

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 1_001])
    def test_a_pause_has_a_reason(self, operations: Operations, reason: str) -> None:
        with pytest.raises(InvalidError):
            pauses.pause(DEPOT, reason)
        assert pauses.known() == {}

    def test_what_is_no_consumer_is_not_found(self, operations: Operations) -> None:
        with pytest.raises(NotFoundError):
            pauses.pause("depot/shelf", "why not")
        with pytest.raises(NotFoundError):
            pauses.resume("shelf/inbox")

    @pytest.mark.parametrize("name", ["operations/outcomes", "depot/relay"])
    def test_what_operations_needs_itself_and_what_has_no_queue_is_not_paused(
        self, operations: Operations, name: str
    ) -> None:
        with pytest.raises(RefusedError):
            pauses.pause(name, "why not")
        operations.ask(pause=name)
        assert pauses.known() == {}


class TestReconciled:
    @pytest.mark.parametrize("call", ["find", "switch"])
    def test_a_mapping_that_could_not_be_switched_is_a_minute_later(self, operations: Operations, call: str) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        failing = [call]

        def fail(called: str) -> None:
            if called in failing:
                failing.clear()
                raise UnavailableError("Lambda does not answer")

        operations.mappings.fails = fail
        if call == "find":
            with pytest.raises(UnavailableError):
                operations.minute()
        else:
            operations.minute()
        assert operations.mappings.state(DEPOT) == ENABLED
        operations.minute()
        operations.minute()
        assert operations.mappings.state(DEPOT) == DISABLED

    def test_a_mapping_that_may_not_be_switched_rings_each_minute(self, operations: Operations, rung: Rung) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")

        def fail(called: str) -> None:
            if called == "switch":
                raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "UpdateEventSourceMapping")

        operations.mappings.fails = fail
        for _ in range(2):
            operations.minute()
            assert rung.times("Errors") == 1

    def test_a_mapping_that_a_deployment_switched_on_is_switched_off_again(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.minute()
        operations.minute()
        operations.mappings.set(DEPOT, on=True)
        operations.minute()
        operations.minute()
        assert operations.mappings.state(DEPOT) == DISABLED

    def test_a_mapping_that_a_slow_runner_switches_off_after_a_resume_is_switched_on_again(
        self, operations: Operations
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.minute()
        pauses.resume(DEPOT)
        operations.minute()
        operations.mappings.set(DEPOT, on=False)  # by one that had read the row before
        operations.minute()
        operations.minute()
        assert operations.mappings.state(DEPOT) == ENABLED

    def test_a_mapping_of_which_nothing_was_ever_wanted_is_left_as_it_is(self, operations: Operations) -> None:
        operations.mappings.set("payments/inbox", on=False)
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.minute()
        assert operations.mappings.state("payments/inbox") == DISABLED

    def test_one_without_a_mapping_holds_up_no_other(self, operations: Operations) -> None:
        operations.mappings.missing.add("customers/inbox")
        pauses.pause("customers/inbox", "its stack is gone")
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.minute()
        operations.minute()
        assert operations.mappings.state(DEPOT) == DISABLED

    def test_once_it_runs_and_its_backlog_is_gone_nothing_more_is_asked(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.minute()
        operations.backlogs.put(DEPOT, 100)
        pauses.resume(DEPOT)
        for _ in range(5):
            operations.minute()
        assert not pauses.find(DEPOT).settled
        operations.backlogs.put(DEPOT, 3)
        operations.minute()
        assert pauses.find(DEPOT).settled
        assert pauses.reconcile() == 0


class TestCrashes:
    @pytest.mark.parametrize("after", [False, True])
    def test_wherever_the_runner_dies_mapping_and_row_agree_two_minutes_later(
        self, operations: Operations, runtime: Runtime, after: bool
    ) -> None:
        """At each call in turn: of the store, of Lambda, of SQS, and of the topic."""
        calls = Calls(after=after)
        runtime.views = Guarded(runtime.views, calls)
        for name in ("mappings", "backlog", "topic"):
            runtime.adapters[name] = Guarded(runtime.adapters[name], calls)
        died = 0
        for crash in range(1, 25):
            for is_paused in (True, False):
                calls.crash = -1
                operations.now += timedelta(hours=1)
                operations.ask() if is_paused else pauses.resume(DEPOT)
                calls.made, calls.crash = 0, crash
                try:
                    operations.minute()
                except Crash:
                    died += 1
                calls.crash = -1
                operations.minute()
                operations.minute()
                assert operations.mappings.state(DEPOT) == (DISABLED if is_paused else ENABLED)
                assert pauses.find(DEPOT).state == operations.mappings.state(DEPOT)
                assert pauses.find(DEPOT).told
        assert died >= 10

    def test_an_operators_call_that_dies_before_its_row_is_written_has_wanted_nothing(
        self, operations: Operations, runtime: Runtime
    ) -> None:
        calls = Calls(crash=2)  # the first reads the row
        runtime.views = Guarded(runtime.views, calls)
        with pytest.raises(Crash):
            pauses.pause(DEPOT, "its shelf is wrong")
        operations.minute()
        assert operations.mappings.state(DEPOT) == ENABLED
        assert pauses.known() == {}


class TestItself:
    def test_a_consumer_most_of_whose_messages_fail_is_paused_and_that_is_said(self, operations: Operations) -> None:
        operations.ask()
        assert operations.outcomes == []
        operations.minute()
        assert operations.mappings.state(DEPOT) == DISABLING
        [(subject, text)] = operations.notices
        assert subject == "depot/inbox has paused itself"
        assert "75% of the last 24 messages failed, such as OrderApproved message-7" in text
        assert "RuntimeError: the shelf is gone" in text
        operations.minute()
        assert len(operations.notices) == 1
        assert pauses.find(DEPOT).by == DEPOT

    def test_that_is_said_as_soon_as_the_topic_answers(self, operations: Operations) -> None:
        operations.notifies = False
        operations.ask()
        operations.minute()
        assert operations.mappings.state(DEPOT) == DISABLING
        operations.notifies = True
        operations.minute()
        operations.minute()
        assert len(operations.notices) == 1

    def test_an_operators_resume_holds_for_a_quarter_of_an_hour(self, operations: Operations) -> None:
        operations.ask()
        operations.minute()
        pauses.resume(DEPOT)
        operations.now += timedelta(minutes=14)
        operations.ask()
        assert pauses.find(DEPOT).wanted == RUNNING
        operations.now += timedelta(minutes=2)
        operations.ask()
        assert pauses.find(DEPOT).wanted == PAUSED

    def test_a_request_from_before_a_resume_that_comes_late_pauses_nothing(self, operations: Operations) -> None:
        asked = clock.stamp(operations.now)
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.now += timedelta(minutes=1)
        pauses.resume(DEPOT)
        operations.now += timedelta(hours=2)
        operations.ask(at=asked)
        assert pauses.find(DEPOT).wanted == RUNNING

    def test_an_operators_pause_stays_the_operators(self, operations: Operations) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")
        operations.ask()
        assert pauses.find(DEPOT).by == "operator:ada"

    @pytest.mark.parametrize("changes", [{"pause": "depot/shelf"}, {"share": "most"}, {"at": None}])
    def test_a_request_that_cannot_be_understood_stays_for_the_dead_letters(
        self, operations: Operations, changes: dict[str, Any]
    ) -> None:
        pauses.resume(DEPOT)
        operations.ask(**changes)
        assert len(operations.outcomes) == 1
        assert pauses.find(DEPOT).wanted == RUNNING


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
        assert (shown.drains, shown.drained_in, shown.lost_from) == (1_200, 180, None)

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
