"""The runtime of a service: its stores, queues, bus and settings, set by the composition."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from functions.kernel.runtime.bound import Bound
from functions.kernel.runtime.commit import Commit, Outgoing, Snapshot
from functions.kernel.runtime.recent import Recent
from functions.kernel.runtime.side_by_side import SideBySide, one_by_one
from functions.kernel.runtime.trial import InTrial, Trial, unknowable
from functions.kernel.runtime.vault import RowWrite, Vault
from functions.kernel.runtime.views import ViewStore

LONGEST_DELAY = 900  # of an SQS message, in seconds
LONGEST_WAIT = 43_000  # of a received one, in seconds: SQS allows 43,200 from its receive, and that was a moment ago

T = TypeVar("T")


class Scanned(NamedTuple):
    """A page of all commits. cursor: of the next page, None at the end. examined: commits read, shown or not."""

    commits: list[Commit]
    cursor: str | None
    examined: int


class EventStore(Protocol):
    """Where commits are kept. Every implementation passes one suite of tests."""

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        """Append one commit, or several in one transaction, and write these rows in it.

        Raises ConcurrencyError and TooLargeError.
        """

    def backwards(self, stream: str, page: int) -> Iterator[Commit]:
        """The commits of a stream without their messages, newest first, consistent, read `page` at a time."""

    def forwards(self, stream: str) -> Iterator[Commit]:
        """The commits of a stream, oldest first, read in ever larger pages: who needs the first reads few others."""

    def page(self, stream: str, after: int, limit: int) -> tuple[list[Commit], int | None]:
        """The commits behind a version, oldest first, at most `limit` and 1 MB, and where the next page goes on."""

    def read(self, stream: str, version: int) -> Commit | None:
        """The commit whose first event has this version."""

    def renew(self, commit: Commit, snapshot: Snapshot) -> None:
        """Put a snapshot of the state after a stored commit beside it; the commit itself does not change."""

    def rewrite(self, commit: Commit, last: int, beside: Sequence[RowWrite] = ()) -> None:
        """Store another text of a commit in its place, and write these rows in the same transaction.

        It keeps its key and id; its renewed snapshot goes. last: the version of the stream's last event. Raises
        ConcurrencyError where the commit is not there, or another followed the last.
        """

    def scan(self, segment: int, segments: int, cursor: str | None, limit: int) -> Scanned:
        """A page of all commits that hold messages, in no order."""

    def size(self) -> int:
        """About how many commits there are, with messages or without; those of the last hours may not be among them."""

    def epochs(self, *, again: bool = False) -> tuple[int, ...]:
        """The bases of the table's epochs, as of some minutes ago at most, or of now (eventstore/epochs.py)."""


@dataclass(frozen=True)
class Unsent:
    """A message that was not published, by its position. refusal: why it never can be; empty when a retry may help."""

    position: int
    refusal: str = ""


class Bus(Protocol):
    """Where messages are published."""

    def put(self, messages: Sequence[Outgoing]) -> list[Unsent]:
        """Publish, and return what could not be published."""


class Queue(Protocol):
    """One of the service's own queues."""

    def send(
        self,
        body: str,
        delay: int = 0,
        reason: Mapping[str, str] | None = None,
        group: str = "",
        dedup: str = "",
    ) -> None:
        """Send a body; `delay` in seconds, at most 900. Group and dedup are for FIFO queues."""

    def retry_in(self, receipt: str, seconds: int) -> None:
        """Make a received message visible again after so many seconds, at most LONGEST_WAIT."""


@dataclass
class Runtime:
    """The adapters and settings of one service in one place.

    token_keys: the text of the secret with the keys that sign the mall's own tokens (token_keys.py).

    outcomes: where a consumer reports what became of letters that an operator sent back; None where it consumes none.

    side_by_side: how jobs are done that do not depend on each other; one by one where calls take no time.

    recent: how the latest messages of each of its queues ended, by the queue's name; a container's own.

    trial: set where what code does to the outside is noted instead of done; its adapters are then of ports in a trial.
    """

    service: str
    store: EventStore
    views: ViewStore
    vault: Vault
    bus: Bus
    queue: Queue
    dead_letters: Queue
    queues: Mapping[str, Queue] = field(default_factory=dict)
    invoke: Callable[[str, dict[str, Any]], dict[str, Any]] | None = None
    adapters: dict[str, Any] = field(default_factory=dict)
    secret: Callable[[], bytes] = lambda: b""
    token_keys: Callable[[], str] = str
    settings: Mapping[str, str] = field(default_factory=dict)
    side_by_side: SideBySide = one_by_one
    trial: Trial | None = None
    outcomes: Queue | None = None
    recent: dict[str, Recent] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The version of the code at work; empty where the deployment does not say."""
        return self.settings.get("MALLBOTS_CODE", "")

    @property
    def signing_key(self) -> bytes:
        """The key that signs paging tokens, and nothing else; fetched when it is first needed."""
        return self.secret()

    def setting(self, name: str) -> str:
        """A setting of the stage, such as STEP_TIMEOUT: infra/stages.py has them all. Raises RuntimeError."""
        try:
            return self.settings[f"MALLBOTS_{name}"]
        except KeyError:
            raise RuntimeError(f"the stage has no setting MALLBOTS_{name}: add it to infra/stages.py") from None


_runtime: ContextVar[Runtime | None] = ContextVar("runtime", default=None)


def current() -> Runtime:
    """The runtime of the service at work. Raises RuntimeError outside a composition."""
    runtime = _runtime.get()
    if runtime is None:
        raise RuntimeError("no runtime: a service runs in a Lambda composition or a test's `active(runtime)`")
    return runtime


def active(runtime: Runtime) -> Bound[Runtime]:
    """Make a runtime the one of the block."""
    return Bound(_runtime, runtime)


class Port(Generic[T]):
    """A port to another system. Its adapter is made when first used, or given by the runtime.

    in_trial: makes its adapter of a trial, by the port's name; without it nothing can be told of what needs the port.
    """

    def __init__(self, name: str, connect: Callable[[], T], in_trial: InTrial = unknowable) -> None:
        self.name = name
        self._connect = connect
        self._in_trial = in_trial

    def __call__(self) -> T:
        running = current()
        if self.name not in running.adapters:
            running.adapters[self.name] = self._in_trial(self.name, running.trial) if running.trial else self._connect()
        adapter: T = running.adapters[self.name]
        return adapter
