"""A participant that does not answer at any step, and comes back late: the order is accepted or undone everywhere."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from functions.depot.domain import Cancelled
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.vault import RowWrite
from tests.flow.sagas import COMMANDS, ORDERED, SERVICES, Case, a_case, assert_accepted, assert_idle, assert_undone

MINUTE, HOUR = 60, 3600

disorders = pytest.mark.parametrize("disorder", ORDERED)
early_steps = pytest.mark.parametrize("step", [1, 2, 3])
late_steps = pytest.mark.parametrize("step", [4, 5])
each_step = pytest.mark.parametrize("step", [1, 2, 3, 4, 5])


def stalled(step: int, disorder: int | None = None, **settings: str) -> Case:
    """An order whose saga awaits a step of a service that is stopped."""
    case = a_case(disorder, settings={f"MALLBOTS_{name}": value for name, value in settings.items()})
    case.checks_out(until=COMMANDS[step - 1])
    case.mall.stop(SERVICES[step - 1])
    case.mall.settle()
    return case


def tries(case: Case, command: str) -> int:
    """How often a command was sent, each time with an id of its own."""
    return len({e.metadata.id for e in case.mall.published if e.metadata.name == command})


@disorders
@each_step
def test_a_participant_that_comes_back_before_the_last_timeout_answers_a_retry(disorder: int | None, step: int) -> None:
    case = stalled(step, disorder)
    case.mall.pass_time(2 * MINUTE + 30)
    assert tries(case, COMMANDS[step - 1]) == 3
    assert (case.saga()["step"], case.saga()["compensating"]) == (step, False)
    case.mall.start(SERVICES[step - 1])
    case.mall.pass_time(20 * MINUTE)
    assert_accepted(case)


@disorders
@early_steps
def test_up_to_step_3_the_last_timeout_compensates_and_a_late_participant_undoes_its_step(
    disorder: int | None, step: int
) -> None:
    case = stalled(step, disorder)
    case.mall.pass_time(3 * MINUTE)
    assert case.saga()["reason"] == f"{COMMANDS[step - 1]} has no answer after 3 tries"
    assert case.shopper.order()["status"] == "rejected"
    case.mall.pass_time(10 * MINUTE)
    case.mall.start(SERVICES[step - 1])
    case.mall.pass_time(HOUR)
    assert tries(case, COMMANDS[step - 1]) == 3
    assert_undone(case, "rejected")


@disorders
@late_steps
def test_from_step_4_on_the_saga_retries_forever_and_completes_when_the_participant_is_back(
    disorder: int | None, step: int
) -> None:
    case = stalled(step, disorder)
    case.mall.pass_time(3 * HOUR)
    saga = case.saga()
    assert (saga["status"], saga["step"], saga["compensating"]) == ("running", step, False)
    assert tries(case, COMMANDS[step - 1]) > 10
    case.mall.start(SERVICES[step - 1])
    case.mall.pass_time(HOUR)
    assert_accepted(case)


@each_step
def test_an_order_ends_after_a_participant_was_away_for_hours(step: int) -> None:
    case = stalled(step)
    case.mall.pass_time(6 * HOUR)
    case.mall.start(SERVICES[step - 1])
    case.mall.pass_time(HOUR)
    if step < 4:
        assert_undone(case, "rejected")
    else:
        assert_accepted(case)


@disorders
@each_step
def test_an_order_that_is_cancelled_while_a_participant_is_away_is_undone_when_it_is_back(
    disorder: int | None, step: int
) -> None:
    case = stalled(step, disorder)
    case.mall.pass_time(MINUTE)
    case.mall.start("ordering")
    assert case.cancels() == 200
    case.mall.stop(SERVICES[step - 1])
    case.mall.pass_time(20 * MINUTE)
    case.mall.start(SERVICES[step - 1])
    case.mall.pass_time(HOUR)
    assert_undone(case, "cancelled")


@disorders
@each_step
def test_a_checkout_that_was_away_for_an_hour_continues(disorder: int | None, step: int) -> None:
    case = a_case(disorder)
    case.checks_out(until=COMMANDS[step - 1])
    case.mall.stop("checkout")
    case.mall.pass_time(HOUR)
    case.mall.start("checkout")
    case.mall.pass_time(HOUR)
    assert_accepted(case)


@disorders
@pytest.mark.parametrize("away", [10 * MINUTE, 3 * HOUR])
def test_ordering_that_is_away_when_the_order_is_to_be_rejected_decides_when_it_is_back(
    disorder: int | None, away: int
) -> None:
    case = a_case(disorder, amount=10)
    case.checks_out(until="RejectOrder")
    case.mall.stop("ordering")
    case.mall.pass_time(away)
    assert (case.saga()["step"], case.saga()["compensating"]) == (0, True)
    assert "VoidPayment" not in case.mall.names()
    case.mall.start("ordering")
    case.mall.pass_time(HOUR)
    assert_undone(case, "rejected")


@disorders
def test_an_undo_without_an_answer_is_parked_and_continues_when_the_answer_comes_after_all(
    disorder: int | None,
) -> None:
    case = a_case(disorder, amount=10)
    case.checks_out(until="PaymentRefused")
    case.mall.stop("depot")
    case.mall.pass_time(479 * MINUTE)
    assert case.sagas("parked") == []
    case.mall.pass_time(6 * MINUTE)
    assert case.sagas("parked") == [case.order_id]
    case.mall.start("depot")
    case.mall.pass_time(HOUR)
    assert_undone(case, "rejected")


class BrokenStore(MemoryEventStore):
    """A table that takes no cancellation of a list while it is broken."""

    broken = False

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        if self.broken and any(event.name == Cancelled.__name__ for commit in commits for event in commit.events):
            raise OSError("the table cannot be written")
        super().commit(*commits, beside=beside)


def parked(disorder: int | None = None) -> tuple[Case, BrokenStore]:
    """A case whose list cannot be cancelled: the depot fails each time, and its commands are dead-lettered."""
    case = a_case(disorder, amount=10)
    store = case.mall.runtimes["depot"].store
    assert isinstance(store, MemoryEventStore)
    store.__class__ = BrokenStore
    assert isinstance(store, BrokenStore)
    case.checks_out(until="RejectOrder")
    store.broken = True
    case.mall.pass_time(8 * HOUR + 10 * MINUTE)
    return case, store


def failed(case: Case) -> set[str]:
    """The names of the dead letters."""
    return {
        json.loads(message.body)["detail-type"]
        for messages in case.mall.dead_letters().values()
        for message in messages
    }


@disorders
def test_a_compensation_that_fails_is_retried_then_parked_and_ends_after_staff_resume_it(disorder: int | None) -> None:
    case, store = parked(disorder)
    assert tries(case, "CancelShoppingList") == 35
    assert case.sagas("parked") == [case.order_id]
    saga = case.saga()
    assert (saga["step"], saga["compensating"]) == (2, True)
    assert saga["reason"] == "CancelShoppingList has no answer after 35 tries"
    assert case.shopper.shopping_list()["status"] == "pending"
    assert failed(case) <= {"CancelShoppingList", "OrderRejected"}

    store.broken = False
    assert case.resumes() == 200
    assert case.resumes() == 409
    case.mall.pass_time(MINUTE)
    assert case.sagas("parked") == []
    for subscriber in case.mall.subscribers:  # staff delete the dead letters
        subscriber.dead_letters.messages.clear()
    assert_undone(case, "rejected")
    assert case.resumes() == 409


def test_a_saga_that_is_resumed_too_early_is_parked_again() -> None:
    case, store = parked()
    assert case.resumes() == 200
    case.mall.pass_time(8 * HOUR + 10 * MINUTE)
    assert case.saga()["reason"] == "CancelShoppingList has no answer after 70 tries"
    assert case.sagas("parked") == [case.order_id]
    store.broken = False
    assert case.resumes() == 200
    case.mall.pass_time(MINUTE)
    assert case.shopper.shopping_list()["status"] == "cancelled"
    assert case.sagas("compensated") == [case.order_id]


def test_an_unknown_saga_cannot_be_resumed() -> None:
    case = a_case()
    assert case.resumes() == 404


def rung(caplog: pytest.LogCaptureFixture, metric: str) -> list[dict[str, Any]]:
    """The fields that an alarm logged each time that it rang."""
    return [vars(record) for record in caplog.records if record.message == metric]


def test_parking_rings_an_alarm_that_names_the_order(caplog: pytest.LogCaptureFixture) -> None:
    case, _ = parked()
    alarms = rung(caplog, "SagaParked")
    assert [(alarm["order_id"], alarm["command"]) for alarm in alarms] == [(case.order_id, "CancelShoppingList")]


def test_retrying_forever_rings_an_alarm_at_each_try_after_the_third(caplog: pytest.LogCaptureFixture) -> None:
    case = stalled(4)
    case.mall.pass_time(2 * MINUTE + 59)
    assert rung(caplog, "SagaKeepsRetrying") == []
    case.mall.pass_time(HOUR)
    alarms = rung(caplog, "SagaKeepsRetrying")
    assert [alarm["attempt"] for alarm in alarms] == list(range(4, tries(case, "InitiateShopping") + 1))


@early_steps
def test_the_step_timeout_is_a_setting_of_the_stage(step: int) -> None:
    case = stalled(step, STEP_TIMEOUT="2")
    case.mall.pass_time(5)
    assert case.saga()["compensating"] is False
    case.mall.pass_time(1)
    assert case.saga()["reason"] == f"{COMMANDS[step - 1]} has no answer after 3 tries"
    case.mall.start(SERVICES[step - 1])
    case.mall.pass_time(20 * MINUTE)
    assert_idle(case)
