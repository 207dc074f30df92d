"""What a service registers, read from its modules: the one source of dispatch, deployment and documents."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from events.queries import Query
from functions.kernel.eventstore.publish import Publisher
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.queries import Queries
from functions.kernel.messaging.topics import Topics
from functions.kernel.projections.projection import Projection
from functions.kernel.rest.http import Api
from functions.kernel.rest.socket import Socket
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.uses import Uses

MODULES = ("api", "inbox", "dispatcher", "publish", "views", "queries", "service", "socket", "topics")

T = TypeVar("T")


@dataclass(frozen=True)
class Manifest:
    """The registrations of one service. A module that it does not have is None or empty.

    alarms: those that its code raises.
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
        return [room.uses for room in (self.api, *self.inboxes, self.queries, self.socket, self.topics) if room]

    @property
    def indexes(self) -> list[str]:
        """The indexes of its read models' table."""
        return sorted({index for projection in self.projections for index in projection.indexes})


def services() -> list[str]:
    """The services that there are: the folders beside the kernel's, but for the gateway's, which is the platform's."""
    folders = Path(__file__).parents[2].iterdir()
    return sorted(f.name for f in folders if (f / "inbox.py").exists() and f.name not in ("kernel", "gateway"))


def manifest(service: str) -> Manifest:
    """Import the modules of a service and collect what they register. Raises ModuleNotFoundError."""
    import_module(f"functions.{service}")
    modules = {name: _module(service, name) for name in MODULES}
    inboxes = [*_registered(modules["inbox"], Inbox), *_registered(modules["dispatcher"], Inbox)]
    return Manifest(
        service=service,
        api=next(iter(_registered(modules["api"], Api)), None),
        inboxes=tuple(inbox for n, inbox in enumerate(inboxes) if inbox not in inboxes[:n]),
        publisher=next(iter(_registered(modules["publish"], Publisher)), None),
        projections=tuple(_registered(modules["views"], Projection)),
        queries=next(iter(_registered(modules["queries"], Queries)), None),
        alarms=tuple(_registered(modules["service"], Alarm)),
        socket=next(iter(_registered(modules["socket"], Socket)), None),
        topics=next(iter(_registered(modules["topics"], Topics)), None),
    )


def _module(service: str, name: str) -> ModuleType | None:
    path = f"functions.{service}.{name}"
    return import_module(path) if find_spec(path) else None


def _registered(module: ModuleType | None, kind: type[T]) -> list[T]:
    return [member for member in vars(module).values() if isinstance(member, kind)] if module else []
