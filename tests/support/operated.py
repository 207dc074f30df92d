"""A mall that operations works on: its rows have generations, and its relays and replays answer operations.

The runner of operations runs each minute, as its rule has it. Nothing else of operations is at work here.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from functions.kernel.composition import replay
from functions.kernel.composition.manifest import Manifest, manifest, services
from functions.kernel.composition.replay import rows_alone
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.messaging.replaying import Replay
from functions.kernel.projections.generation import View
from functions.kernel.projections.generations import with_generations
from functions.kernel.projections.projection import Projection
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, active
from functions.operations import consumers, history_rows, run_rows
from functions.operations.consumers import RELAY, Consumer, Served
from functions.operations.history_rows import Progress
from functions.operations.runner import run_all
from functions.operations.runs import Run
from tests.support.cloud import Subscriber
from tests.support.mall import Mall
from tests.support.partitioned import PartitionedViews
from tests.support.queues import MemoryQueue

MINUTE = 60.0


class _Asked:
    """A function of every service, as operations invokes it. calls: called before each with the service and request."""

    def __init__(self, answer: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
        self._answer = answer
        self.calls: Callable[[str, dict[str, Any]], object] = lambda service, request: None

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        asked = json.loads(json.dumps(request))
        self.calls(service, asked)
        answer: dict[str, Any] = json.loads(json.dumps(self._answer(service, asked)))
        self.calls(service, asked)
        return answer


class _Starts:
    def start(self, function: str) -> None:
        """The schedule comes."""


def projections_of(registered: Manifest) -> list[Projection]:
    """The projections that its inboxes feed; two may feed one, where messages moved from one queue to another."""
    return list(dict.fromkeys(one for inbox in registered.inboxes for one in inbox.projections))


def views_of(registered: Manifest) -> list[View]:
    """The views of a service that can be rebuilt."""
    return [view for one in projections_of(registered) for view in one.views]


class OperatedMall(Mall):
    """All services, and the runner of operations."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        for name, runtime in self.runtimes.items():
            self._give_generations(name, runtime)
        self.relays, self.replays = _Asked(self._ask_relay), _Asked(self._ask_replay)
        self.runtimes["operations"].adapters |= {
            "relays": self.relays,
            "replays": self.replays,
            "relays_now": self.relays,
            "replays_now": self.replays,
            "starts": _Starts(),
        }
        self.repeat(MINUTE, self.run, "runner")

    def _give_generations(self, name: str, runtime: Runtime) -> None:
        registered = self.manifests[name]
        runtime.views = with_generations(PartitionedViews(registered.indexes), views_of(registered))

    def add(self, service: str) -> Runtime:
        """A further runtime of a service whose manifest is there, with a table of its own; its messages come to it."""
        runtime = self._runtime(service, {})
        self._give_generations(service, runtime)
        self.runtimes.setdefault(service, runtime)
        return runtime

    def subscribe(self, service: str, runtime: Runtime) -> None:
        """Have messages come to a runtime of a service from now on."""
        for inbox in self.manifests[service].inboxes:
            queue, dead_letters = runtime.queues.get(inbox.queue, runtime.queue), runtime.dead_letters
            assert isinstance(queue, MemoryQueue)
            assert isinstance(dead_letters, MemoryQueue)
            self.subscribers.append(Subscriber(inbox, queue, dead_letters, runtime))

    def _ask_relay(self, service: str, request: dict[str, Any]) -> dict[str, Any]:
        self._must_answer(service)
        with self.at_work(service):
            return relay.serve(request)

    def _ask_replay(self, service: str, request: dict[str, Any]) -> dict[str, Any]:
        """As composition/replay.py does it, also of a service that is a test's."""
        self._must_answer(service)
        with self.at_work(service) as runtime:
            if service in consumers_of_the_mall():
                return replay.handle(request)
            registered = self.manifests[service]
            with active(rows_alone(runtime, views_of(registered))):
                return Replay(projections_of(registered)).handle(request)

    def _must_answer(self, service: str) -> None:
        if service in self.stopped:
            raise UnavailableError(f"{service} does not answer")

    def run(self) -> None:
        """One minute's work of the runner."""
        with self.at_work("operations"):
            run_all({})

    def begin(self, begins: Callable[..., Run], *args: Any, **more: Any) -> str:
        """Begin a run as an operator; its id."""
        with self.at_work("operations"):
            return begins(*args, by="operator:ada", run_id=self.next_id("run"), **more).id

    def run_of(self, id: str) -> tuple[Run, Progress]:
        """A run, and how far it is."""
        with self.at_work("operations"):
            run = run_rows.get(id)
            return run, history_rows.progress(run)

    def until(self, id: str, is_so: Callable[[Run, Progress], bool], minutes: int = 200) -> tuple[Run, Progress]:
        """Let time pass until a run is so."""
        for _ in range(minutes):
            run, progress = self.run_of(id)
            if is_so(run, progress):
                return run, progress
            self.pass_time(MINUTE)
        raise AssertionError(f"it never was so: {self.run_of(id)}")


def consumers_of_the_mall() -> dict[str, Served]:
    """What operations knows of the mall's own services."""
    return {name: served(manifest(name)) for name in services()}


def served(registered: Manifest) -> Served:
    """A service as operations addresses it."""
    rooms = [Consumer(registered.service, inbox.queue, inbox.fifo) for inbox in registered.inboxes]
    relays = [Consumer(registered.service, RELAY)] if registered.publisher else []
    return Served(registered.service, (*rooms, *relays), bool(views_of(registered)))


@contextmanager
def deployed(monkeypatch: pytest.MonkeyPatch, *more: Served) -> Iterator[None]:
    """Within the block, operations knows all services of a mall, and more."""
    monkeypatch.setenv("CONSUMERS", consumers.written([*consumers_of_the_mall().values(), *more]))
    consumers.services.cache_clear()
    try:
        yield
    finally:
        consumers.services.cache_clear()


def as_of(mall: Mall) -> Any:
    """The clock of a mall."""
    return clock.fixed(lambda: mall.now)
