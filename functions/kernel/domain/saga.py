"""The process manager: a saga asks one service after another, and when it cannot go on, undoes what it asked for.

A service declares what it asks for; the rest is here. Messages are known by their names, so a saga is as pure as any
other aggregate:

    class BookTrip(Saga):
        withdrawal = Request("DropTrip", "TripDropped", "TripStands")
        steps = (
            Step(Request("BookFlight", "FlightBooked", "FlightRefused"), undo=Request("DropFlight", "FlightDropped")),
            Step(Request("PrintTickets", "TicketsPrinted", "TicketsRefused"), retry_forever=True),
        )

Step 0 is what the saga is about: it is there before the first step, and turning round begins with its withdrawal. The
service's publish.py makes the command that `awaited` names from StepSent and UndoSent, and a reminder of its timeout.
Replies, timeouts and calls to turn round that come late, twice, or from elsewhere change nothing and raise nothing.
"""

from dataclasses import dataclass
from typing import ClassVar

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies

TRIES = 3  # of a step, before it turns the saga round or begins to insist
UNDO_TRIES = 8  # of an undo, before it is parked, and again each time that it is resumed


@dataclass(frozen=True)
class Request:
    """A command, and the replies that mean yes and no to it. Without a no it cannot be refused."""

    command: str
    accepted: str
    refused: str | None = None


@dataclass(frozen=True)
class Step:
    """What is asked for in a step, and what undoes it, before, without and after the thing itself.

    retry_forever: a timeout never turns the saga round here; the command is sent until there is an answer.
    """

    request: Request
    undo: Request | None = None
    retry_forever: bool = False


@dataclass(frozen=True)
class Started(DomainEvent):
    """The saga was begun. `at`, here and below: RFC 3339."""

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
    """From here on everything is undone."""

    reason: str
    at: str


@dataclass(frozen=True)
class UndoSent(DomainEvent):
    """The command that undoes a step was sent; attempts count from 1, and on when the saga was resumed."""

    step: int
    attempt: int


@dataclass(frozen=True)
class Undone(DomainEvent):
    """A step was undone."""

    step: int


@dataclass(frozen=True)
class Parked(DomainEvent):
    """An undo was tried often enough: somebody has to look."""

    reason: str
    at: str


@dataclass(frozen=True)
class Resumed(DomainEvent):
    """A parked saga goes on."""

    at: str


@dataclass(frozen=True)
class Completed(DomainEvent):
    """Every step was done, or what the saga is about stands in spite of its withdrawal."""

    at: str


@dataclass(frozen=True)
class Compensated(DomainEvent):
    """Everything that was asked for is undone."""

    at: str


@dataclass(frozen=True)
class Stopped(DomainEvent):
    """What the saga is about was called off before it began: it never will."""

    reason: str
    at: str


@dataclass
class Saga(Aggregate):
    """A process under way.

    status: running, parked (waits for somebody to resume it), completed, compensated, or stopped (never begun).
    compensating: whether it was turned round. step, attempt: what it awaits or, ended, awaited last; 0 is the
    withdrawal. sent: the last step whose command was sent. reason: why it was turned round, or stopped. obstacle: why
    it is parked. since: when it came to its status or was turned round, RFC 3339.
    """

    # A saga's few and small commits are read by one query; a snapshot in each would be paid for at every write.
    snapshot_every: ClassVar[int] = 16
    withdrawal: ClassVar[Request]
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
        """What turning round asks for, by step and in its order: the withdrawal, then from the last step back.

        Every step counts whose command was sent; a request that undoes several is made once, for the last of them.
        """
        sent = {number: step.undo for number, step in enumerate(self.steps[: self.sent], start=1) if step.undo}
        last = {undo: number for number, undo in sent.items()}
        return {0: self.withdrawal} | {number: sent[number] for number in sorted(last.values(), reverse=True)}

    @property
    def awaited(self) -> Request:
        """The request that waits, or waited last, for its answer."""
        return self.undos[self.step] if self.compensating else self.steps[self.step - 1].request

    @property
    def timeout_factor(self) -> int:
        """How many of the usual timeouts the latest try is given: twice as many with each that fails to help."""
        return 1 << ((self.attempt - 1) % UNDO_TRIES if self.compensating else max(0, self.attempt - TRIES))

    def begin(self, about: DomainEvent, at: str) -> None:
        """Begin, once, unless it was stopped before; `about` records what the saga needs to know."""
        if self.is_new:
            self.record(about)
            self.record(Started(at))
            self.record(StepSent(1, 1))

    def answer(self, reply: str, at: str, reason: str = "") -> None:
        """A reply came: of any try, and even to a parked saga, it counts if it is one to the request that waits."""
        if self.status not in ("running", "parked"):
            return
        if reply == self.awaited.accepted:
            self._go_on(at)
            if self.compensating:
                self._undone(at)
            else:
                self._done(at)
        elif reply == self.awaited.refused and self.compensating:
            self._go_on(at)
            self.record(Completed(at))
        elif reply == self.awaited.refused:
            self._compensate(reason, at)

    def time_out(self, step: int, attempt: int, compensating: bool, at: str) -> None:
        """A try went without an answer: it counts if it is the very one that waits."""
        waits = (self.step, self.attempt, self.compensating)
        if self.status != "running" or (step, attempt, compensating) != waits:
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

    def call_off(self, reason: str, at: str) -> None:
        """What the saga is about is over: turn round at once or, before the beginning, leave a mark that stops it."""
        if self.is_new:
            self.record(Stopped(reason, at))
        elif self.status == "running" and not self.compensating:
            self._compensate(reason, at)

    def resume(self, at: str) -> None:
        """Try again what it was parked over. Raises RefusedError unless it is parked."""
        self.must_be("parked")
        self._go_on(at)
        self.record(UndoSent(self.step, self.attempt + 1))

    def _go_on(self, at: str) -> None:
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
        order = list(self.undos)
        rest = order[order.index(self.step) + 1 :]
        self.record(UndoSent(rest[0], 1) if rest else Compensated(at))

    @applies(Started)
    def _on_started(self, event: Started) -> None:
        self.status, self.since = "running", event.at

    @applies(StepSent)
    def _on_step_sent(self, event: StepSent) -> None:
        self.step, self.attempt, self.sent = event.step, event.attempt, event.step

    @applies(StepAnswered)
    def _on_step_answered(self, event: StepAnswered) -> None:
        """A mark in the history; what comes of it is the next event's."""

    @applies(TurnedRound)
    def _on_turned_round(self, event: TurnedRound) -> None:
        self.compensating, self.step, self.attempt = True, 0, 0
        self.reason, self.since = event.reason, event.at

    @applies(UndoSent)
    def _on_undo_sent(self, event: UndoSent) -> None:
        self.step, self.attempt = event.step, event.attempt

    @applies(Undone)
    def _on_undone(self, event: Undone) -> None:
        """A mark in the history; what comes of it is the next event's."""

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
