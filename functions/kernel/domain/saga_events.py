"""What a saga records. `at`, `due` and `until` are times, RFC 3339 in UTC; steps are numbered from 1, attempts too."""

from dataclasses import dataclass
from typing import Any, ClassVar

from functions.kernel.domain.aggregate import DomainEvent, upcasts


@dataclass(frozen=True)
class Started(DomainEvent):
    """The saga began."""

    at: str


@dataclass(frozen=True)
class StepSent(DomainEvent):
    """A step's command was sent; this try times out when it is `due`.

    Version 1 had no `due`, and one step was awaited at a time. The code of then must leave a stream of version 2 alone:
    it would take the answers to all but the latest step for foreign ones.
    """

    version: ClassVar[int] = 2

    step: int
    attempt: int
    due: str


@dataclass(frozen=True)
class StepAnswered(DomainEvent):
    """A step was done."""

    step: int


@dataclass(frozen=True)
class TurnedRound(DomainEvent):
    """The saga compensates from here on."""

    reason: str
    at: str


@dataclass(frozen=True)
class UndoSent(DomainEvent):
    """The compensation of a step was sent; attempts go on counting after a resume. Version 1 had no `due`."""

    version: ClassVar[int] = 2

    step: int
    attempt: int
    due: str


@upcasts(StepSent, from_version=1)
@upcasts(UndoSent, from_version=1)
def _due_at_a_time_unknown(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"due": ""}


@dataclass(frozen=True)
class WatchSet(DomainEvent):
    """The saga is looked at again when this watch ends."""

    until: str


@dataclass(frozen=True)
class Undone(DomainEvent):
    """A step was undone."""

    step: int


@dataclass(frozen=True)
class Parked(DomainEvent):
    """A compensation had no answer after 35 tries: staff must resume the saga."""

    reason: str
    at: str


@dataclass(frozen=True)
class Resumed(DomainEvent):
    """A parked saga goes on."""

    at: str


@dataclass(frozen=True)
class Completed(DomainEvent):
    """Every step was done, or `first_undo` was refused: what the saga is about stands."""

    at: str


@dataclass(frozen=True)
class Compensated(DomainEvent):
    """Every step that was sent is undone."""

    at: str


@dataclass(frozen=True)
class Stopped(DomainEvent):
    """What the saga is about was cancelled before the saga began: it never will."""

    reason: str
    at: str
