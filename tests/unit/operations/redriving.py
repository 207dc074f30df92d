"""Operations with its queues, consumers that fail as they are told, and crashes at any call, by a clock of its own."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.kernel.composition.manifest import manifest
from functions.kernel.domain.errors import RefusedError, UnavailableError
from functions.kernel.messaging.redelivery import FIFO_GROUP
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from functions.operations import collector, consumers, rows, run_rows, runs
from functions.operations.cloud import HIDDEN, Held
from functions.operations.consumers import Consumer
from functions.operations.letters import Letter, letter_id
from functions.operations.redriver import redriver
from functions.operations.runs import Run
from tests.support.audited import MemoryAudit
from tests.support.runtime import memory_runtime

SETTINGS = {"MALLBOTS_LETTERS_KEPT_DAYS": "90"}
CONSUMERS = {"depot": ["inbox", "dispatcher.fifo", "relay"], "ordering": ["inbox", "relay"]}
LISTENED = "OrderCancelled"  # a message to which depot/inbox subscribes

DONE, DEAD, FLAKY, SILENT, CRASHES = "done", "dead", "flaky", "silent", "crashes"


class Crash(BaseException):
    """The function ends, as by its timeout: nothing of it runs on."""


@dataclass
class Calls:
    """The calls that the code makes to what is outside. crash: ends the function at its n-th call, before or after it.

    error: what it raises then. takes: what is done as each call begins.
    """

    made: int = 0
    crash: int = -1
    after: bool = False
    error: type[BaseException] = Crash
    takes: Callable[[], object] = lambda: None

    def __call__(self, effect: Callable[[], Any]) -> Any:
        self.made += 1
        self.takes()
        strikes = self.made == self.crash
        if strikes and not self.after:
            raise self.error("before its effect")
        result = effect()
        if strikes:
            raise self.error("after its effect")
        return result


class Guarded:
    """An object whose methods are called through `Calls`."""

    def __init__(self, real: object, calls: Calls) -> None:
        self._real, self._calls = real, calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        return lambda *given, **more: self._calls(lambda: method(*given, **more))


@dataclass
class Waiting:
    """A message in a queue."""

    consumer: str
    body: str
    attributes: Mapping[str, str]
    group: str
    dedup: str
    receives: int = 0


@dataclass
class Place:
    """The world around operations. fates: what a consumer makes of a letter, by the letter's message id.

    sent: every message that was sent to a consumer; handled: how often each message had its effect. never_takes: no
    queue takes a body with this text.
    """

    fates: dict[str, str] = field(default_factory=dict)
    calls: Calls = field(default_factory=Calls)
    views: MemoryViews = field(default_factory=lambda: MemoryViews(manifest("operations").indexes))
    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    sent: list[Waiting] = field(default_factory=list)
    queue: list[Waiting] = field(default_factory=list)
    handled: Counter[str] = field(default_factory=Counter)
    outcomes: list[tuple[Held, datetime]] = field(default_factory=list)
    relayed: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    reports_failures: bool = True
    relay_works: bool = True
    relay_holds: bool = True
    inboxes_fail: bool = False
    never_takes: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))
    ticks: list[Callable[[], object]] = field(default_factory=list)

    @contextmanager
    def at_work(self, calls: Calls | None = None) -> Iterator[None]:
        """Within the block, code runs as a function of operations does, its calls counted."""
        guard = calls or Calls()
        running = memory_runtime(
            "operations",
            views=Guarded(self.views, guard),
            settings=SETTINGS,
            adapters={
                "inboxes": Guarded(_Inboxes(self), guard),
                "outcomes": Guarded(_Outcomes(self), guard),
                "relays": Guarded(_Relays(self), guard),
                "starts": _Starts(self),
                "audit": MemoryAudit(),
            },
        )
        with active(running), clock.fixed(lambda: self.now, self.pass_time):
            yield

    def of_now(self) -> str:
        """The time, as rows have it."""
        return clock.stamp(self.now)

    def number(self) -> int:
        """The next number."""
        return next(self.numbers)

    def letters(self, count: int, consumer: str = "depot/inbox", **fields: Any) -> list[Letter]:
        """So many dead letters, stored by the collector."""
        made = [self._letter(consumer, **fields) for _ in range(count)]
        with self.at_work():
            return [collector.store(letter) for letter in made]

    def _letter(self, consumer: str, **fields: Any) -> Letter:
        number = self.number()
        id = f"message-{number}"
        metadata = {"id": id, "name": LISTENED, "stream": f"Order#{number}"}
        letter = Letter(
            id=letter_id(consumer, id),
            consumer=consumer,
            queue=f"{consumer}/dead-letters",
            body=json.dumps({"detail-type": LISTENED, "source": "mallbots.ordering", "detail": {"metadata": metadata}}),
            message_id=id,
            name=LISTENED,
            stream=f"Order#{number}",
            stream_version=3,
            reason="the shelf is gone",
            error="RuntimeError",
            failed_at=clock.stamp(self.now + timedelta(microseconds=number)),
            fingerprint="0123456789abcdef",
            deliveries=(f"delivery-{self.number()}",),
        )
        return replace(letter, **fields)

    def run(self, letters: Sequence[Letter], **settings: Any) -> Run:
        """A redrive of these letters."""
        life = f"life-{self.number()}"
        run = Run(f"run-{self.number()}", {}, "operator:ada", clock.stamp(self.now), life=life, **settings)
        with self.at_work():
            return run_rows.create(run, [letter.id for letter in letters])

    def redrive(self) -> None:
        """The redriver runs, and ends early where a call makes it."""
        try:
            with self.at_work(self.calls):
                redriver.handle({})
        except (Crash, UnavailableError):
            pass
        finally:
            self.consume()

    def until_over(self, *running: Run, minutes: int = 30) -> None:
        """The redriver runs each minute until these runs are over."""
        for _ in range(minutes):
            self.redrive()
            if all(self.of(run).ended for run in running):
                return
            self.pass_time(60)
        raise AssertionError([(self.of(run), self.states(run)) for run in running])

    def pass_time(self, seconds: float) -> None:
        """Time passes, and consumers are at work meanwhile."""
        self.now += timedelta(seconds=seconds)
        for tick in list(self.ticks):
            tick()
        self.consume()

    def resume(self, run: Run) -> None:
        """An operator resumes a run."""
        with self.at_work():
            run_rows.change(run.id, lambda one: runs.resumed(one, run_rows.states_of(one)))

    def of(self, run: Run) -> Run:
        """The run as it is now."""
        with self.at_work():
            return run_rows.get(run.id)

    def states(self, run: Run) -> str:
        """What has become of its letters."""
        with self.at_work():
            return run_rows.states_of(run_rows.get(run.id))

    def letter(self, letter: Letter) -> Letter:
        """The letter as it is now."""
        with self.at_work():
            return rows.letter(letter.id)

    def consume(self) -> None:
        """Every consumer receives what waits for it, once."""
        waiting, self.queue = self.queue, []
        for one in waiting:
            one.receives += 1
            id = json.loads(one.body)["detail"]["metadata"]["id"]
            fate = self.fates.get(id, DONE)
            if fate == SILENT or (fate == FLAKY and one.receives == 1):
                self.queue.append(one)
            if fate == FLAKY and one.receives == 1 and self.reports_failures:
                self._report(one, "failing")
            elif fate == DONE or (fate == FLAKY and one.receives > 1):
                self.handled[id] += not self.handled[id]  # the inbox knows its cause
                self._report(one, "done")
            elif fate in (DEAD, CRASHES):
                if self.reports_failures and fate == DEAD:
                    self._report(one, "dead")
                self._comes_again(one, id)

    def _report(self, one: Waiting, outcome: str) -> None:
        why = {"error": "", "reason": ""} if outcome == "done" else {"error": "RuntimeError", "reason": "it broke"}
        said = {**one.attributes, "outcome": outcome, **why, "at": clock.stamp(self.now)}
        self.outcomes.append((Held(f"outcome-{self.number()}", "receipt", json.dumps(said)), self.now))

    def _comes_again(self, one: Waiting, id: str) -> None:
        with self.at_work():
            collector.store(
                Letter(
                    id=one.attributes["letter"],
                    run=one.attributes["run"],
                    consumer=one.consumer,
                    queue=f"{one.consumer}/dead-letters",
                    body=one.body,
                    message_id=id,
                    name=LISTENED,
                    reason="it broke",
                    error="RuntimeError",
                    failed_at=clock.stamp(self.now),
                    fingerprint="0123456789abcdef",
                    deliveries=(f"delivery-{self.number()}",),
                )
            )


class _Inboxes:
    def __init__(self, place: Place) -> None:
        self._place = place

    def send(
        self, consumer: Consumer, body: str, attributes: Mapping[str, str], *, group: str = "", dedup: str = ""
    ) -> None:
        if self._place.inboxes_fail:
            raise UnavailableError("the queue did not take a letter")
        if self._place.never_takes and self._place.never_takes in body:
            raise RefusedError("the queue refuses it: InvalidMessageContents")
        assert bool(group) == consumer.fifo == (group == FIFO_GROUP)
        if dedup and dedup in [one.dedup for one in self._place.sent]:
            return
        waiting = Waiting(consumer.name, body, attributes, group, dedup)
        self._place.sent.append(waiting)
        self._place.queue.append(waiting)


class _Outcomes:
    def __init__(self, place: Place) -> None:
        self._place = place

    def receive(self) -> list[Held]:
        now, found = self._place.now, [one for one in self._place.outcomes if one[1] <= self._place.now][:10]
        hidden = {held.id for held, _ in found}
        self._place.outcomes = [
            (held, now + timedelta(seconds=HIDDEN) if held.id in hidden else due) for held, due in self._place.outcomes
        ]
        return [held for held, _ in found]

    def delete(self, held: Sequence[Held]) -> None:
        gone = {one.id for one in held}
        self._place.outcomes = [one for one in self._place.outcomes if one[0].id not in gone]


class _Relays:
    def __init__(self, place: Place) -> None:
        self._place = place

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if not self._place.relay_works:
            raise UnavailableError("the bus did not accept it")
        self._place.relayed.append((service, request))
        return {"sent": int(self._place.relay_holds)}


class _Starts:
    def __init__(self, place: Place) -> None:
        self._place = place

    def start(self, function: str) -> None:
        self._place.started.append(function)


@contextmanager
def known_consumers(monkeypatch: Any) -> Iterator[None]:
    """Within the block, operations knows the consumers of these tests."""
    monkeypatch.setenv("CONSUMERS", json.dumps(CONSUMERS))
    consumers.services.cache_clear()
    try:
        yield
    finally:
        consumers.services.cache_clear()


def adds_up(place: Place, run: Run, letters: Sequence[Letter]) -> None:
    """Assert what must hold of every run that is over: each letter is in one state, as its run says."""
    states, found = place.states(run), [place.letter(letter) for letter in letters]
    counts = runs.counts(states)
    assert counts["total"] == len(letters) == sum(count for name, count in counts.items() if name != "total")
    assert not set(states) & set(runs.SENT + runs.FAILING), states
    for position, (letter, state) in enumerate(zip(found, states, strict=True)):
        if state == runs.HANDLED:
            assert letter.state == "done", (position, states)
        if state == runs.DEAD and letter.run == runs.place(run.id, position):
            assert letter.state in ("open", "done"), (position, states)
        assert letter.state != "redriving" or letter.run.rpartition("/")[0] != run.id, (position, states)
