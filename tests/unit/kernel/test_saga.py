"""The process manager, by the example of a saga that ships a parcel: tries, timeouts, compensation, and its end."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from functions.kernel.domain.aggregate import DomainEvent
from functions.kernel.domain.saga_events import (
    Compensated,
    Completed,
    Parked,
    Resumed,
    StepAnswered,
    StepSent,
    Stopped,
    TurnedRound,
    Undone,
    UndoSent,
    WatchSet,
)
from tests.support.given import given
from tests.unit.kernel.parcel import (
    BEGUN,
    COMPENSATING,
    NO,
    NOW,
    START,
    YES,
    Parcel,
    after,
    answered,
    asked,
    at,
    looks,
    replies,
    sent,
    taken,
    undo_sent,
)

each_step = pytest.mark.parametrize("step", YES)


def test_a_saga_begins_with_what_it_is_about_the_first_stage_and_a_watch() -> None:
    given(Parcel).when(lambda saga: saga.begin(taken(), at(START))).then(*BEGUN).then_state(
        status="running", compensating=False, step=1, sent=2, since=START, watch=after(60), address="12 Hill Road"
    )


def test_a_saga_begins_once() -> None:
    given(Parcel, *BEGUN).when(lambda saga: saga.begin(taken(), at(NOW))).then_nothing()


@pytest.mark.parametrize(("first", "last"), [(1, 2), (2, 1)])
def test_the_next_stage_is_asked_when_all_steps_of_the_one_before_are_answered_in_any_order(
    first: int, last: int
) -> None:
    given(Parcel, *BEGUN).when(replies(YES[first])).then(StepAnswered(first)).then_state(step=last, sent=2)
    given(Parcel, *BEGUN, StepAnswered(first)).when(replies(YES[last])).then(StepAnswered(last), sent(3)).then_state(
        step=3, sent=3
    )


def test_a_stage_of_one_step_leads_to_the_next_and_the_last_to_the_end() -> None:
    given(Parcel, *asked(3)).when(replies(YES[3])).then(StepAnswered(3), sent(4)).then_state(step=4)
    given(Parcel, *asked(4)).when(replies(YES[4])).then(StepAnswered(4), Completed(NOW)).then_state(
        status="completed", step=4, since=NOW
    )


@each_step
@pytest.mark.parametrize("attempt", [2, 3])
def test_the_answer_to_any_try_of_a_step_counts(step: int, attempt: int) -> None:
    outcome = given(Parcel, *asked(step), sent(step, attempt)).when(replies(YES[step]))
    assert outcome.aggregate.changes[0] == StepAnswered(step)


@each_step
def test_a_refusal_makes_the_saga_compensate_at_any_step(step: int) -> None:
    past = asked(step)
    given(Parcel, *past).when(replies(NO[step], "it rains")).then(
        TurnedRound("it rains", NOW), undo_sent(0)
    ).then_state(status="running", compensating=True, step=0, reason="it rains", since=NOW)


@each_step
def test_an_answer_to_anything_but_an_awaited_step_changes_nothing(step: int) -> None:
    awaited = {1, 2} if step < 3 else {step}
    counted = {reply for one in awaited for reply in (YES[one], NO[one])}
    others = {*YES.values(), *NO.values(), "GivenBack", "Kept", "Unloaded", "Torn", "Weather"} - counted
    for reply in sorted(others):
        given(Parcel, *asked(step)).when(replies(reply)).then_nothing()


def test_the_answer_to_a_step_that_was_answered_changes_nothing_while_another_is_awaited() -> None:
    for reply in (YES[1], NO[1]):
        given(Parcel, *BEGUN, StepAnswered(1)).when(replies(reply)).then_nothing()


def test_replies_to_a_saga_that_does_not_exist_change_nothing() -> None:
    for reply in (*YES.values(), *NO.values(), "GivenBack", "Kept"):
        given(Parcel).when(replies(reply)).then_nothing()
    given(Parcel).when(looks(NOW)).then_nothing()


def test_every_overdue_step_is_tried_again_and_one_watch_is_set_for_all() -> None:
    given(Parcel, *BEGUN).when(looks(after(60))).then(
        sent(1, 2, at=after(60)), sent(2, 2, at=after(60)), WatchSet(after(120))
    )
    given(Parcel, *BEGUN, StepAnswered(1)).when(looks(after(60))).then(sent(2, 2, at=after(60)), WatchSet(after(120)))


def test_a_step_that_is_not_overdue_when_the_watch_ends_is_watched_until_it_is() -> None:
    past = (*BEGUN, *answered(1, 2), sent(3, at=after(20)))
    given(Parcel, *past).when(looks(after(60))).then(WatchSet(after(80)))
    given(Parcel, *past, WatchSet(after(80))).when(looks(after(80))).then(
        sent(3, 2, at=after(80)), WatchSet(after(140))
    )


def test_each_step_has_tries_of_its_own() -> None:
    past = (*BEGUN, sent(1, 2, at=after(60)), sent(1, 3, at=after(120)), sent(2, 2, at=after(150)))
    given(Parcel, *past, WatchSet(after(180))).when(looks(after(180))).then(
        TurnedRound("Weigh has no answer after 3 tries", after(180)), undo_sent(0, at=after(180)), WatchSet(after(240))
    )
    given(Parcel, *past, StepAnswered(1), WatchSet(after(180))).when(looks(after(180))).then(WatchSet(after(210)))


@pytest.mark.parametrize(("step", "command"), [(1, "Weigh"), (2, "Load")])
def test_the_third_timeout_of_any_step_makes_the_saga_compensate(step: int, command: str) -> None:
    past = (*BEGUN, StepAnswered(3 - step), sent(step, 3, at=after(120)), WatchSet(after(180)))
    given(Parcel, *past).when(looks(after(180))).then(
        TurnedRound(f"{command} has no answer after 3 tries", after(180)),
        undo_sent(0, at=after(180)),
        WatchSet(after(240)),
    )


@pytest.mark.parametrize(("attempt", "wait"), [(1, 60), (2, 60), (3, 120), (4, 240), (6, 900), (20, 900)])
def test_a_step_that_retries_forever_waits_longer_from_its_fourth_try_on_up_to_15_minutes(
    attempt: int, wait: int
) -> None:
    last = replace(sent(4, attempt), due=NOW)
    given(Parcel, *asked(4), last, WatchSet(NOW)).when(looks(NOW)).then(
        StepSent(4, attempt + 1, after(wait, NOW)), WatchSet(after(wait, NOW))
    )


def test_only_the_end_of_the_latest_watch_counts() -> None:
    past = (*BEGUN, sent(1, 2, at=after(60)), StepAnswered(2), WatchSet(after(120)))
    given(Parcel, *past).when(lambda saga: saga.watch_ended(after(60), at(after(130)))).then_nothing()
    given(Parcel, *past).when(lambda saga: saga.watch_ended(after(120), at(after(130)))).then(
        sent(1, 3, at=after(130)), WatchSet(after(190))
    )


def test_a_watch_that_ends_early_by_another_clock_times_nothing_out_and_is_set_again() -> None:
    given(Parcel, *BEGUN).when(lambda saga: saga.watch_ended(after(60), at(after(57)))).then(WatchSet(after(60)))


def test_a_watch_is_set_earlier_when_the_saga_turns_round_while_a_late_step_waits_for_long() -> None:
    past = (*asked(4), StepSent(4, 9, after(900, NOW)), WatchSet(after(900, NOW)))
    given(Parcel, *past).when(replies(NO[4], "it rains")).then(
        TurnedRound("it rains", NOW), undo_sent(0), WatchSet(after(60, NOW))
    )


def test_a_saga_whose_watch_has_ended_gets_another_with_the_next_step_it_asks() -> None:
    late = after(61)
    given(Parcel, *BEGUN, StepAnswered(1)).when(replies(YES[2], at_time=late)).then(
        StepAnswered(2), sent(3, at=late), WatchSet(after(121))
    )


@pytest.mark.parametrize(("step", "undone"), [(1, [2]), (3, [3, 2]), (4, [4, 3])])
def test_every_step_that_was_sent_is_undone_in_reverse_order_and_no_undo_sent_twice(
    step: int, undone: list[int]
) -> None:
    past: tuple[DomainEvent, ...] = (*asked(step), *COMPENSATING)
    undos, now_at = {0: "GivenBack", 2: "Unloaded", 3: "Torn", 4: "Unloaded"}, 0
    for following in undone:
        happened = (Undone(now_at), undo_sent(following))
        given(Parcel, *past).when(replies(undos[now_at])).then(*happened)
        past, now_at = (*past, *happened), following
    given(Parcel, *past).when(replies(undos[now_at])).then(Undone(now_at), Compensated(NOW)).then_state(
        status="compensated", compensating=True, step=now_at, since=NOW, reason="it rains"
    )


def test_late_replies_to_steps_change_nothing_while_the_saga_compensates() -> None:
    for reply in (*YES.values(), *NO.values()):
        given(Parcel, *BEGUN, *COMPENSATING).when(replies(reply)).then_nothing()


def test_a_refused_first_undo_completes_the_saga() -> None:
    given(Parcel, *asked(4), *COMPENSATING).when(replies("Kept")).then(Completed(NOW)).then_state(
        status="completed", compensating=False, step=4, reason=""
    )


@pytest.mark.parametrize(("attempt", "wait"), [(1, 120), (2, 240), (8, 900), (34, 900)])
def test_an_undo_without_an_answer_is_retried(attempt: int, wait: int) -> None:
    past = (*BEGUN, TurnedRound("it rains", START), UndoSent(0, attempt, NOW), WatchSet(NOW))
    given(Parcel, *past).when(looks(NOW)).then(UndoSent(0, attempt + 1, after(wait, NOW)), WatchSet(after(wait, NOW)))


PARKED = (
    *BEGUN,
    *COMPENSATING,
    Undone(0),
    *(UndoSent(2, attempt, NOW) for attempt in range(1, 36)),
    WatchSet(NOW),
    Parked("Unload has no answer after 35 tries", START),
)


def test_an_undo_that_has_no_answer_after_35_tries_is_parked() -> None:
    given(Parcel, *PARKED[:-1]).when(looks(NOW)).then(Parked("Unload has no answer after 35 tries", NOW)).then_state(
        status="parked", step=2, obstacle="Unload has no answer after 35 tries", reason="it rains", since=NOW
    )


def test_no_watch_changes_a_parked_saga() -> None:
    given(Parcel, *PARKED).when(looks(after(3_600))).then_nothing()


def test_a_parked_saga_that_is_resumed_retries_the_awaited_undo() -> None:
    given(Parcel, *PARKED).when(lambda saga: saga.resume(at(NOW))).then(
        Resumed(NOW), undo_sent(2, 36), WatchSet(after(60, NOW))
    ).then_state(status="running", obstacle="", since=NOW, runs_since=NOW, step=2)


def test_a_resumed_saga_tries_35_times_more_before_it_is_parked_again() -> None:
    resumed = (*PARKED, Resumed(START), UndoSent(2, 69, NOW), WatchSet(NOW))
    given(Parcel, *resumed).when(looks(NOW)).then(UndoSent(2, 70, after(900, NOW)), WatchSet(after(900, NOW)))
    given(Parcel, *resumed, UndoSent(2, 70, NOW)).when(looks(NOW)).then(
        Parked("Unload has no answer after 70 tries", NOW)
    )


def test_a_saga_that_was_parked_after_eight_tries_by_earlier_code_is_resumed_for_27_more() -> None:
    """The stored events of before: 8 tries, and 75 minutes, were the limit."""
    parked = (*BEGUN, *COMPENSATING, UndoSent(0, 8, ""), Parked("GiveBack has no answer after 8 tries", START))
    given(Parcel, *parked).when(lambda saga: saga.resume(at(after(60)))).then(
        Resumed(after(60)), UndoSent(0, 9, after(60 + 900)), WatchSet(after(60 + 900))
    )
    resumed = (*parked, Resumed(START), WatchSet(NOW))
    given(Parcel, *resumed, UndoSent(0, 34, NOW)).when(looks(NOW)).then(
        UndoSent(0, 35, after(900, NOW)), WatchSet(after(900, NOW))
    )
    given(Parcel, *resumed, UndoSent(0, 35, NOW)).when(looks(NOW)).then(
        Parked("GiveBack has no answer after 35 tries", NOW)
    )


def test_undos_are_tried_for_8_hours_and_again_after_a_resume() -> None:
    waits = []
    saga = given(Parcel, *BEGUN, *COMPENSATING).aggregate
    for _ in range(35):
        waits.append(saga.awaited[0].due)
        saga.look(at(saga.due))
    assert saga.status == "parked"
    assert waits[0] == after(60, NOW)
    assert waits[34] == after(8 * 3_600, NOW)
    parked_at = after(8 * 3_600, NOW)
    saga.resume(at(parked_at))
    assert saga.due == after(60, parked_at)


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_running_saga_whose_try_is_overdue_is_resumed_as_the_end_of_its_watch_would(attempt: int) -> None:
    past = (*BEGUN, StepAnswered(1), sent(2, attempt))
    given(Parcel, *past).when(lambda saga: saga.resume(at(after(60)))).then(
        sent(2, attempt + 1, at=after(60)), WatchSet(after(120))
    )
    given(Parcel, *past).when(lambda saga: saga.resume(at(after(59)))).then_refused("the parcel is running")


def test_the_awaited_answer_resumes_a_parked_saga() -> None:
    given(Parcel, *PARKED).when(replies("Unloaded")).then(Resumed(NOW), Undone(2), Compensated(NOW)).then_state(
        status="compensated", obstacle=""
    )


def test_a_refused_first_undo_completes_a_parked_saga_too() -> None:
    parked = (*BEGUN, *COMPENSATING, UndoSent(0, 35, START), Parked("no answer", START))
    given(Parcel, *parked).when(replies("Kept")).then(Resumed(NOW), Completed(NOW))


@pytest.mark.parametrize(
    ("past", "message"),
    [
        (BEGUN, "the parcel is running"),
        ((*BEGUN, *COMPENSATING), "the parcel is running"),
        ((*asked(4), StepAnswered(4), Completed(START)), "the parcel is completed"),
        ((Stopped("it rains", START),), "the parcel is stopped"),
    ],
)
def test_only_a_parked_saga_can_be_resumed(past: tuple[DomainEvent, ...], message: str) -> None:
    given(Parcel, *past).when(lambda saga: saga.resume(at(after(1)))).then_refused(message)


@each_step
def test_a_cancelled_saga_that_runs_compensates_at_once(step: int) -> None:
    given(Parcel, *asked(step)).when(lambda saga: saga.cancel("it rains", at(NOW))).then(
        TurnedRound("it rains", NOW), undo_sent(0)
    )


def test_a_saga_that_is_cancelled_before_it_begins_never_begins() -> None:
    given(Parcel).when(lambda saga: saga.cancel("it rains", at(NOW))).then(Stopped("it rains", NOW)).then_state(
        status="stopped", reason="it rains", since=NOW
    )
    given(Parcel, Stopped("it rains", START)).when(lambda saga: saga.begin(taken(), at(NOW))).then_nothing()


ENDED = {
    "compensated": (*BEGUN, *COMPENSATING, Undone(0), Compensated(START)),
    "completed": (*asked(4), StepAnswered(4), Completed(START)),
    "stopped": (Stopped("it rains", START),),
}


@pytest.mark.parametrize("past", [*ENDED.values(), (*BEGUN, *COMPENSATING), PARKED])
def test_a_cancellation_changes_nothing_when_the_saga_compensates_or_has_ended(past: tuple[DomainEvent, ...]) -> None:
    given(Parcel, *past).when(lambda saga: saga.cancel("it snows", at(NOW))).then_nothing()


@pytest.mark.parametrize("status", ENDED)
def test_nothing_changes_a_saga_that_has_ended(status: str) -> None:
    changes: list[Callable[[Parcel], None]] = [looks(after(3_600)), lambda saga: saga.watch_ended(saga.watch, at(NOW))]
    changes += [replies(reply) for reply in (*YES.values(), *NO.values(), "GivenBack", "Kept", "Unloaded", "Torn")]
    for step in range(5):
        changes.append(lambda saga, step=step: saga.time_out(step, 1, saga.compensating, at(NOW)))
    for change in changes:
        given(Parcel, *ENDED[status]).when(change).then_nothing().then_state(status=status)


def test_the_timeout_of_a_setting_beyond_15_minutes_is_15_minutes() -> None:
    saga = given(Parcel).aggregate
    saga.begin(taken(), replace(at(START), step_timeout=3_600))
    assert saga.due == after(900)


@each_step
def test_the_request_of_a_step_is_its_own_or_its_undo(step: int) -> None:
    assert given(Parcel, *asked(step)).aggregate.request(step) is Parcel.steps[step - 1].request
    assert given(Parcel, *asked(step), *COMPENSATING).aggregate.request(0) is Parcel.first_undo
