"""Consumers are paused and resumed: the row says what is wanted, and the mapping follows, whatever comes between."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import InvalidError, NotFoundError, RefusedError, UnavailableError
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from functions.operations import consumers, pauses
from functions.operations.mappings import DISABLED, DISABLING, ENABLED, ENABLING
from functions.operations.pause_rows import PAUSED, RUNNING
from tests.support.letters import operator
from tests.unit.operations.pausing import DEPOT, Operations, of_depot
from tests.unit.operations.redriving import Calls, Crash, Guarded
from tests.unit.operations.rung import Rung


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

    def test_a_mapping_that_cannot_be_switched_for_long_rings_though_each_try_may_pass(
        self, operations: Operations, rung: Rung
    ) -> None:
        pauses.pause(DEPOT, "its shelf is wrong")

        def fail(called: str) -> None:
            if called == "switch":
                raise UnavailableError("the mapping is being changed")

        operations.mappings.fails = fail
        for _ in range(10):
            operations.minute()
        assert rung.times("Errors") == 0
        operations.minute()
        assert rung.times("Errors") == 1

    @pytest.mark.parametrize("call", ["find", "switch"])
    def test_a_pause_is_told_and_rings_though_no_mapping_may_be_switched(
        self, operations: Operations, rung: Rung, call: str
    ) -> None:
        operations.ask()
        denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "Lambda")

        def fail(called: str) -> None:
            if called == call:
                raise denied

        operations.mappings.fails = fail
        with pytest.raises(ClientError) if call == "find" else nullcontext():
            operations.minute()
        assert [subject for subject, _ in operations.notices] == ["depot/inbox has paused itself"]
        operations.now += timedelta(hours=1)
        with pytest.raises(ClientError) if call == "find" else nullcontext():
            operations.minute()
        assert rung.times("ConsumerPaused") == 1

    def test_one_mapping_that_may_not_be_switched_holds_up_no_other(self, operations: Operations) -> None:
        denied = [ClientError({"Error": {"Code": "AccessDeniedException"}}, "UpdateEventSourceMapping")]

        def fail(called: str) -> None:
            if called == "switch" and denied:
                raise denied.pop()

        operations.mappings.fails = fail
        for name in (DEPOT, "payments/inbox"):
            pauses.pause(name, "its shelf is wrong")
        operations.minute()
        assert sorted(operations.mappings.state(name) for name in (DEPOT, "payments/inbox")) == [DISABLING, ENABLED]

    def test_a_consumer_that_is_not_in_the_code_any_more_is_left_alone(
        self, operations: Operations, monkeypatch: pytest.MonkeyPatch, rung: Rung
    ) -> None:
        pauses.pause(DEPOT, "its service is removed")
        operations.now += timedelta(hours=2)
        monkeypatch.setattr(consumers, "consumers", dict)
        assert pauses.reconcile() == 0
        assert rung.times("ConsumerPaused") == 0

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
        operations.backlogs.put(DEPOT, 0)
        operations.minute()
        assert not pauses.find(DEPOT).settled
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

    def test_a_request_that_was_made_long_ago_pauses_nothing_and_is_done_with(self, operations: Operations) -> None:
        asked = clock.stamp(operations.now)
        operations.now += timedelta(minutes=16)
        operations.ask(at=asked)
        assert (pauses.find(DEPOT).wanted, operations.outcomes) == (RUNNING, [])

    def test_a_request_that_waited_for_a_few_minutes_is_taken(self, operations: Operations) -> None:
        asked = clock.stamp(operations.now)
        operations.now += timedelta(minutes=14)
        operations.ask(at=asked)
        assert pauses.find(DEPOT).wanted == PAUSED

    def test_a_request_of_a_consumer_that_operations_does_not_know_does_not_wait_until_it_does(
        self, operations: Operations, rung: Rung
    ) -> None:
        operations.ask(pause="depot/shelf")
        assert (pauses.known(), operations.outcomes) == ({}, [])
        assert rung.times("Errors") == 0

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

    @pytest.mark.parametrize("changes", [{"pause": ["depot"]}, {"share": "most"}, {"at": None}])
    def test_a_request_that_cannot_be_understood_stays_for_the_dead_letters(
        self, operations: Operations, changes: dict[str, Any]
    ) -> None:
        pauses.resume(DEPOT)
        operations.ask(**changes)
        assert len(operations.outcomes) == 1
        assert pauses.find(DEPOT).wanted == RUNNING
