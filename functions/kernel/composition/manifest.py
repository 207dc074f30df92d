"""What a service registers, read from its rooms: the one source of dispatch, deployment and documents."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from events.queries import Query
from functions.kernel.eventstore.publish import Publisher
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.queries import Ask, Queries
from functions.kernel.projections.projection import Projection
from functions.kernel.rest.http import Api
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.runtime import Port

T = TypeVar("T")


@dataclass(frozen=True)
class Manifest:
    """The registrations of one service. A room that it does not have is None or empty.

    questions: what it asks other services directly. ports: the names of its ways out to other systems. alarms:
    what it wakes somebody up for.
    """

    service: str
    api: Api | None
    inboxes: tuple[Inbox, ...]
    publisher: Publisher | None
    projections: tuple[Projection, ...]
    queries: Queries | None
    questions: tuple[type[Query[Any]], ...]
    ports: tuple[str, ...]
    alarms: tuple[Alarm, ...]

    @property
    def asks(self) -> tuple[str, ...]:
        """The services that it asks directly."""
        return tuple(sorted({query.owner for query in self.questions}))

    @property
    def indexes(self) -> list[str]:
        """The indexes of its read models' table."""
        return sorted({index for projection in self.projections for index in projection.indexes})


def services() -> list[str]:
    """The services that there are: the folders beside the kernel's, but for the gateway's, which is the platform's."""
    folders = Path(__file__).parents[2].iterdir()
    return sorted(f.name for f in folders if (f / "inbox.py").exists() and f.name not in ("kernel", "gateway"))


def manifest(service: str) -> Manifest:
    """Import the rooms of a service and collect what they register. Raises ModuleNotFoundError for no such service."""
    import_module(f"functions.{service}")
    rooms = {
        name: _room(service, name) for name in ("api", "inbox", "dispatcher", "publish", "views", "queries", "service")
    }
    inboxes = [*_registered(rooms["inbox"], Inbox), *_registered(rooms["dispatcher"], Inbox)]
    questions = {ask.query for room in rooms.values() for ask in _registered(room, Ask)}
    return Manifest(
        service=service,
        api=next(iter(_registered(rooms["api"], Api)), None),
        inboxes=tuple(inbox for n, inbox in enumerate(inboxes) if inbox not in inboxes[:n]),
        publisher=next(iter(_registered(rooms["publish"], Publisher)), None),
        projections=tuple(_registered(rooms["views"], Projection)),
        queries=next(iter(_registered(rooms["queries"], Queries)), None),
        questions=tuple(sorted(questions, key=lambda query: query.__name__)),
        ports=tuple(sorted({port.name for room in rooms.values() for port in _registered(room, Port)})),
        alarms=tuple(_registered(rooms["service"], Alarm)),
    )


def _room(service: str, name: str) -> ModuleType | None:
    path = f"functions.{service}.{name}"
    return import_module(path) if find_spec(path) else None


def _registered(room: ModuleType | None, kind: type[T]) -> list[T]:
    return [member for member in vars(room).values() if isinstance(member, kind)] if room else []
