"""Projections: a pure function makes rows of a message, the kernel writes those that are newer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from events.envelope import Metadata
from events.registry import Message
from functions.kernel.projections.generation import View
from functions.kernel.projections.generations import Failed, in_each
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row

Rows = Row | Sequence[Row] | None
Maker = Callable[..., Rows]
F = TypeVar("F", bound=Maker)


class Projection:
    """What a service's views.py registers: the messages that its rows are made of, and the indexes of the rows.

    The service's inbox feeds it: `inbox.include(projection)`.

    `@projection.on(StoreCreated, StoreRebranded)` on a function of the message (and its metadata) that returns a
    row, several, or none. A row's version is that of the message's stream, so it can be applied late, twice and out
    of order; a row must therefore be made from one stream only.

    view: what its rows are to who rebuilds them (generation.py); without it they cannot be rebuilt.
    """

    def __init__(self, view: View | None = None, *, indexes: Sequence[str] = ()) -> None:
        self.view = view
        self.indexes = (*(view.indexes if view else ()), *indexes)
        self.makers: dict[type[Message], list[Maker]] = {}
        self.parts: list[Projection] = [self]
        self._own: dict[type[Message], list[Maker]] = {}

    @property
    def views(self) -> list[View]:
        """The views that it feeds, its own and those of the projections that it includes."""
        return [part.view for part in self.parts if part.view]

    def on(self, *messages: type[Message]) -> Callable[[F], F]:
        """Register the function that makes rows of these messages; it is called as `f(message, metadata)`."""

        def register(maker: F) -> F:
            for message in messages:
                for makers in (self.makers, self._own):
                    makers.setdefault(message, []).append(maker)
            return maker

        return register

    def include(self, other: "Projection") -> None:
        """Make the rows of another projection too."""
        self.parts += other.parts
        self.indexes += tuple(index for index in other.indexes if index not in self.indexes)
        for message, makers in other.makers.items():
            self.makers.setdefault(message, []).extend(makers)

    def apply(self, message: Message, metadata: Metadata) -> list[Failed]:
        """Write the rows of a message, in each generation of their view.

        Raises what a maker raises for the one that is read; what failed in another is returned.
        """
        return [failed for part in self.parts for failed in part.apply_own(message, metadata)]

    @property
    def own_messages(self) -> list[type[Message]]:
        """The messages that its own rows are made of, without those of the projections that it includes."""
        return list(self._own)

    def apply_own(self, message: Message, metadata: Metadata) -> list[Failed]:
        """The same for its own rows alone."""
        if type(message) not in self._own:
            return []
        return in_each(self.view, partial(self._write, message, metadata))

    def _write(self, message: Message, metadata: Metadata) -> None:
        for maker in self._own[type(message)]:
            made = maker(message, metadata)
            for row in [made] if isinstance(made, Row) else made or []:
                runtime.current().views.put(row, metadata.stream_version)


def projections_of(service: str) -> list[Projection]:
    """The projections in a service's views.py that make rows."""
    module = import_module(f"functions.{service}.views")
    return [one for one in vars(module).values() if isinstance(one, Projection) and one.makers]


def views_of(service: str) -> list[View]:
    """The views of a service that can be rebuilt."""
    return [view for projection in projections_of(service) for view in projection.views]


def read(partition: str, sort: str) -> dict[str, Any] | None:
    """A row of the service's read models."""
    return runtime.current().views.get(partition, sort)


def read_many(keys: Iterable[tuple[str, str]], *, consistent: bool = False) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows of the service's read models by their keys, those that are there."""
    return runtime.current().views.get_many(keys, consistent=consistent)


def rows(
    partition: str,
    *,
    index: str | None = None,
    first: str | None = None,
    last: str | None = None,
    descending: bool = False,
    at_a_time: int = 100,
    consistent: bool = False,
) -> Iterator[dict[str, Any]]:
    """All rows of a partition (of an index) between two sort keys, in order, read page by page as they are consumed."""
    after: dict[str, Any] | None = None
    while True:
        page = runtime.current().views.query(
            partition,
            index=index,
            first=first,
            last=last,
            limit=at_a_time,
            after=after,
            descending=descending,
            consistent=consistent,
        )
        yield from page.rows
        after = page.after
        if after is None:
            return
