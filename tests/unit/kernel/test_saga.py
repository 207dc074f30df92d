"""The process manager, by a saga that sees a parcel off."""

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
    withdrawal: ClassVar[Request] = Request("GiveBack", "GivenBack", "Kept")
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
ROUND = (TurnedRound("it rains", EARLIER), UndoSent(0, 1))

each_step = pytest.mark.parametrize("step", YES)


def awaiting(step: int, attempt: int = 1) -> tuple[DomainEvent, ...]:
    """What has happened when the so manieth try of a step waits for its answer."""
    past: list[DomainEvent] = [*BEGUN]
    for done in range(1, step):
        past += [StepAnswered(done), StepSent(done + 1, 1)]
    return *past, *(StepSent(step, again) for again in range(2, attempt + 1))


def hears(reply: str, reason: str = "") -> Callable[[Parcel], None]:
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
    outcome = given(Parcel, *awaiting(step)).when(hears(YES[step]))
    if step < len(YES):
        outcome.then(StepAnswered(step), StepSent(step + 1, 1)).then_state(step=step + 1, attempt=1, sent=step + 1)
    else:
        outcome.then(StepAnswered(step), Completed(NOW)).then_state(status="completed", step=step, since=NOW)


@each_step
@pytest.mark.parametrize("attempt", [2, 3])
def test_the_answer_to_any_try_of_a_step_counts(step: int, attempt: int) -> None:
    outcome = given(Parcel, *awaiting(step, attempt)).when(hears(YES[step]))
    assert outcome.aggregate.changes[0] == StepAnswered(step)


@each_step
def test_a_refusal_turns_the_saga_round_at_any_step(step: int) -> None:
    given(Parcel, *awaiting(step)).when(hears(NO[step], "it rains")).then(
        TurnedRound("it rains", NOW), UndoSent(0, 1)
    ).then_state(status="running", compensating=True, step=0, attempt=1, sent=step, reason="it rains", since=NOW)


@each_step
def test_an_answer_to_anything_but_the_step_that_waits_changes_nothing(step: int) -> None:
    others = {*YES.values(), *NO.values(), "GivenBack", "Kept", "Unloaded", "Torn", "Weather"} - {YES[step], NO[step]}
    for reply in sorted(others):
        given(Parcel, *awaiting(step)).when(hears(reply)).then_nothing()


def test_nothing_is_answered_to_a_saga_that_is_not_there() -> None:
    for reply in (*YES.values(), *NO.values(), "GivenBack", "Kept"):
        given(Parcel).when(hears(reply)).then_nothing()
    given(Parcel).when(times_out(0, 0, False)).then_nothing()


@each_step
@pytest.mark.parametrize("attempt", [1, 2])
def test_a_step_without_an_answer_is_tried_again(step: int, attempt: int) -> None:
    given(Parcel, *awaiting(step, attempt)).when(times_out(step, attempt, False)).then(StepSent(step, attempt + 1))


@pytest.mark.parametrize(("step", "command"), [(1, "Weigh"), (2, "Load")])
def test_the_third_timeout_turns_the_saga_round(step: int, command: str) -> None:
    reason = f"{command} has no answer after 3 tries"
    given(Parcel, *awaiting(step, 3)).when(times_out(step, 3, False)).then(TurnedRound(reason, NOW), UndoSent(0, 1))


@pytest.mark.parametrize("step", [3, 4])
@pytest.mark.parametrize("attempt", [3, 4, 20])
def test_a_step_that_insists_is_tried_for_as_long_as_it_takes(step: int, attempt: int) -> None:
    given(Parcel, *awaiting(step, attempt)).when(times_out(step, attempt, False)).then(StepSent(step, attempt + 1))


