"""Event source mappings and the counts of queues in memory, switched asynchronously as AWS does."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock
from functions.operations.consumers import Consumer, FailureQueue
from functions.operations.mappings import DISABLED, DISABLING, ENABLED, ENABLING, Backlog, EventSource

TAKES = timedelta(seconds=20)  # to switch a mapping


class MemoryMappings:
    """Mappings by their consumers; all that are asked for are there, but those in `missing`.

    fails: called before each call with its name; it may raise.
    """

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.fails: Callable[[str], object] = lambda call: None
        self._on: dict[str, bool] = {}
        self._changed: dict[str, datetime] = {}

    def is_on(self, name: str) -> bool:
        """Whether messages of a consumer are received."""
        return self.state(name) != DISABLED

    def off(self) -> set[str]:
        """The consumers whose messages are not received."""
        return {name for name in self._on if not self.is_on(name)}

    def set(self, name: str, *, on: bool) -> None:
        """Switched by another, some time ago."""
        self._on[name] = on
        self._changed.pop(name, None)

    def state(self, name: str) -> str:
        """The state of a consumer's mapping."""
        on = self._on.get(name, True)
        if clock.now() < self._changed.get(name, clock.now()) + TAKES and name in self._changed:
            return ENABLING if on else DISABLING
        return ENABLED if on else DISABLED

    def find(self, wanted: Iterable[Consumer]) -> dict[str, EventSource]:
        self.fails("find")
        return {one.name: EventSource(one.name, self.state(one.name)) for one in wanted if one.name not in self.missing}

    def switch(self, source: EventSource, *, on: bool) -> str:
        self.fails("switch")
        if self.state(source.id) in (ENABLING, DISABLING):
            raise UnavailableError(f"{source.id} is being changed")
        self._on[source.id] = on
        self._changed[source.id] = clock.now()
        return self.state(source.id)


class MemoryBacklogs:
    """How many messages a queue has, by its name or its consumer's, as tests say."""

    def __init__(self) -> None:
        self.waiting: dict[str, Backlog] = {}
        self.unmeasurable: set[str] = set()

    def put(self, name: str, visible: int, in_flight: int = 0, delayed: int = 0) -> None:
        self.waiting[name] = Backlog(visible, in_flight, delayed)

    def measure(self, queue: Consumer | FailureQueue) -> Backlog:
        if queue.name in self.unmeasurable:
            raise UnavailableError("SQS does not answer")
        return self.waiting.get(queue.name, Backlog(0, 0, 0))
