"""Aggregates: they decide by recording events, and change only by applying events."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

from functions.kernel.domain.errors import RefusedError

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
E = TypeVar("E", bound="DomainEvent")
Method = TypeVar("Method", bound=Callable[..., None])


class UnknownEventError(Exception):
    """A stored event cannot be folded: this code does not know its name or its version."""


class DomainEvent:
    """What happened to an aggregate: a frozen dataclass. A new shape of it has the next `version` and an upcaster.

    is_a_step: whether the aggregate goes on by it. After an event that is none, it still waits for what it waited for.
    """

    version: ClassVar[int] = 1
    is_a_step: ClassVar[bool] = True


_upcasters: dict[tuple[type[DomainEvent], int], Upcaster] = {}


def upcasts(event: type[DomainEvent], from_version: int) -> Callable[[Upcaster], Upcaster]:
    """Register a pure function that turns the stored fields of `from_version` into those of the next version."""

    def register(upcaster: Upcaster) -> Upcaster:
        _upcasters[event, from_version] = upcaster
        return upcaster

    return register


def applies(event: type[DomainEvent]) -> Callable[[Method], Method]:
    """Mark the method of an aggregate that changes its state by an event."""

    def mark(method: Method) -> Method:
        method.applies = event  # type: ignore[attr-defined]  # read once, by Aggregate.__init_subclass__
        return method

    return mark


@dataclass(frozen=True)
class Unchanged(DomainEvent):
    """A request under an Idempotency-Key changed nothing: the key is stored, and only the version goes up.

    The repository records it in a stream of any kind; no aggregate decides by it and nothing is published.
    """

    is_a_step: ClassVar[bool] = False


POSITION = ("id", "version", "unchanged", "floor")  # of every aggregate: which one it is, and how far it has come


@dataclass
class Aggregate:
    """What is changed as a whole. Subclasses are dataclasses whose fields, all with defaults, are the state.

    id: the aggregate's id. version: that of its last event, 0 before the first. unchanged: how many versions ago its
    last step was. floor: the version above which it goes on, where its table was restored. A subclass must raise
    `snapshot_schema` when the meaning of its fields changes.

    personal: the fields of it and of its events that are about a person, which no operator is shown.
    """

    snapshot_schema: ClassVar[int] = 1
    personal: ClassVar[frozenset[str]] = frozenset()
    appliers: ClassVar[dict[type[DomainEvent], Callable[..., None]]] = {}
    event_types: ClassVar[dict[str, type[DomainEvent]]] = {}

    id: str = ""
    version: int = 0
    unchanged: int = field(default=0, kw_only=True)
    floor: int = field(default=0, kw_only=True, compare=False, repr=False)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        methods = [member for base in reversed(cls.__mro__) for member in vars(base).values()]
        cls.appliers = {method.applies: method for method in methods if hasattr(method, "applies")}
        cls.event_types = {event.__name__: event for event in cls.appliers}

    @classmethod
    def stream(cls, id: str) -> str:
        """The id of the stream that holds one aggregate's events."""
        return f"{cls.__name__}#{id}"

    @property
    def is_new(self) -> bool:
        """Whether nothing has happened to it yet."""
        return self.version == 0

    @property
    def may_be_kept(self) -> bool:
        """Whether a snapshot of it may be stored; where not, it is folded from its events."""
        return True

    @property
    def is_forgotten(self) -> bool:
        """Whether what was personal in it is erased for good."""
        return False

    @property
    def changes(self) -> list[DomainEvent]:
        """What it has recorded since it was loaded."""
        recorded: list[DomainEvent] = self.__dict__.setdefault("_changes", [])
        return recorded

    def record(self, event: DomainEvent) -> None:
        """Apply an event now and keep it for the commit."""
        self.rise_to(self.floor)
        self.apply(event)
        self.changes.append(event)

    def apply(self, event: DomainEvent) -> None:
        """Change the state by an event that has happened. Raises UnknownEventError."""
        applier = self.appliers.get(type(event))
        if applier is None:
            raise UnknownEventError(f"{type(self).__name__} does not apply {type(event).__name__}")
        applier(self, event)
        self.version += 1
        self.unchanged = 0 if event.is_a_step else self.unchanged + 1

    def rise_to(self, version: int) -> None:
        """Leave out the versions up to this one: no event has them, and no step was made by them."""
        if version > self.version:
            self.unchanged += version - self.version
            self.version = version

    @property
    def next_version(self) -> int:
        """The version that the next event gets which it records."""
        return max(self.version, self.floor) + 1

    @applies(Unchanged)
    def _unchanged(self, event: Unchanged) -> None:
        """Nothing follows from it but the version."""

    @property
    def changed_at(self) -> int:
        """The version of the last event that was a step."""
        return self.version - self.unchanged

    def must_be(self, *statuses: str) -> None:
        """Raises RefusedError unless the aggregate's status is one of these."""
        status = str(getattr(self, "status", ""))
        if status not in statuses:
            standing = f"is {status.replace('_', ' ')}" if status else "does not exist"
            raise RefusedError(f"the {noun(type(self))} {standing}", status)

    def state(self) -> dict[str, Any]:
        """Its fields by name (not copied), without id, version and what follows from the version."""
        return {found.name: getattr(self, found.name) for found in fields(self) if found.name not in POSITION}


def noun(aggregate: type[Aggregate]) -> str:
    """The class's name in words: ShoppingList → shopping list."""
    name = aggregate.__name__
    return "".join(f" {c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


def upcast(event: type[DomainEvent], version: int, data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a stored event in its newest shape. Raises UnknownEventError."""
    if version > event.version:
        raise UnknownEventError(
            f"{event.__name__} version {version} is newer than this code, which knows {event.version}"
        )
    for step in range(version, event.version):
        if (event, step) not in _upcasters:
            raise UnknownEventError(f"{event.__name__} has no upcaster from version {step}")
        data = _upcasters[event, step](data)
    return data
