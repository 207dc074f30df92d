"""The process manager: a saga sends one service after another a command, and compensates when it cannot go on.

A service declares the commands and their replies; the rest is here. Messages are known by their names, so a saga is as
pure as any other aggregate:

    class BookTrip(Saga):
        first_undo = Request("DropTrip", "TripDropped", "TripStands")
        steps = (
            Step(Request("BookFlight", "FlightBooked", "FlightRefused"), undo=Request("DropFlight", "FlightDropped")),
            Step(Request("PrintTickets", "TicketsPrinted", "TicketsRefused"), retry_forever=True),
        )

The rules, with STEP_TIMEOUT a setting of the stage (60 s):

- A step is tried 3 times, STEP_TIMEOUT apart. A refusal or the third timeout makes the saga compensate. With
  `retry_forever` only a refusal does: from the fourth on, each try waits twice as long as the one before, up to 900 s.
- Compensating begins with `first_undo`, which undoes what the saga is about (step 0). If that is refused, the saga
  completes instead. Then the steps whose command was sent, answered or not, are undone from the last one back.
- A compensation is tried 35 times. Each try waits twice as long as the one before, up to 900 s: 8 hours in all with a
  STEP_TIMEOUT of 60 s. Then the saga is parked until staff resume it (35 more tries) or the answer comes after all.
- A running saga whose latest try is past its timeout has lost its reminder; staff may resume it too.
- A cancellation makes a running saga compensate at once; a saga that has not begun never will.
- Replies, timeouts and cancellations that are late, repeated or foreign change nothing and raise nothing.

The service's publish.py makes the command that `awaited` names, and a reminder of its timeout, from StepSent and
UndoSent.
"""

from dataclasses import dataclass
from typing import ClassVar

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies

TRIES = 3  # of a step, before the saga compensates or the timeouts get longer
UNDO_TRIES = 35  # of a compensation, before the saga is parked, and again each time that it is resumed
LONGEST_TIMEOUT = 900  # of any try, in seconds: SQS delays a message no longer


@dataclass(frozen=True)
class Request:
    """A command and its two replies. Without `refused` it cannot be refused."""

    command: str
    accepted: str
    refused: str | None = None


@dataclass(frozen=True)
class Step:
    """The command of a step and its compensation, which must be harmless before, without and after the command.

    retry_forever: a timeout never makes the saga compensate; the command is sent until there is an answer.
    """

    request: Request
    undo: Request | None = None
    retry_forever: bool = False


@dataclass(frozen=True)
class Started(DomainEvent):
    """The saga began. `at`, here and below: RFC 3339."""

    at: str


@dataclass(frozen=True)
class StepSent(DomainEvent):
    """A step's command was sent; attempts count from 1."""

    step: int
    attempt: int


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
    """The compensation of a step was sent; attempts count from 1, and go on counting after a resume."""

    step: int
    attempt: int


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


