"""A saga that ships a parcel, and its past: what it records from its start to a step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from functions.kernel.domain.aggregate import DomainEvent, applies
from functions.kernel.domain.saga import Moment, Request, Saga, Step
from functions.kernel.domain.saga_events import Started, StepAnswered, StepSent, TurnedRound, UndoSent, WatchSet

START, NOW = "2026-03-14T09:00:00.000000Z", "2026-03-14T09:00:10.000000Z"
UNLOAD = Request("Unload", "Unloaded")


@dataclass(frozen=True)
class ParcelTaken(DomainEvent):
    address: str


@dataclass
class Parcel(Saga):
    first_undo: ClassVar[Request] = Request("GiveBack", "GivenBack", "Kept")
    stages: ClassVar[tuple[tuple[Step, ...], ...]] = (
        (Step(Request("Weigh", "Weighed", "TooHeavy")), Step(Request("Load", "Loaded", "NoRoom"), undo=UNLOAD)),
        (Step(Request("Stamp", "Stamped", "NoStamps"), undo=Request("Tear", "Torn"), retry_forever=True),),
        (Step(Request("Drive", "Driven", "NoFuel"), undo=UNLOAD, retry_forever=True),),
    )

    address: str = ""

    @applies(ParcelTaken)
    def _on_parcel_taken(self, event: ParcelTaken) -> None:
        self.address = event.address


YES = {number: step.request.accepted for number, step in enumerate(Parcel.steps, start=1)}
NO = {number: str(step.request.refused) for number, step in enumerate(Parcel.steps, start=1)}


def at(time: str) -> Moment:
    return Moment(time, step_timeout=60)


def after(seconds: int, time: str = START) -> str:
    """So many seconds after the start, or after another time."""
    return at(time).plus(seconds)


def taken() -> ParcelTaken:
    return ParcelTaken("12 Hill Road")


def sent(step: int, attempt: int = 1, *, at: str | None = None) -> StepSent:
    """A try of a step: the first two steps are asked at the start, the others now, unless another time is given."""
    return StepSent(step, attempt, after(60, at or (START if step < 3 else NOW)))


def undo_sent(step: int, attempt: int = 1, *, at: str = NOW) -> UndoSent:
    return UndoSent(step, attempt, after(60, at))


def answered(*steps: int) -> tuple[StepAnswered, ...]:
    return tuple(StepAnswered(step) for step in steps)


BEGUN: tuple[DomainEvent, ...] = (taken(), Started(START), sent(1), sent(2), WatchSet(after(60)))
COMPENSATING = (TurnedRound("it rains", START), undo_sent(0))


def asked(step: int) -> tuple[DomainEvent, ...]:
    """The events up to the first try of a step."""
    past = [*BEGUN, *answered(1, 2), sent(3)] if step > 2 else [*BEGUN]
    return (*past, StepAnswered(3), sent(4)) if step == 4 else tuple(past)


def replies(reply: str, reason: str = "", *, at_time: str = NOW) -> Callable[[Parcel], None]:
    return lambda saga: saga.answer(reply, at(at_time), reason)


def looks(time: str) -> Callable[[Parcel], None]:
    """The latest watch ends at this time."""
    return lambda saga: saga.watch_ended(saga.watch, at(time))
