"""The interface of a cloud for cases: clients in boto3's shapes, and resources made for one case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Event = dict[str, Any]

INDEX = "place"  # of the tables of rows: its keys are place_partition and place_sort


@dataclass(frozen=True)
class Letter:
    """A message taken from a queue."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    group: str = ""


@dataclass(frozen=True)
class Queue:
    """A queue of a case: its address, and its name in that cloud."""

    url: str
    name: str


class Tools(Protocol):
    """What a function of a case may use."""

    def note(self, what: Any) -> None:
        """Record a value, which the case can read."""

    def sleep(self, seconds: float) -> None:
        """Sleep."""

    def retry_in(self, receipt: str, seconds: int) -> None:
        """Make a message of the function's queue visible after so many seconds. Raises ClientError."""


Work = Callable[[Event, Tools], Any]
"""A function of a case. The engine gets its source: it may use only its arguments, json, and built-in errors."""


class Place(Protocol):
    """A cloud on which a case runs."""

    dynamodb: Any
    sqs: Any
    functions: Any
    """Clients, as far as each is simulated: DynamoDB, SQS, Lambda."""
    bus: str
    source: str
    """The name of the bus, and a source of events for this case only."""

    @property
    def events(self) -> Any:
        """The client of the bus; make the rules first."""

    def commits(self) -> str:
        """A new table with the keys of an event table, stream (text) and version (number); its name."""

    def rows(self) -> str:
        """A new table with the keys of a read model, partition and sort, and the index; its name."""

    def queue(self, *, fifo: bool = False, dead_letters: Queue | None = None, max_receives: int = 0) -> Queue:
        """A new queue. dead_letters: the target of its redrive policy, after max_receives receives."""

    def function(self, work: Work, *, timeout: int = 10, queue: Queue | None = None) -> str:
        """A new function; its name. queue: the one that its tool `retry_in` uses."""

    def notes(self, function: str) -> list[Any]:
        """The values that a function recorded, in order."""

    def feed(self, function: str, queue: Queue, batch: int = 10) -> None:
        """Connect a queue to a function, with partial batch responses."""

    def follow(
        self, function: str, table: str, *, batch: int = 100, retries: int = 1, failures: Queue | None = None
    ) -> None:
        """Connect a table's stream, from its beginning, to a function: insertions with messages, with bisection."""

    def rule(self, names: list[str], to: list[Any], queue: Queue, *, group: str = "", reachable: bool = True) -> Queue:
        """A rule for events of the source; its dead-letter queue. Not reachable: the target does not exist."""

    def schedule(self, timer: type[Any], queue: Queue) -> None:
        """Make a schedule fire at least once."""

    def throttle(self, function: str) -> None:
        """Throttle all invocations of a function."""

    def take(self, queue: Queue, number: int = 1) -> list[Letter]:
        """Take all visible messages out of a queue, once there are so many."""

    def depth(self, queue: Queue) -> int:
        """The number of messages in a queue, visible or not."""

    def until(self, probe: Callable[[], Any]) -> Any:
        """Poll until the probe returns a true value; that value. Raises AssertionError when it never does."""