@dataclass
class Saga(Aggregate):
    """running ⇄ parked; running → completed or compensated; stopped when it was cancelled before it began.

    compensating: whether it undoes its steps. step, attempt: what it awaits or, once ended, awaited last; step 0 is
    `first_undo`. sent: the last step whose command was sent. reason: why it compensates, or was stopped. obstacle: why
    it is parked. since: when it came to its status or began to compensate, RFC 3339.
    """

    first_undo: ClassVar[Request]
    steps: ClassVar[tuple[Step, ...]]

    status: str = ""
    compensating: bool = False
    step: int = 0
    attempt: int = 0
    sent: int = 0
    reason: str = ""
    obstacle: str = ""
    since: str = ""

    @property
    def undos(self) -> dict[int, Request]:
        """The compensations by step and in their order: `first_undo`, then from the last step back.

        Every step counts whose command was sent; a request that undoes several is made once, for the last of them.
        """
        sent = {number: step.undo for number, step in enumerate(self.steps[: self.sent], start=1) if step.undo}
        last = {undo: number for number, undo in sent.items()}
        return {0: self.first_undo} | {number: sent[number] for number in sorted(last.values(), reverse=True)}

    @property
    def awaited(self) -> Request:
        """The request whose answer it awaits or, once ended, awaited last."""
        return self.undos[self.step] if self.compensating else self.steps[self.step - 1].request

    def timeout(self, step_timeout: int) -> int:
        """How long the latest try waits for its answer, in seconds; `step_timeout`: STEP_TIMEOUT.

        The first 3 tries of a step wait that long, each later one twice as long as the one before; so does each try
        of a compensation from the second on, counted anew when the saga was resumed. None waits longer than 900 s.
        """
        doublings = (self.attempt - 1) % UNDO_TRIES if self.compensating else max(0, self.attempt - TRIES)
        return min(step_timeout << doublings, LONGEST_TIMEOUT)

    def begin(self, about: DomainEvent, at: str) -> None:
        """Begin, once, unless it was stopped; `about` records what the saga needs to know."""
        if self.is_new:
            self.record(about)
            self.record(Started(at))
            self.record(StepSent(1, 1))

    def answer(self, reply: str, at: str, reason: str = "") -> None:
        """Take a reply. It counts if it answers any try of the awaited request, also when the saga is parked."""
        if self.status not in ("running", "parked"):
            return
        if reply == self.awaited.accepted:
            self._resume_if_parked(at)
            if self.compensating:
                self._undone(at)
            else:
                self._done(at)
        elif reply == self.awaited.refused and self.compensating:
            self._resume_if_parked(at)
            self.record(Completed(at))
        elif reply == self.awaited.refused:
            self._compensate(reason, at)

    def time_out(self, step: int, attempt: int, compensating: bool, at: str) -> None:
        """Take the timeout of a try. It counts only for the latest try of what is awaited."""
        awaited = (self.step, self.attempt, self.compensating)
        if self.status != "running" or (step, attempt, compensating) != awaited:
            return
        command = self.awaited.command
        if compensating and attempt % UNDO_TRIES:
            self.record(UndoSent(step, attempt + 1))
        elif compensating:
            self.record(Parked(f"{command} has no answer after {attempt} tries", at))
        elif attempt < TRIES or self.steps[step - 1].retry_forever:
            self.record(StepSent(step, attempt + 1))
        else:
            self._compensate(f"{command} has no answer after {attempt} tries", at)

    def cancel(self, reason: str, at: str) -> None:
        """What the saga is about was cancelled: compensate at once, or never begin."""
        if self.is_new:
            self.record(Stopped(reason, at))
        elif self.status == "running" and not self.compensating:
            self._compensate(reason, at)

    def resume(self, at: str, overdue: bool = False) -> None:
        """Try again, 35 times, the compensation that it was parked for; or, running, time out the `overdue` try.

        overdue: whether the latest try is past its timeout. Raises RefusedError when there is nothing to resume.
        """
        if self.status == "running" and overdue:
            self.time_out(self.step, self.attempt, self.compensating, at)
            return
        self.must_be("parked")
        self._resume_if_parked(at)
        self.record(UndoSent(self.step, self.attempt + 1))

    def _resume_if_parked(self, at: str) -> None:
        if self.status == "parked":
            self.record(Resumed(at))

    def _done(self, at: str) -> None:
        self.record(StepAnswered(self.step))
        if self.step < len(self.steps):
            self.record(StepSent(self.step + 1, 1))
        else:
            self.record(Completed(at))

    def _compensate(self, reason: str, at: str) -> None:
        self.record(TurnedRound(reason, at))
        self.record(UndoSent(0, 1))

    def _undone(self, at: str) -> None:
        self.record(Undone(self.step))
        steps = list(self.undos)
        left = steps[steps.index(self.step) + 1 :]
        self.record(UndoSent(left[0], 1) if left else Compensated(at))

    @applies(Started)
    def _on_started(self, event: Started) -> None:
        self.status, self.since = "running", event.at

    @applies(StepSent)
    def _on_step_sent(self, event: StepSent) -> None:
        self.step, self.attempt, self.sent = event.step, event.attempt, event.step

    @applies(StepAnswered)
    def _on_step_answered(self, event: StepAnswered) -> None:
        """No change: the event after it tells what follows."""

    @applies(TurnedRound)
    def _on_turned_round(self, event: TurnedRound) -> None:
        self.compensating, self.step, self.attempt = True, 0, 0
        self.reason, self.since = event.reason, event.at

    @applies(UndoSent)
    def _on_undo_sent(self, event: UndoSent) -> None:
        self.step, self.attempt = event.step, event.attempt

    @applies(Undone)
    def _on_undone(self, event: Undone) -> None:
        """No change: the event after it tells what follows."""

    @applies(Parked)
    def _on_parked(self, event: Parked) -> None:
        self.status, self.obstacle, self.since = "parked", event.reason, event.at

    @applies(Resumed)
    def _on_resumed(self, event: Resumed) -> None:
        self.status, self.obstacle, self.since = "running", "", event.at

    @applies(Completed)
    def _on_completed(self, event: Completed) -> None:
        self.status, self.compensating, self.step, self.since = "completed", False, self.sent, event.at
        self.reason = ""

    @applies(Compensated)
    def _on_compensated(self, event: Compensated) -> None:
        self.status, self.since = "compensated", event.at

    @applies(Stopped)
    def _on_stopped(self, event: Stopped) -> None:
        self.status, self.reason, self.since = "stopped", event.reason, event.at
