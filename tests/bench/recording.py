"""Every invocation of one whole order, with the calls that it makes and their answers, on the simulated cloud."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.side_by_side import one_by_one
from tests.simulation import deployment
from tests.simulation.containers import Container
from tests.simulation.whole_order import WholeOrder
from tests.support.keys import MemoryKms

CLIENTS = {"DynamoDBClient": "dynamodb", "EventsClient": "events", "LambdaClient": "lambda", "SQSClient": "sqs"}
PORTS = {"ProviderClient": "provider", "TextsClient": "texts"}


@dataclass
class Call:
    """One call: of an operation (`put_item`) of an AWS service, or of a method of a port, and what came of it."""

    service: str
    operation: str
    request: dict[str, Any]
    answer: Any = None
    error: Exception | None = None


@dataclass
class Invocation:
    """One invocation of a function (`ordering/inbox`): its handler, its event, when, and its calls in their order."""

    function: str
    handle: Callable[[dict[str, Any]], Any]
    event: dict[str, Any]
    at: datetime
    calls: list[Call] = field(default_factory=list)

    @property
    def service(self) -> str:
        return self.function.partition("/")[0]

    @property
    def part(self) -> str:
        """What of the service: api, inbox, dispatcher, queries or relay."""
        return self.function.partition("/")[2]


class Recorder:
    """Records invocations. A container works on one at a time, so its runtime tells whose call a call is."""

    def __init__(self) -> None:
        self.invocations: list[Invocation] = []
        self._at_work: dict[int, Invocation] = {}

    def handler(self, function: str, handle: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        """A handler that records what it is called with."""

        def recorded(event: dict[str, Any]) -> Any:
            invocation = Invocation(function, handle, event, clock.now())
            self._at_work[id(runtime.current())] = invocation
            self.invocations.append(invocation)
            return handle(event)

        return recorded

    def client(self, name: str, service: str) -> Callable[..., Any]:
        """What makes a client, of the simulated cloud's class of that name, whose calls are recorded."""
        make = getattr(deployment, name)
        return lambda *parts: _Recorded(make(*parts), service, self._at_work)


class _Recorded:
    """A client, or the adapter of a port, whose calls are recorded."""

    def __init__(self, wrapped: Any, service: str, at_work: dict[int, Invocation]) -> None:
        self._wrapped, self._service, self._at_work = wrapped, service, at_work

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call = getattr(self._wrapped, operation)

        def recorded(*parts: Any, **request: Any) -> Any:
            made = Call(self._service, operation, request)
            self._at_work[id(runtime.current())].calls.append(made)
            try:
                made.answer = call(*parts, **request)
            except Exception as error:
                made.error = error
                raise
            if isinstance(made.answer, dict) and "Payload" in made.answer:  # a stream, which is read once
                payload = made.answer["Payload"].read()
                made.answer = {**made.answer, "Payload": payload}
                return {**made.answer, "Payload": io.BytesIO(payload)}
            return made.answer

        return recorded


@contextmanager
def same_calls() -> Iterator[None]:
    """Within the block an invocation makes the same calls whenever it is done, in commits of before these were there.

    No container keeps KMS's data keys: that is one read more than most invocations make. Each knows the epochs and the
    generations of its tables, as one that is minutes old: that is what most know.
    """
    wrapping, epochs, generations = (
        find_spec(name) and import_module(name)
        for name in (
            "functions.customers.wrapping",
            "functions.kernel.eventstore.epochs",
            "functions.kernel.projections.generations",
        )
    )
    with ExitStack() as patches:
        if wrapping:
            patches.enter_context(patch.object(wrapping, "KEPT", timedelta(0)))
        if epochs:
            patches.enter_context(patch.object(epochs.Known, "due", datetime.max.replace(tzinfo=UTC)))
        if generations:
            known = generations.Pointer()
            patches.enter_context(patch.object(generations.Generations, "pointer", lambda _store, _view: known))
        yield


@contextmanager
def _recording(recorder: Recorder) -> Iterator[None]:
    made: dict[str, Any] = {name: recorder.client(name, service) for name, service in {**CLIENTS, **PORTS}.items()}
    with (
        patch.multiple(deployment, Kms=lambda _world: MemoryKms(), **made),
        same_calls(),
        # One after the other, as the handlers are measured: a thread's time is not that of its caller.
        patch.object(Container, "side_by_side", lambda _container, jobs: one_by_one(jobs)),
    ):
        yield


def record(place: Callable[[Callable[[], object]], WholeOrder] = WholeOrder) -> list[Invocation]:
    """The invocations of one whole order, in the order in which they began; those that create the mall left out.

    place: makes the mall, given what to call when it is there.
    """
    recorder = Recorder()
    with _recording(recorder):
        mall = place(recorder.invocations.clear)
        for name, function in mall.cloud.functions.items():
            function.handle = recorder.handler(name, function.handle)
        mall.place()
    return recorder.invocations
