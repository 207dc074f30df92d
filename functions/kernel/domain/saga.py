"""The process manager: a saga sends services commands, stage by stage, and compensates when it cannot go on.

A service declares the commands and their replies; the rest is here. Messages are known by their names, so a saga is as
pure as any other aggregate:

    class BookTrip(Saga):
        first_undo = Request("DropTrip", "TripDropped", "TripStands")
        stages = (
            (
                Step(Request("BookFlight", "FlightBooked", "FlightRefused"), undo=Request("DropFlight", "Dropped")),
                Step(Request("BookHotel", "HotelBooked", "HotelRefused"), undo=Request("DropHotel", "HotelDropped")),
            ),
            (Step(Request("PrintTickets", "TicketsPrinted", "TicketsRefused"), retry_forever=True),),
        )

The rules, with STEP_TIMEOUT a setting of the stage (60 s):

- The steps of a stage are asked at once, and awaited together. The next stage is asked when all of them are answered.
  Steps are numbered from 1, through all stages.
- Each step has tries of its own: 3, STEP_TIMEOUT apart. A refusal or the third timeout makes the saga compensate. With
  `retry_forever` only a refusal does: from the fourth on, each try waits twice as long as the one before, up to 900 s.
- Compensating begins with `first_undo`, which undoes what the saga is about (step 0). If that is refused, the saga
  completes instead. Then the steps whose command was sent, answered or not, are undone from the last one back.
- A compensation is tried 35 times. Each try waits twice as long as the one before, up to 900 s: 8 hours in all with a
  STEP_TIMEOUT of 60 s. Then the saga is parked until staff resume it (35 more tries) or the answer comes after all.
- One watch is set for the whole saga, for the time at which the earliest of the awaited tries is due. When it ends,
  what is overdue is timed out, and the next watch is set while the saga runs. A watch that another one follows is void.
- A running saga with an overdue try has lost its watch; staff may resume it too.
- A cancellation makes a running saga compensate at once; a saga that has not begun never will.
- Replies, timeouts and cancellations that are late, repeated or foreign change nothing and raise nothing.

The service's publish.py makes the command that `request` names from StepSent and UndoSent, and the reminder that ends a
watch from WatchSet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, ClassVar

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.saga_events import (
    Compensated,
    Completed,
    Parked,
    Resumed,
    Started,
    StepAnswered,
    StepSent,
    Stopped,
    TurnedRound,
    Undone,
    UndoSent,
    WatchSet,
)

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
class Moment:
    """When a saga decides: at, RFC 3339 in UTC with microseconds; step_timeout: STEP_TIMEOUT, in seconds."""

    at: str
    step_timeout: int

    def plus(self, seconds: int) -> str:
        """So many seconds later, in the same form."""
        later = datetime.fromisoformat(self.at) + timedelta(seconds=seconds)
        return later.isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Try:
    """A command that awaits its answer: attempts count from 1. due: when it times out.

    "" is a try of code that did not record when it is due (see StepSent): it is due when its own StepTimedOut comes or,
    once a watch was set, when that ends.
    """

    step: int
    attempt: int
    due: str


@dataclass
class Saga(Aggregate):
    """running ⇄ parked; running → completed or compensated; stopped when it was cancelled before it began.

    compensating: whether it undoes its steps. awaited: the tries that have no answer yet, by their steps; step 0 is
    `first_undo`. sent: the last step whose command was sent: those before it were sent, too. reason: why it
    compensates, or was stopped. obstacle: why it is parked. since: when it came to its status or began to compensate.
    runs_since: when it began to run, or was resumed (or stopped). watch: when the latest watch ends; "" before the
    first. Times are RFC 3339.
    """

    snapshot_schema: ClassVar[int] = 2
    first_undo: ClassVar[Request]
    stages: ClassVar[tuple[tuple[Step, ...], ...]]
    steps: ClassVar[tuple[Step, ...]] = ()  # those of all stages; the first has the number 1

    status: str = ""
    compensating: bool = False
    awaited: tuple[Try, ...] = ()
    sent: int = 0
    reason: str = ""
    obstacle: str = ""
    since: str = ""
    runs_since: str = ""
    watch: str = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.steps = tuple(chain.from_iterable(cls.stages))

    @property
    def step(self) -> int:
        """The lowest step that it awaits or, once ended, the last that it awaited or sent."""
        return self.awaited[0].step if self.awaited else self.sent

    @property
    def due(self) -> str:
        """When the earliest of the awaited tries is due, or ends the watch of one whose time is unknown."""
        return min(one.due or self.watch for one in self.awaited)

    @property
    def undos(self) -> dict[int, Request]:
        """The compensations by step and in their order: `first_undo`, then from the last step back.

        Every step counts whose command was sent; a request that undoes several is made once, for the last of them.
        """
        sent = {number: step.undo for number, step in enumerate(self.steps[: self.sent], start=1) if step.undo}
        last = {undo: number for number, undo in sent.items()}
        return {0: self.first_undo} | {number: sent[number] for number in sorted(last.values(), reverse=True)}

    def request(self, step: int) -> Request:
        """What is asked for a step now: its command or, while the saga compensates, its compensation."""
        return self.undos[step] if self.compensating else self.steps[step - 1].request

    def begin(self, about: DomainEvent, now: Moment) -> None:
        """Begin, once, unless it was stopped; `about` records what the saga needs to know."""
        if self.is_new:
            self.record(about)
            self.record(Started(now.at))
            self._go_on(now)
            self._set_watch(now)

    def answer(self, reply: str, now: Moment, reason: str = "") -> None:
        """Take a reply. It counts if it answers any try of an awaited request, also when the saga is parked."""
        if self.status not in ("running", "parked"):
            return
        for step in [one.step for one in self.awaited]:
            request = self.request(step)
            if reply in (request.accepted, request.refused):
                self._answered(step, reply == request.accepted, reason, now)
                self._set_watch(now)
                return

    def watch_ended(self, until: str, now: Moment) -> None:
        """Time out what is overdue, and set the next watch. Only the end of the latest watch counts."""
        if self.status == "running" and until == self.watch:
            self.look(now)

    def look(self, now: Moment) -> None:
        """Do as at the end of the latest watch, which ended or was lost."""
        if self.status == "running":
            self._time_out([one for one in self.awaited if "" < (one.due or self.watch) <= now.at], now)
            self._set_watch(now, ended=True)

    def time_out(self, step: int, attempt: int, compensating: bool, now: Moment) -> None:
        """Take the timeout of a try by its own reminder, as earlier code sent them. Only an awaited try counts."""
        tries = [one for one in self.awaited if (one.step, one.attempt) == (step, attempt)]
        if self.status == "running" and compensating == self.compensating and tries:
            self._time_out(tries, now)
            self._set_watch(now)

    def cancel(self, reason: str, now: Moment) -> None:
        """What the saga is about was cancelled: compensate at once, or never begin."""
        if self.is_new:
            self.record(Stopped(reason, now.at))
        elif self.status == "running" and not self.compensating:
            self._compensate(reason, now)
            self._set_watch(now)

    def resume(self, now: Moment) -> None:
        """Try again, 35 times, the compensation that it was parked for; or, running, time out what is overdue.

        Raises RefusedError when there is nothing to resume.
        """
        if self.status == "running" and self.due <= now.at:
            self.look(now)
            return
        self.must_be("parked")
        self._resume_if_parked(now)
        self._send_again(self.awaited, now)
        self._set_watch(now)

    def _go_on(self, now: Moment) -> None:
        """Ask the steps of the first stage that lacks an answer, those that were not asked; complete after the last."""
        first = 1
        for stage in self.stages:
            numbers = range(first, first + len(stage))
            for number in numbers:
                if number > self.sent:
                    self._send(number, 1, now)
            if any(one.step in numbers for one in self.awaited):
                return
            first += len(stage)
        self.record(Completed(now.at))

    def _answered(self, step: int, accepted: bool, reason: str, now: Moment) -> None:
        self._resume_if_parked(now)
        if self.compensating and accepted:
            self._undone(step, now)
        elif self.compensating:
            self.record(Completed(now.at))
        elif accepted:
            self.record(StepAnswered(step))
            self._go_on(now)
        else:
            self._compensate(reason, now)

    def _undone(self, step: int, now: Moment) -> None:
        self.record(Undone(step))
        steps = list(self.undos)
        left = steps[steps.index(step) + 1 :]
        if left:
            self._send(left[0], 1, now)
        else:
            self.record(Compensated(now.at))

    def _compensate(self, reason: str, now: Moment) -> None:
        self.record(TurnedRound(reason, now.at))
        self._send(0, 1, now)

    def _resume_if_parked(self, now: Moment) -> None:
        if self.status == "parked":
            self.record(Resumed(now.at))

    def _time_out(self, overdue: Sequence[Try], now: Moment) -> None:
        given_up = next((one for one in overdue if self._is_last(one)), None)
        if given_up is None:
            self._send_again(overdue, now)
            return
        reason = f"{self.request(given_up.step).command} has no answer after {given_up.attempt} tries"
        if self.compensating:
            self.record(Parked(reason, now.at))
        else:
            self._compensate(reason, now)

    def _is_last(self, one: Try) -> bool:
        if self.compensating:
            return one.attempt % UNDO_TRIES == 0
        return one.attempt >= TRIES and not self.steps[one.step - 1].retry_forever

    def _send_again(self, tries: Sequence[Try], now: Moment) -> None:
        for one in tries:
            self._send(one.step, one.attempt + 1, now)

    def _send(self, step: int, attempt: int, now: Moment) -> None:
        sent = UndoSent if self.compensating else StepSent
        self.record(sent(step, attempt, now.plus(self._timeout(attempt, now))))

    def _timeout(self, attempt: int, now: Moment) -> int:
        """The first 3 tries of a step wait STEP_TIMEOUT, each later one twice as long as the one before; so does each
        try of a compensation from the second on, counted anew when the saga was resumed. None waits more than 900 s."""
        doublings = (attempt - 1) % UNDO_TRIES if self.compensating else max(0, attempt - TRIES)
        return min(now.step_timeout << doublings, LONGEST_TIMEOUT)

    def _set_watch(self, now: Moment, *, ended: bool = False) -> None:
        """Set a watch, unless there is one that ends in time. ended: whether the latest one has ended."""
        if self.status != "running":
            return
        due = min(one.due or now.plus(self._timeout(one.attempt, now)) for one in self.awaited)
        if ended or not now.at < self.watch <= due:
            self.record(WatchSet(due))

    @applies(Started)
    def _on_started(self, event: Started) -> None:
        self.status, self.since, self.runs_since = "running", event.at, event.at

    @applies(StepSent)
    def _on_step_sent(self, event: StepSent) -> None:
        others = [one for one in self.awaited if one.step != event.step]
        sent = Try(event.step, event.attempt, event.due)
        self.awaited = tuple(sorted([*others, sent], key=lambda one: one.step))
        self.sent = max(self.sent, event.step)

    @applies(StepAnswered)
    def _on_step_answered(self, event: StepAnswered) -> None:
        self.awaited = tuple(one for one in self.awaited if one.step != event.step)

    @applies(TurnedRound)
    def _on_turned_round(self, event: TurnedRound) -> None:
        self.compensating, self.awaited = True, ()
        self.reason, self.since = event.reason, event.at

    @applies(UndoSent)
    def _on_undo_sent(self, event: UndoSent) -> None:
        self.awaited = (Try(event.step, event.attempt, event.due),)

    @applies(WatchSet)
    def _on_watch_set(self, event: WatchSet) -> None:
        self.watch = event.until

    @applies(Undone)
    def _on_undone(self, event: Undone) -> None:
        """No change: the event after it tells what follows."""

    @applies(Parked)
    def _on_parked(self, event: Parked) -> None:
        self.status, self.obstacle, self.since = "parked", event.reason, event.at

    @applies(Resumed)
    def _on_resumed(self, event: Resumed) -> None:
        self.status, self.obstacle, self.since, self.runs_since = "running", "", event.at, event.at

    @applies(Completed)
    def _on_completed(self, event: Completed) -> None:
        self.status, self.compensating, self.awaited, self.since = "completed", False, (), event.at
        self.reason = ""

    @applies(Compensated)
    def _on_compensated(self, event: Compensated) -> None:
        self.status, self.since = "compensated", event.at

    @applies(Stopped)
    def _on_stopped(self, event: Stopped) -> None:
        self.status, self.reason = "stopped", event.reason
        self.since, self.runs_since = event.at, event.at
