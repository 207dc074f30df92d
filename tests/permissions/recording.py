"""Records what each function calls of AWS while a mall in memory works.

Every call of a port is made twice: in memory, for its result, and by the function's own adapter, composed by the
kernel's composition from the environment that the template gives the function, on a client that records the request
and answers nothing. So what is recorded has the names of the deployment, and is what would be sent to AWS.

A commit meets a conflict there, so that what a conflict leads to is recorded with it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar
from unittest.mock import patch

from functions.customers import codes, wrapping
from functions.fleet import broker as fleet_broker
from functions.fleet import identities as fleet_identities
from functions.kernel.domain.errors import ConcurrencyError, UnavailableError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.rest import audit
from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import Port, Runtime
from functions.live import push
from functions.live import service as live
from tests.permissions import operators
from tests.permissions.recorder import Recorder
from tests.permissions.roles import Role
from tests.support.cloud import MemoryBus
from tests.support.keys import MemoryKms
from tests.support.mall import Mall
from tests.support.operating import MallRelays
from tests.support.queues import MemoryQueue
from tests.support.runtime import CODE_KEY

GONE = "gone"  # a connection that has ended when a worker posts to it
OURS = MemoryKms().adapters  # of keys that are in memory

T = TypeVar("T")


@contextmanager
def recording(roles: Mapping[str, Role]) -> Iterator[Recorder]:
    """Within the block, every mall that is made is recorded."""
    recorder = Recorder(roles)
    patches = [
        patch("boto3.client", recorder.client),
        *(_mirrored(recorder, MemoryEventStore, name, lambda real, _: real.store) for name in STORE),
        *(_mirrored(recorder, MemoryViews, name, lambda real, _: real.views) for name in VIEWS),
        *(_mirrored(recorder, MemoryViews, name, lambda real, _: real.views.store) for name in TABLE_OF_VIEWS),
        *(_mirrored(recorder, MemoryVault, name, lambda real, _: real.vault) for name in VAULT),
        *(_mirrored(recorder, MemoryQueue, name, _same_queue) for name in ("send", "retry_in")),
        _mirrored(recorder, MemoryBus, "put", lambda real, _: real.bus),
        *(_at_work(recorder, name, part) for name, part in PARTS.items()),
        patch.object(Mall, "ask", _asking(recorder)),
        patch.object(MallRelays, "invoke", _as_relays(recorder)),
        patch.object(Runtime, "signing_key", property(_signing(recorder))),
        patch.object(codes, "code_key", _read_by(recorder, codes.connect, lambda: CODE_KEY)),
        patch.object(wrapping, "make_data_key", _called_of(recorder, wrapping.make_data_key)),
        patch.object(wrapping, "decrypt_data_key", _called_of(recorder, wrapping.decrypt_data_key)),
        patch.object(live, "connections", lambda: _Connections(recorder)),
        patch.object(wrapping, "kept", wrapping.Kept),  # each use is that of a container that has just started
        patch.object(Mall, "_runtime", _without_adapters(recorder, Mall._runtime)),
    ]
    with ExitStack() as stack:
        for one in patches:
            stack.enter_context(one)
        yield recorder


STORE = ("commit", "backwards", "forwards", "page", "read", "scan", "size", "rewrite")
VIEWS = ("put", "get", "delete", "get_many", "query")
TABLE_OF_VIEWS = ("all_items", "stored")  # of its table, where rows have generations
VAULT = ("get", "get_many", "sorts", "add")
PARTS: dict[str, Callable[..., str]] = {
    "request": lambda *_, **__: "api",
    "socket": lambda *_, **__: "socket",
    "_relay_all": lambda *_: "relay",
    "operate": lambda mall, function: function,
    "_handle": lambda mall, subscriber, batch, **_: subscriber.inbox.queue,
}


def _mirrored(recorder: Recorder, port: type[Any], method: str, same: Callable[[Runtime, Any], Any]) -> Any:
    """A port whose method is called of the function's deployed adapter too."""
    in_memory = getattr(port, method)

    @wraps(in_memory)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        args = tuple(list(one) if isinstance(one, Iterator) else one for one in args)  # both adapters read all of it
        if recorder.part:
            try:
                done = getattr(same(recorder.deployed(), self), method)(*args, **kwargs)
                if isinstance(done, Iterator):
                    next(done, None)
            except KeyError:  # the address of a queue
                recorder.unnamed("sqs:SendMessage", "sqs", f"a queue of {runtime.current().service}")
            except (ConcurrencyError, UnavailableError):  # the conflict that every commit and every new row meets there
                pass
        with recorder.working(None):  # what a fake does in turn, AWS does
            return in_memory(self, *args, **kwargs)

    return patch.object(port, method, call)


