"""What a service registers, read from its modules: the one source of dispatch, deployment and documents."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from events.queries import Query
from functions.kernel.composition.compose import CONSUMERS
from functions.kernel.eventstore.publish import Publisher
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.queries import Queries
from functions.kernel.messaging.scheduled import Scheduled
from functions.kernel.messaging.topics import Topics
from functions.kernel.projections.projection import Projection
from functions.kernel.rest.http import Api
from functions.kernel.rest.socket import Socket
from functions.kernel.runtime.levels import ServiceLevel
from functions.kernel.runtime.observe import Alarm, Figure
from functions.kernel.runtime.uses import Uses

SCHEDULED = ("collector", "redriver", "runner")  # rooms that run by themselves
MODULES = (
    "api",
    *CONSUMERS,
    "publish",
    "views",
    "queries",
    "service",
    "socket",
    "topics",
    "figures",
    *SCHEDULED,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Manifest:
    """The registrations of one service. A module that it does not have is None or empty.

    alarms: those that its code raises. scheduled: what it does by itself, without a queue. levels: what it promises
    about time. figures: its metrics for a dashboard.
    """

    service: str
    api: Api | None
    inboxes: tuple[Inbox, ...]
    publisher: Publisher | None
    projections: tuple[Projection, ...]
    queries: Queries | None
    alarms: tuple[Alarm, ...]
    socket: Socket | None = None
    topics: Topics | None = None
    scheduled: tuple[Scheduled, ...] = ()
    levels: tuple[ServiceLevel, ...] = ()
    figures: tuple[Figure, ...] = ()

    @property
    def questions(self) -> tuple[type[Query[Any]], ...]:
        """The queries that it sends to other services, by name."""
        asked = {query for uses in self._uses for query in uses.asks}
        return tuple(sorted(asked, key=lambda query: query.__name__))

    @property
    def asks(self) -> tuple[str, ...]:
        """The services that it asks directly."""
        return tuple(sorted({query.owner for query in self.questions}))

    @property
    def queues(self) -> tuple[str, ...]:
        """The names of its queues."""
        return (*(inbox.queue for inbox in self.inboxes), *((self.topics.queue,) if self.topics else ()))

    @property
    def has_vault(self) -> bool:
        """Whether any of its rooms uses a vault."""
        return any(uses.vault for uses in self._uses)

    @property
    def _uses(self) -> list[Uses]:
        rooms = (self.api, *self.inboxes, self.queries, self.socket, self.topics, *self.scheduled)
        return [room.uses for room in rooms if room]

    @property
    def has_consumers(self) -> bool:
        """Whether it handles messages, so that what becomes of one can be forecast."""
        return bool(self.inboxes or self.topics)

    @property
    def makes_rows(self) -> bool:
        """Whether it has read models that a replay can make again. Others write their rows themselves."""
        return any(projection.views for projection in self.projections)

    @property
    def indexes(self) -> list[str]:
        """The indexes of its read models' table."""
        return sorted({index for projection in self.projections for index in projection.indexes})


def services() -> list[str]:
    """The services that there are: the folders beside the kernel's, but for the gateway's, which is the platform's.

    Each handles messages or requests: it has an inbox.py or an api.py.
    """
    folders = Path(__file__).parents[2].iterdir()
    has_room = (f.name for f in folders if (f / "inbox.py").exists() or (f / "api.py").exists())
    return sorted(set(has_room) - {"kernel", "gateway"})


def manifest(service: str) -> Manifest:
    """Import the modules of a service and collect what they register. Raises ModuleNotFoundError."""
    import_module(f"functions.{service}")
    modules = {name: _module(service, name) for name in MODULES}
    inboxes = [inbox for name in CONSUMERS for inbox in _registered(modules[name], Inbox)]
    return Manifest(
        service=service,
        api=next(iter(_registered(modules["api"], Api)), None),
        inboxes=tuple(inbox for n, inbox in enumerate(inboxes) if inbox not in inboxes[:n]),
        publisher=next(iter(_registered(modules["publish"], Publisher)), None),
        projections=tuple(_registered(modules["views"], Projection)),
        queries=next(iter(_registered(modules["queries"], Queries)), None),
        alarms=tuple(
            {a.metric: a for name in ("service", *SCHEDULED) for a in _registered(modules[name], Alarm)}.values()
        ),
        socket=next(iter(_registered(modules["socket"], Socket)), None),
        topics=next(iter(_registered(modules["topics"], Topics)), None),
        scheduled=tuple(one for name in SCHEDULED for one in _registered(modules[name], Scheduled)),
        levels=tuple(level for name in ("service", "figures") for level in _registered(modules[name], ServiceLevel)),
        figures=tuple(_registered(modules["figures"], Figure)),
    )


def _module(service: str, name: str) -> ModuleType | None:
    path = f"functions.{service}.{name}"
    return import_module(path) if find_spec(path) else None


def _registered(module: ModuleType | None, kind: type[T]) -> list[T]:
    return [member for member in vars(module).values() if isinstance(member, kind)] if module else []
