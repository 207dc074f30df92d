"""The process manager, by the example of a saga that ships a parcel."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest

from functions.kernel.domain.aggregate import DomainEvent, applies
from functions.kernel.domain.saga import (
    Compensated,
    Completed,
    Parked,
    Request,
    Resumed,
    Saga,
    Started,
    Step,
    StepAnswered,
    StepSent,
    Stopped,
    TurnedRound,
    Undone,
    UndoSent,
)
from tests.support.given import given

EARLIER, NOW = "2026-03-14T09:00:00.000000Z", "2026-03-14T09:01:00.000000Z"
UNLOAD = Request("Unload", "Unloaded")


@dataclass(frozen=True)
class ParcelTaken(DomainEvent):
    address: str


@dataclass
class Parcel(Saga):
    first_undo: ClassVar[Request] = Request("GiveBack", "GivenBack", "Kept")
    steps: ClassVar[tuple[Step, ...]] = (
        Step(Request("Weigh", "Weighed", "TooHeavy")),
        Step(Request("Load", "Loaded", "NoRoom"), undo=UNLOAD),
        Step(Request("Stamp", "Stamped", "NoStamps"), undo=Request("Tear", "Torn"), retry_forever=True),
        Step(Request("Drive", "Driven", "NoFuel"), undo=UNLOAD, retry_forever=True),
    )

    address: str = ""

    @applies(ParcelTaken)
    def _on_parcel_taken(self, event: ParcelTaken) -> None:
        self.address = event.address


YES = {number: step.request.accepted for number, step in enumerate(Parcel.steps, start=1)}
NO = {number: str(step.request.refused) for number, step in enumerate(Parcel.steps, start=1)}
BEGUN = (ParcelTaken("12 Hill Road"), Started(EARLIER), StepSent(1, 1))
COMPENSATING = (TurnedRound("it rains", EARLIER), UndoSent(0, 1))

each_step = pytest.mark.parametrize("step", YES)


def awaiting(step: int, attempt: int = 1) -> tuple[DomainEvent, ...]:
    """The events up to the given try of a step."""
    past: list[DomainEvent] = [*BEGUN]
    for done in range(1, step):
        past += [StepAnswered(done), StepSent(done + 1, 1)]
    return *past, *(StepSent(step, again) for again in range(2, attempt + 1))


def replies(reply: str, reason: str = "") -> Callable[[Parcel], None]:
    return lambda saga: saga.answer(reply, NOW, reason)


def times_out(step: int, attempt: int, compensating: bool) -> Callable[[Parcel], None]:
    return lambda saga: saga.time_out(step, attempt, compensating, NOW)


def test_a_saga_begins_with_what_it_is_about_and_its_first_step() -> None:
    given(Parcel).when(lambda saga: saga.begin(ParcelTaken("12 Hill Road"), EARLIER)).then(*BEGUN).then_state(
        status="running", compensating=False, step=1, attempt=1, since=EARLIER, address="12 Hill Road"
    )


def test_a_saga_begins_once() -> None:
    given(Parcel, *BEGUN).when(lambda saga: saga.begin(ParcelTaken("12 Hill Road"), NOW)).then_nothing()


@each_step
def test_a_step_that_is_answered_leads_to_the_next_and_the_last_to_the_end(step: int) -> None:
    outcome = given(Parcel, *awaiting(step)).when(replies(YES[step]))
    if step < len(YES):
        outcome.then(StepAnswered(step), StepSent(step + 1, 1)).then_state(step=step + 1, attempt=1, sent=step + 1)
    else:
        outcome.then(StepAnswered(step), Completed(NOW)).then_state(status="completed", step=step, since=NOW)


@each_step
@pytest.mark.parametrize("attempt", [2, 3])
def test_the_answer_to_any_try_of_a_step_counts(step: int, attempt: int) -> None:
    outcome = given(Parcel, *awaiting(step, attempt)).when(replies(YES[step]))
    assert outcome.aggregate.changes[0] == StepAnswered(step)


@each_step
def test_a_refusal_makes_the_saga_compensate_at_any_step(step: int) -> None:
    given(Parcel, *awaiting(step)).when(replies(NO[step], "it rains")).then(
        TurnedRound("it rains", NOW), UndoSent(0, 1)
    ).then_state(status="running", compensating=True, step=0, attempt=1, sent=step, reason="it rains", since=NOW)


@each_step
def test_an_answer_to_anything_but_the_awaited_step_changes_nothing(step: int) -> None:
    others = {*YES.values(), *NO.values(), "GivenBack", "Kept", "Unloaded", "Torn", "Weather"} - {YES[step], NO[step]}
    for reply in sorted(others):
        given(Parcel, *awaiting(step)).when(replies(reply)).then_nothing()


def test_replies_to_a_saga_that_does_not_exist_change_nothing() -> None:
    for reply in (*YES.values(), *NO.values(), "GivenBack", "Kept"):
        given(Parcel).when(replies(reply)).then_nothing()
    given(Parcel).when(times_out(0, 0, False)).then_nothing()


@each_step
@pytest.mark.parametrize("attempt", [1, 2])
def test_a_step_without_an_answer_is_retried(step: int, attempt: int) -> None:
    given(Parcel, *awaiting(step, attempt)).when(times_out(step, attempt, False)).then(StepSent(step, attempt + 1))


@pytest.mark.parametrize(("step", "command"), [(1, "Weigh"), (2, "Load")])
def test_the_third_timeout_makes_the_saga_compensate(step: int, command: str) -> None:
    reason = f"{command} has no answer after 3 tries"
    given(Parcel, *awaiting(step, 3)).when(times_out(step, 3, False)).then(TurnedRound(reason, NOW), UndoSent(0, 1))


@pytest.mark.parametrize("step", [3, 4])
@pytest.mark.parametrize("attempt", [3, 4, 20])
def test_a_step_that_retries_forever_is_tried_without_limit(step: int, attempt: int) -> None:
    given(Parcel, *awaiting(step, attempt)).when(times_out(step, attempt, False)).then(StepSent(step, attempt + 1))


def test_a_timeout_counts_only_for_the_awaited_step_attempt_and_direction() -> None:
    for step, attempt, compensating in [(2, 1, False), (2, 3, False), (1, 2, False), (3, 2, False), (2, 2, True)]:
        given(Parcel, *awaiting(2, 2)).when(times_out(step, attempt, compensating)).then_nothing()
    for step, attempt, compensating in [(0, 2, True), (0, 1, False), (2, 1, True), (1, 1, False)]:
        given(Parcel, *awaiting(1), *COMPENSATING).when(times_out(step, attempt, compensating)).then_nothing()


@pytest.mark.parametrize(("sent", "undone"), [(1, []), (2, [2]), (3, [3, 2]), (4, [4, 3])])
def test_every_step_that_was_sent_is_undone_in_reverse_order_and_no_undo_sent_twice(
    sent: int, undone: list[int]
) -> None:
    past: tuple[DomainEvent, ...] = (*awaiting(sent), *COMPENSATING)
    undos, at = {0: "GivenBack", 2: "Unloaded", 3: "Torn", 4: "Unloaded"}, 0
    for following in undone:
        happened = (Undone(at), UndoSent(following, 1))
        given(Parcel, *past).when(replies(undos[at])).then(*happened)
        past, at = (*past, *happened), following
    given(Parcel, *past).when(replies(undos[at])).then(Undone(at), Compensated(NOW)).then_state(
        status="compensated", compensating=True, step=at, since=NOW, reason="it rains"
    )


def test_a_refused_first_undo_completes_the_saga() -> None:
    given(Parcel, *awaiting(4), *COMPENSATING).when(replies("Kept")).then(Completed(NOW)).then_state(
        status="completed", compensating=False, step=4, reason=""
    )


@pytest.mark.parametrize("attempt", [1, 2, 8, 34])
def test_an_undo_without_an_answer_is_retried(attempt: int) -> None:
    past = (*awaiting(2), *COMPENSATING, *(UndoSent(0, again) for again in range(2, attempt + 1)))
    given(Parcel, *past).when(times_out(0, attempt, True)).then(UndoSent(0, attempt + 1))


PARKED = (
    *awaiting(2),
    *COMPENSATING,
    Undone(0),
    *(UndoSent(2, attempt) for attempt in range(1, 36)),
    Parked("Unload has no answer after 35 tries", EARLIER),
)


def test_an_undo_that_has_no_answer_after_35_tries_is_parked() -> None:
    given(Parcel, *PARKED[:-1]).when(times_out(2, 35, True)).then(
        Parked("Unload has no answer after 35 tries", NOW)
    ).then_state(status="parked", step=2, obstacle="Unload has no answer after 35 tries", reason="it rains", since=NOW)


def test_a_timeout_does_not_change_a_parked_saga() -> None:
    given(Parcel, *PARKED).when(times_out(2, 35, True)).then_nothing()


def test_a_parked_saga_that_is_resumed_retries_the_awaited_undo() -> None:
    given(Parcel, *PARKED).when(lambda saga: saga.resume(NOW)).then(Resumed(NOW), UndoSent(2, 36)).then_state(
        status="running", obstacle="", since=NOW, step=2, attempt=36
    )


def test_a_resumed_saga_tries_35_times_more_before_it_is_parked_again() -> None:
    resumed = (*PARKED, Resumed(EARLIER), *(UndoSent(2, attempt) for attempt in range(36, 70)))
    given(Parcel, *resumed).when(times_out(2, 69, True)).then(UndoSent(2, 70))
    given(Parcel, *resumed, UndoSent(2, 70)).when(times_out(2, 70, True)).then(
        Parked("Unload has no answer after 70 tries", NOW)
    )


def test_a_saga_that_was_parked_after_eight_tries_by_earlier_code_is_resumed_for_27_more() -> None:
    """The stored events of before: 8 tries, and 75 minutes, were the limit."""
    parked = (*PARKED[:-1][:-27], Parked("Unload has no answer after 8 tries", EARLIER))
    resumed = (*parked, Resumed(EARLIER), *(UndoSent(2, attempt) for attempt in range(9, 35)))
    given(Parcel, *resumed).when(times_out(2, 34, True)).then(UndoSent(2, 35))
    given(Parcel, *resumed, UndoSent(2, 35)).when(times_out(2, 35, True)).then(
        Parked("Unload has no answer after 35 tries", NOW)
    )


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_running_saga_whose_try_is_overdue_is_resumed_as_its_timeout_would(attempt: int) -> None:
    given(Parcel, *awaiting(2, attempt)).when(lambda saga: saga.resume(NOW, overdue=True)).then(
        StepSent(2, attempt + 1)
    )
    given(Parcel, *awaiting(2, attempt)).when(lambda saga: saga.resume(NOW)).then_refused("the parcel is running")


def test_the_awaited_answer_resumes_a_parked_saga() -> None:
    given(Parcel, *PARKED).when(replies("Unloaded")).then(Resumed(NOW), Undone(2), Compensated(NOW)).then_state(
        status="compensated", obstacle=""
    )


def test_a_refused_first_undo_completes_a_parked_saga_too() -> None:
    parked = (
        *awaiting(2),
        *COMPENSATING,
        *(UndoSent(0, attempt) for attempt in range(2, 9)),
        Parked("no answer", EARLIER),
    )
    given(Parcel, *parked).when(replies("Kept")).then(Resumed(NOW), Completed(NOW))


@pytest.mark.parametrize(
    ("past", "message"),
    [
        (BEGUN, "the parcel is running"),
        ((*BEGUN, *COMPENSATING), "the parcel is running"),
        ((*awaiting(4), StepAnswered(4), Completed(EARLIER)), "the parcel is completed"),
        ((Stopped("it rains", EARLIER),), "the parcel is stopped"),
    ],
)
def test_only_a_parked_saga_can_be_resumed(past: tuple[DomainEvent, ...], message: str) -> None:
    given(Parcel, *past).when(lambda saga: saga.resume(NOW)).then_refused(message)


@each_step
def test_a_cancelled_saga_that_runs_compensates_at_once(step: int) -> None:
    given(Parcel, *awaiting(step, 2)).when(lambda saga: saga.cancel("it rains", NOW)).then(
        TurnedRound("it rains", NOW), UndoSent(0, 1)
    )


def test_a_saga_that_is_cancelled_before_it_begins_never_begins() -> None:
    given(Parcel).when(lambda saga: saga.cancel("it rains", NOW)).then(Stopped("it rains", NOW)).then_state(
        status="stopped", reason="it rains", since=NOW
    )
    given(Parcel, Stopped("it rains", EARLIER)).when(
        lambda saga: saga.begin(ParcelTaken("12 Hill Road"), NOW)
    ).then_nothing()


@pytest.mark.parametrize(
    "past",
    [
        (*BEGUN, *COMPENSATING),
        (*BEGUN, *COMPENSATING, Undone(0), Compensated(EARLIER)),
        (*awaiting(4), StepAnswered(4), Completed(EARLIER)),
        PARKED,
        (Stopped("it rains", EARLIER),),
    ],
    ids=["compensating", "compensated", "completed", "parked", "stopped"],
)
def test_a_cancellation_changes_nothing_when_the_saga_compensates_or_has_ended(past: tuple[DomainEvent, ...]) -> None:
    given(Parcel, *past).when(lambda saga: saga.cancel("it snows", NOW)).then_nothing()


@pytest.mark.parametrize(
    "past",
    [
        (*BEGUN, *COMPENSATING, Undone(0), Compensated(EARLIER)),
        (*awaiting(4), StepAnswered(4), Completed(EARLIER)),
        (Stopped("it rains", EARLIER),),
    ],
    ids=["compensated", "completed", "stopped"],
)
def test_nothing_changes_a_saga_that_has_ended(past: tuple[DomainEvent, ...]) -> None:
    for reply in (*YES.values(), *NO.values(), "GivenBack", "Kept", "Unloaded", "Torn"):
        given(Parcel, *past).when(replies(reply)).then_nothing()
    for step in range(5):
        for compensating in (False, True):
            given(Parcel, *past).when(times_out(step, 1, compensating)).then_nothing()


def test_the_timeout_of_a_step_is_the_same_for_three_tries_and_then_doubles_up_to_15_minutes() -> None:
    timeouts = [given(Parcel, *awaiting(4, attempt)).aggregate.timeout(60) for attempt in range(1, 10)]
    assert timeouts == [60, 60, 60, 120, 240, 480, 900, 900, 900]


def test_an_undo_is_tried_for_8_hours_at_intervals_that_double_up_to_15_minutes_and_again_after_a_resume() -> None:
    undos = [UndoSent(0, attempt) for attempt in range(2, 38)]
    timeouts = [given(Parcel, *BEGUN, *COMPENSATING, *undos[:tries]).aggregate.timeout(60) for tries in range(37)]
    assert timeouts == [60, 120, 240, 480, *[900] * 31, 60, 120]
    assert sum(timeouts[:35]) == 8 * 3_600


def test_the_timeout_of_a_setting_beyond_15_minutes_is_15_minutes() -> None:
    assert given(Parcel, *awaiting(1)).aggregate.timeout(3600) == 900


@each_step
def test_the_awaited_request_is_the_steps_own_or_its_undo(step: int) -> None:
    running = given(Parcel, *awaiting(step)).aggregate
    assert running.awaited is Parcel.steps[step - 1].request
    assert given(Parcel, *awaiting(step), *COMPENSATING).aggregate.awaited is Parcel.first_undo