def _same_queue(real: Runtime, queue: Any) -> Any:
    """The deployed queue that stands for one in memory."""
    here = runtime.current()
    if queue is here.dead_letters:
        return real.dead_letters
    if queue is here.outcomes:
        return real.outcomes
    names = [name for name, other in here.queues.items() if other is queue]
    return real.queues[names[0]] if names else real.queue


def _at_work(recorder: Recorder, method: str, part: Callable[..., str]) -> Any:
    original = getattr(Mall, method)

    @wraps(original)
    def work(*args: Any, **kwargs: Any) -> Any:
        with recorder.working(part(*args, **kwargs)):
            return original(*args, **kwargs)

    return patch.object(Mall, method, work)


def _asking(recorder: Recorder) -> Callable[[Mall, str, dict[str, Any]], dict[str, Any]]:
    original = Mall.ask

    def ask(mall: Mall, service: str, request: dict[str, Any]) -> dict[str, Any]:
        if recorder.part:
            invoke = recorder.deployed().invoke
            assert invoke
            try:
                invoke(service, request)
            except KeyError:
                recorder.unnamed("lambda:InvokeFunction", "lambda", f"queries of {service}")
        with recorder.working("queries"):
            return original(mall, service, request)

    return ask


def _as_relays(recorder: Recorder) -> Callable[[MallRelays, str, Mapping[str, Any]], dict[str, Any]]:
    original = MallRelays.invoke

    def invoke(relays: MallRelays, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        with recorder.working("relay"):
            return original(relays, service, request)

    return invoke


def _signing(recorder: Recorder) -> Callable[[Runtime], bytes]:
    def signing_key(self: Runtime) -> bytes:
        if recorder.part:
            with recorder.environment():
                recorder.deployed().secret()
        return self.secret()

    return signing_key


def _read_by(recorder: Recorder, deployed: Callable[[], object], in_memory: Callable[[], T]) -> Callable[[], T]:
    """A secret that a function reads as deployed too."""

    def read() -> T:
        if recorder.part:
            with recorder.environment():
                deployed()
        return in_memory()

    return read


def _called_of(recorder: Recorder, port: Port[Callable[..., T]]) -> Callable[[], Callable[..., T]]:
    """A port to KMS, whose deployed adapter is called too."""

    def connected() -> Callable[..., T]:
        def call(*args: Any) -> T:
            if recorder.part:
                with recorder.environment():
                    port._connect()(*args)
            in_memory: Callable[..., T] = OURS[port.name]
            return in_memory(*args)

        return call

    return connected


class _Connections:
    """Connections to which is posted as deployed, too. Of these one is GONE."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def post(self, connection: str, text: str) -> None:
        if self._recorder.part:
            with self._recorder.environment():
                push.connect().post(connection, text)
        if connection == GONE and self._recorder.part != "socket":
            raise push.GoneError


class _Beside:
    """An adapter in memory, for its results, and the deployed one, which is called too."""

    def __init__(self, recorder: Recorder, connect: Callable[[], Any], in_memory: Any) -> None:
        self._recorder = recorder
        self._connect = connect
        self._in_memory = in_memory

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Beside":
        return _Beside(self._recorder, self._connect, deepcopy(self._in_memory, memo))

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._recorder.part:
                with self._recorder.environment():
                    getattr(self._connect(), method)(*args, **kwargs)
            with self._recorder.working(None):  # what a robot does in turn, no function does
                return getattr(self._in_memory, method)(*args, **kwargs)

        return call


BESIDE: dict[str, Callable[[], Any]] = {
    "audit": audit.connect,
    "broker": fleet_broker.connect,
    "identities": fleet_identities.connect,
    "revocation": fleet_identities.connect_to_revoke,
}


def _without_adapters(recorder: Recorder, original: Callable[..., Runtime]) -> Callable[..., Runtime]:
    """Ports connect as they do when deployed, to clients that are recorded; so are the keys of tokens read."""

    def make(mall: Mall, *args: Any) -> Runtime:
        made = original(mall, *args)
        connects = dict(BESIDE)
        if made.service == "operations":
            connects |= {name: port._connect for name, port in operators.PORTS.items()}
            made.adapters |= operators.in_memory(mall, recorder)
        beside = {name: _Beside(recorder, connect, made.adapters[name]) for name, connect in connects.items()}
        made.adapters.clear()
        made.adapters |= beside
        made.settings = {**made.settings, "MALLBOTS_STAGE": recorder.stage}
        made.token_keys = _read_by(recorder, lambda: recorder.deployed().token_keys(), made.token_keys)
        return made

    return make
