"""The recorded invocations again, through boto3's own clients: only what the network would answer is canned."""

import base64
import io
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.kernel.composition.manifest import services
from functions.kernel.runtime import budget, clock, runtime
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.side_by_side import one_by_one
from infra.stages import STAGES
from tests.bench.recording import PORTS, Call, Invocation, same_calls
from tests.support.keys import MemoryKms

ENVIRONMENT = {
    **STAGES["prod"].environment,
    "AWS_ACCESS_KEY_ID": "no-such-key",
    "AWS_SECRET_ACCESS_KEY": "no-such-secret",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
TIMEOUT = 20.0  # seconds that a function has left
LOOK = "describe_event_bus"  # once a minute by each container, whatever it does: left out
LATE = datetime(2100, 1, 1, tzinfo=UTC)


class _Body(io.BytesIO):
    """The body of an answer of the network."""

    def stream(self, *_: Any) -> Iterator[bytes]:
        yield self.read()


class Network:
    """What AWS answers: to each service's calls, in their order."""

    def __init__(self) -> None:
        self.answers: dict[str, deque[tuple[int, bytes]]] = {}

    def load(self, calls: Sequence[tuple[str, int, bytes]]) -> None:
        """The answers to come: service, status and body of each."""
        self.answers = {}
        for service, status, body in calls:
            self.answers.setdefault(service, deque()).append((status, body))

    def client(self, service: str, **settings: Any) -> Any:
        """A client of boto3's, of which the HTTP session alone is replaced."""
        made = boto3.Session().client(service, **settings)  # type: ignore[call-overload]  # a name known at run time
        made._endpoint.http_session = SimpleNamespace(send=lambda request: self._send(service, request))
        return made

    def _send(self, service: str, request: Any) -> AWSResponse:
        status, body = self.answers[service].popleft()
        headers: Any = {"content-length": str(len(body))}
        return AWSResponse(request.url, status, headers, _Body(body))


def canned(call: Call) -> tuple[str, int, bytes]:
    """The answer to a recorded call as the network gives it: service, status and body."""
    if isinstance(call.error, ClientError):
        response: dict[str, Any] = dict(call.error.response)
        response.pop("ResponseMetadata", None)
        error = response.pop("Error")
        return call.service, 400, _json({"__type": error["Code"], "message": error["Message"], **response})
    if call.service == "lambda":
        return call.service, 200, call.answer["Payload"]
    return call.service, 200, _json(call.answer)


def _json(content: Any) -> bytes:
    return json.dumps(content, default=lambda binary: base64.b64encode(binary).decode()).encode()


class Replay:
    """An invocation to be done again: by its handler, and as the bare calls that it makes."""

    def __init__(self, invocation: Invocation, network: Network, composed: Runtime) -> None:
        self.invocation = invocation
        self._network = network
        self._ports = [call for call in invocation.calls if call.service in PORTS.values()]
        self.calls = [
            call for call in invocation.calls if call.service not in PORTS.values() and call.operation != LOOK
        ]
        self._answers = [canned(call) for call in self.calls]
        self._runtime = composed

    def through_handler(self, measure: Any, *, sdk: bool = True) -> float:
        """Handle the event; what `measure` says of it. Raises AssertionError if it makes other calls than before.

        sdk: whether through boto3, or `without_sdk`.
        """
        self._network.load(self._answers)
        ports = deque(self._ports)
        adapters = {**{port: _Port(ports) for port in PORTS.values()}, **MemoryKms().adapters}
        adapters["code_key"] = b"a key for benchmarks"
        at_work = replace(self._runtime, adapters=adapters)
        os.environ["MALLBOTS_SERVICE"] = self.invocation.service
        with (
            clock.fixed(lambda: self.invocation.at),
            budget.limited(lambda: TIMEOUT),
            runtime.active(at_work),
            same_calls(),
        ):
            begun = measure()
            self.invocation.handle(self.invocation.event)
            took: float = measure() - begun
        left = [*(self._network.answers.values() if sdk else ()), ports]
        assert not any(left), f"{self.invocation.function} makes fewer calls than when it was recorded"
        return took

    def bare(self, measure: Any, clients: dict[str, Any]) -> float:
        """Make its calls of AWS and nothing else."""
        self._network.load(self._answers)
        begun = measure()
        for call in self.calls:
            with suppress(ClientError):
                getattr(clients[call.service], call.operation)(**call.request)
        took: float = measure() - begun
        return took


@contextmanager
def without_sdk(again: Sequence[Replay]) -> Iterator[None]:
    """Within the block, the clients give the recorded answers at once; the replays are to be handled in their order."""
    calls = deque(call for replay in again for call in replay.calls)

    def answer(_client: BaseClient, _operation: str, _request: Any) -> Any:
        call = calls.popleft()
        if call.error:
            raise call.error
        return (
            {**call.answer, "Payload": io.BytesIO(call.answer["Payload"])} if call.service == "lambda" else call.answer
        )

    with patch.object(BaseClient, "_make_api_call", answer):
        yield


class _Port:
    """The adapter of a port that answers as it did."""

    def __init__(self, calls: deque[Call]) -> None:
        self._calls = calls

    def __getattr__(self, operation: str) -> Any:
        def answer(*_: Any, **__: Any) -> Any:
            call = self._calls.popleft()
            assert call.operation == operation
            if call.error:
                raise call.error
            return call.answer

        return answer


@contextmanager
def replays(invocations: Sequence[Invocation]) -> Iterator[tuple[list[Replay], dict[str, Any]]]:
    """The invocations as replays, each function composed as in Lambda, and the bare clients. Lines are not printed."""
    network = Network()
    with patch.dict(os.environ, ENVIRONMENT), patch.object(boto3, "client", network.client):
        composed = {invocation.function: invocation for invocation in invocations}
        runtimes = {function: _composed(invocation, network) for function, invocation in composed.items()}
        clients = {name: network.client(name, config=budget.config()) for name in _services(invocations)}
        with patch("sys.stdout", SimpleNamespace(write=lambda text: None, flush=lambda: None)):
            yield [Replay(one, network, runtimes[one.function]) for one in invocations], clients


def _adapters() -> Runtime:
    try:
        from functions.kernel.composition.container import Clients, compose
    except ImportError:  # a commit before there was one
        compose_once: Any = import_module("functions.kernel.composition.compose")._compose
        made: Runtime = compose_once.__wrapped__()
        return made
    return compose(Clients())


def _services(invocations: Sequence[Invocation]) -> set[str]:
    return {call.service for one in invocations for call in one.calls} - set(PORTS.values())


def _composed(invocation: Invocation, network: Network) -> Runtime:
    """The runtime of a function, of boto3's clients, as the composition makes it from the environment."""
    service = invocation.service
    names = {"TABLE": f"{service}/events", "BUS": "bus"}
    names |= {"VIEWS": f"{service}/views"} if find_spec(f"functions.{service}.views") else {}
    names |= {"VAULT": f"{service}/vault", "ERASURES": f"{service}/erasures"}
    queues = {"QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/inbox"}
    others = {f"QUERIES_{owner.upper()}": f"{owner}-queries" for owner in services()}
    others |= {"QUEUE_URL_DISPATCHER": "https://sqs.eu-central-1.amazonaws.com/1/dispatcher.fifo"}
    with patch.dict(os.environ, {"MALLBOTS_SERVICE": service, **names, **queues, **others}):
        made = _adapters()
    with clock.fixed(lambda: LATE):  # it has looked for the bus, and does not look again
        network.load([("events", 200, b"{}"), ("events", 200, b'{"Entries": [{}]}')])
        made.bus.put([Outgoing({"metadata": {"source": "mallbots.bench", "name": "Begun", "id": "1"}})])
    return replace(made, side_by_side=one_by_one, secret=lambda: b"a key for benchmarks")