def test_a_timeout_counts_only_for_the_very_step_attempt_and_direction_that_waits() -> None:
    for step, attempt, compensating in [(2, 1, False), (2, 3, False), (1, 2, False), (3, 2, False), (2, 2, True)]:
        given(Parcel, *awaiting(2, 2)).when(times_out(step, attempt, compensating)).then_nothing()
    for step, attempt, compensating in [(0, 2, True), (0, 1, False), (2, 1, True), (1, 1, False)]:
        given(Parcel, *awaiting(1), *ROUND).when(times_out(step, attempt, compensating)).then_nothing()


@pytest.mark.parametrize(("sent", "undone"), [(1, []), (2, [2]), (3, [3, 2]), (4, [4, 3])])
def test_every_step_that_was_sent_is_undone_in_reverse_order_and_no_request_made_twice(
    sent: int, undone: list[int]
) -> None:
    past: tuple[DomainEvent, ...] = (*awaiting(sent), *ROUND)
    undos, at = {0: "GivenBack", 2: "Unloaded", 3: "Torn", 4: "Unloaded"}, 0
    for following in undone:
        happened = (Undone(at), UndoSent(following, 1))
        given(Parcel, *past).when(hears(undos[at])).then(*happened)
        past, at = (*past, *happened), following
    given(Parcel, *past).when(hears(undos[at])).then(Undone(at), Compensated(NOW)).then_state(
        status="compensated", compensating=True, step=at, since=NOW, reason="it rains"
    )


def test_what_stands_in_spite_of_its_withdrawal_completes_the_saga() -> None:
    given(Parcel, *awaiting(4), *ROUND).when(hears("Kept")).then(Completed(NOW)).then_state(
        status="completed", compensating=False, step=4, reason=""
    )


@pytest.mark.parametrize("attempt", range(1, 8))
def test_an_undo_without_an_answer_is_tried_again(attempt: int) -> None:
    past = (*awaiting(2), *ROUND, *(UndoSent(0, again) for again in range(2, attempt + 1)))
    given(Parcel, *past).when(times_out(0, attempt, True)).then(UndoSent(0, attempt + 1))


PARKED = (
    *awaiting(2),
    *ROUND,
    Undone(0),
    *(UndoSent(2, attempt) for attempt in range(1, 9)),
    Parked("Unload has no answer after 8 tries", EARLIER),
)


def test_an_undo_that_has_no_answer_after_eight_tries_is_parked() -> None:
    given(Parcel, *PARKED[:-1]).when(times_out(2, 8, True)).then(
        Parked("Unload has no answer after 8 tries", NOW)
    ).then_state(status="parked", step=2, obstacle="Unload has no answer after 8 tries", reason="it rains", since=NOW)


def test_a_parked_saga_is_not_moved_by_timeouts() -> None:
    given(Parcel, *PARKED).when(times_out(2, 8, True)).then_nothing()


def test_a_parked_saga_that_is_resumed_sends_again_what_waits() -> None:
    given(Parcel, *PARKED).when(lambda saga: saga.resume(NOW)).then(Resumed(NOW), UndoSent(2, 9)).then_state(
        status="running", obstacle="", since=NOW, step=2, attempt=9
    )


def test_a_resumed_saga_tries_eight_times_more_before_it_is_parked_again() -> None:
    resumed = (*PARKED, Resumed(EARLIER), *(UndoSent(2, attempt) for attempt in range(9, 16)))
    given(Parcel, *resumed).when(times_out(2, 15, True)).then(UndoSent(2, 16))
    given(Parcel, *resumed, UndoSent(2, 16)).when(times_out(2, 16, True)).then(
        Parked("Unload has no answer after 16 tries", NOW)
    )


def test_the_answer_that_a_parked_saga_waits_for_counts_when_it_comes_after_all() -> None:
    given(Parcel, *PARKED).when(hears("Unloaded")).then(Resumed(NOW), Undone(2), Compensated(NOW)).then_state(
        status="compensated", obstacle=""
    )


def test_what_stands_completes_a_parked_saga_too() -> None:
    parked = (*awaiting(2), *ROUND, *(UndoSent(0, attempt) for attempt in range(2, 9)), Parked("no answer", EARLIER))
    given(Parcel, *parked).when(hears("Kept")).then(Resumed(NOW), Completed(NOW))


