"""What a case finds on a cloud, whichever it is: clients in boto3's shapes, and things made for it alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Event = dict[str, Any]

INDEX = "place"  # of the tables of rows: its keys are place_partition and place_sort


@dataclass(frozen=True)
class Letter:
    """A message that lay in a queue."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    group: str = ""


@dataclass(frozen=True)
class Queue:
    """A queue of a case: its address, and its name at the place."""

    url: str
    name: str


class Tools(Protocol):
    """What a case's function has at hand where it runs."""

    def note(self, what: Any) -> None:
        """Write something down for the case to read."""

    def sleep(self, seconds: float) -> None:
        """Take so long."""

    def retry_in(self, receipt: str, seconds: int) -> None:
        """Let a message of the queue that feeds the function come back then. Raises ClientError."""


Work = Callable[[Event, Tools], Any]
"""A function of a case. Its source is sent to the engine: it names nothing but what it is given, json, and errors."""


class Place(Protocol):
    """A cloud on which a case is run."""

    dynamodb: Any
    sqs: Any
    functions: Any
    """Clients, as far as each is simulated: DynamoDB, SQS, Lambda."""
    bus: str
    source: str
    """The bus's name, and a source of events that no other case has."""

    @property
    def events(self) -> Any:
        """The client of the bus, once its rules are made."""

    def commits(self) -> str:
        """The name of a new table with the keys of an event table: stream, a text, and version, a number."""

    def rows(self) -> str:
        """The name of a new table with the keys of a view: partition and sort, and the index."""

    def queue(self, *, fifo: bool = False, dead_letters: Queue | None = None, max_receives: int = 0) -> Queue:
        """A new queue, redriven to the dead letters where they are given."""

    def function(self, work: Work, *, timeout: int = 10, queue: Queue | None = None) -> str:
        """The name of a new function; `queue` is the one of its tool `retry_in`."""

    def notes(self, function: str) -> list[Any]:
        """What a function noted, in turn."""

    def feed(self, function: str, queue: Queue, batch: int = 10) -> None:
        """Let a queue feed a function, which reports failures one by one."""

    def follow(
        self, function: str, table: str, *, batch: int = 100, retries: int = 1, failures: Queue | None = None
    ) -> None:
        """Let a table's stream feed a function from its beginning: insertions with messages, split where they fail."""

    def rule(self, names: list[str], to: list[Any], queue: Queue, *, group: str = "", reachable: bool = True) -> Queue:
        """A rule for the source's events; the queue for what it cannot deliver. Not reachable: the target is gone."""

    def schedule(self, timer: type[Any], queue: Queue) -> None:
        """Have a schedule's time come once."""

    def throttle(self, function: str) -> None:
        """Let a function have no container."""

    def take(self, queue: Queue, number: int = 1) -> list[Letter]:
        """What lies in a queue, taken out, once there is so much."""

    def depth(self, queue: Queue) -> int:
        """How many messages a queue holds, visible or not."""

    def until(self, probe: Callable[[], Any]) -> Any:
        """What the probe returns once that is true. Raises AssertionError when it never is."""