@pytest.mark.parametrize(
    ("past", "message"),
    [
        (BEGUN, "the parcel is running"),
        ((*BEGUN, *ROUND), "the parcel is running"),
        ((*awaiting(4), StepAnswered(4), Completed(EARLIER)), "the parcel is completed"),
        ((Stopped("it rains", EARLIER),), "the parcel is stopped"),
    ],
)
def test_only_a_parked_saga_can_be_resumed(past: tuple[DomainEvent, ...], message: str) -> None:
    given(Parcel, *past).when(lambda saga: saga.resume(NOW)).then_refused(message)


@each_step
def test_calling_off_turns_a_running_saga_round_at_once(step: int) -> None:
    given(Parcel, *awaiting(step, 2)).when(lambda saga: saga.call_off("it rains", NOW)).then(
        TurnedRound("it rains", NOW), UndoSent(0, 1)
    )


def test_calling_off_before_the_beginning_leaves_a_mark_that_stops_it() -> None:
    given(Parcel).when(lambda saga: saga.call_off("it rains", NOW)).then(Stopped("it rains", NOW)).then_state(
        status="stopped", reason="it rains", since=NOW
    )
    given(Parcel, Stopped("it rains", EARLIER)).when(
        lambda saga: saga.begin(ParcelTaken("12 Hill Road"), NOW)
    ).then_nothing()


@pytest.mark.parametrize(
    "past",
    [
        (*BEGUN, *ROUND),
        (*BEGUN, *ROUND, Undone(0), Compensated(EARLIER)),
        (*awaiting(4), StepAnswered(4), Completed(EARLIER)),
        PARKED,
        (Stopped("it rains", EARLIER),),
    ],
    ids=["turned round", "compensated", "completed", "parked", "stopped"],
)
def test_calling_off_changes_nothing_when_the_saga_is_turned_round_or_over(past: tuple[DomainEvent, ...]) -> None:
    given(Parcel, *past).when(lambda saga: saga.call_off("it snows", NOW)).then_nothing()


@pytest.mark.parametrize(
    "past",
    [
        (*BEGUN, *ROUND, Undone(0), Compensated(EARLIER)),
        (*awaiting(4), StepAnswered(4), Completed(EARLIER)),
        (Stopped("it rains", EARLIER),),
    ],
    ids=["compensated", "completed", "stopped"],
)
def test_a_saga_that_has_ended_is_moved_by_nothing(past: tuple[DomainEvent, ...]) -> None:
    for reply in (*YES.values(), *NO.values(), "GivenBack", "Kept", "Unloaded", "Torn"):
        given(Parcel, *past).when(hears(reply)).then_nothing()
    for step in range(5):
        for compensating in (False, True):
            given(Parcel, *past).when(times_out(step, 1, compensating)).then_nothing()


def test_patience_is_even_for_three_tries_and_then_doubles() -> None:
    patience = [given(Parcel, *awaiting(4, attempt)).aggregate.timeout_factor for attempt in range(1, 7)]
    assert patience == [1, 1, 1, 2, 4, 8]


def test_patience_doubles_with_each_undo_and_begins_anew_when_resumed() -> None:
    undos = [UndoSent(0, attempt) for attempt in range(2, 11)]
    patience = [given(Parcel, *BEGUN, *ROUND, *undos[:tries]).aggregate.timeout_factor for tries in range(10)]
    assert patience == [1, 2, 4, 8, 16, 32, 64, 128, 1, 2]


@each_step
def test_the_request_that_waits_is_the_steps_own_or_its_undo(step: int) -> None:
    running = given(Parcel, *awaiting(step)).aggregate
    assert running.awaited is Parcel.steps[step - 1].request
    assert given(Parcel, *awaiting(step), *ROUND).aggregate.awaited is Parcel.withdrawal
