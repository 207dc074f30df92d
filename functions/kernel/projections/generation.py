"""What a read model is that can be rebuilt, and which of its generations there are: values, without any store.

A generation has all rows of a view under a prefix of their partitions, in the table as in its indexes. The first one
has none, so that rows from before there were generations are its rows. Sort keys have no prefix.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from functions.kernel.runtime.views import Row

FIRST = 0
TOKENS_FOR = timedelta(hours=1)  # after a switch a paging token of the generation before is good for so long

_PREFIX = re.compile(r"g(\d+)/")
_FAILED_IN = re.compile(r"[^:]+, generation \d+: ")


@dataclass(frozen=True)
class View:
    """A read model by its name, and where its rows are. One that can be rebuilt is fed by a projection alone.

    partitions: of the table; one that ends in a blank stands for all that begin so. indexes: its rows', each of one
    view. apart: partitions of these indexes with rows that are no view's. derived: partitions whose rows the service
    makes itself of the view's rows, in each generation: they are not compared. by_order: partitions whose rows depend
    on the order in which messages came, so that those of two generations may differ.
    """

    name: str
    partitions: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    by_order: tuple[str, ...] = ()

    def has(self, partition: str) -> bool:
        """Whether rows of a partition (without its prefix) are of this view."""
        return is_among(partition, self.partitions) or is_among(partition, self.derived)

    def is_compared(self, partition: str) -> bool:
        """Whether two generations must have equal rows in a partition."""
        return is_among(partition, self.partitions) and not is_among(partition, self.by_order)


def is_among(partition: str, names: Iterable[str]) -> bool:
    """Whether a partition is one of these, of which those that end in a blank stand for all that begin so."""
    return any(partition.startswith(name) if name.endswith(" ") else partition == name for name in names)


def failed_in(view: str, generation: int) -> str:
    """How the reason of a dead letter begins that failed in one generation of a view alone."""
    return f"{view}, generation {generation}: "


def is_of_one_generation(reason: str) -> bool:
    """Whether a dead letter's reason says that it failed in a generation alone."""
    return _FAILED_IN.match(reason) is not None


def prefixed(partition: str, generation: int) -> str:
    """A partition as it is stored in a generation."""
    return f"g{generation}/{partition}" if generation != FIRST else partition


def split(stored: str) -> tuple[int, str]:
    """The generation of a stored partition, and its name."""
    found = _PREFIX.match(stored)
    return (int(found[1]), stored[found.end() :]) if found else (FIRST, stored)


def placed(row: Row, generation: int) -> Row:
    """A row as it is stored in a generation."""
    if generation == FIRST:
        return row
    indexes = {index: (prefixed(partition, generation), sort) for index, (partition, sort) in row.indexes.items()}
    return replace(row, partition=prefixed(row.partition, generation), indexes=indexes)


@dataclass(frozen=True)
class Kept:
    """A generation that is read no more, but by paging tokens of before, and written until a time (RFC 3339)."""

    generation: int
    until: str


@dataclass(frozen=True)
class Pointer:
    """Which generations of a view there are.

    live: the one that is read. building: the one that a run fills. kept: those before. dropping: one whose rows are
    being deleted, written by none who knows of that. last: the highest number that was ever used. since: of the latest
    change. run: which made it.
    """

    live: int = FIRST
    building: int | None = None
    kept: tuple[Kept, ...] = ()
    dropping: int | None = None
    last: int = FIRST
    since: str = ""
    run: str = ""

    @property
    def written(self) -> list[int]:
        """The generations to which new messages are applied, the one that is read first."""
        others = [*([self.building] if self.building is not None else []), *(one.generation for one in self.kept)]
        return [self.live, *others]

    @property
    def is_idle(self) -> bool:
        """Whether there is one generation alone."""
        return self.building is None and not self.kept and self.dropping is None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Pointer":
        """The pointer of a row; unknown fields are ignored."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**known, "kept": tuple(Kept(**one) for one in known.get("kept", ()))})

    @property
    def data(self) -> dict[str, Any]:
        """It as a row holds it."""
        return {**asdict(self), "kept": [asdict(one) for one in self.kept]}

    def begun(self, run: str, now: str) -> "Pointer":
        """With a further generation, which a run is to fill."""
        return replace(self, building=self.last + 1, last=self.last + 1, since=now, run=run)

    def switched(self, now: str, until: str) -> "Pointer":
        """With the generation that was built as the one that is read, and the one before kept until a time."""
        assert self.building is not None
        kept = (*self.kept, Kept(self.live, until))
        return replace(self, live=self.building, building=None, kept=kept, since=now)

    def aborted(self, now: str) -> "Pointer":
        """Without the generation that is being built, whose time is over."""
        assert self.building is not None
        return replace(self, building=None, kept=(*self.kept, Kept(self.building, now)), since=now)

    def outdated(self, now: str) -> "Pointer":
        """With the oldest one whose time is over to be deleted, if there is one, and if no other is being deleted."""
        over = next((one for one in self.kept if one.until <= now), None)
        if over is None or self.dropping is not None:
            return self
        kept = tuple(one for one in self.kept if one is not over)
        return replace(self, kept=kept, dropping=over.generation, since=now)

    def dropped(self, now: str) -> "Pointer":
        """Without the one whose rows are deleted."""
        return replace(self, dropping=None, since=now)


def pointers(data: Mapping[str, Any] | None) -> dict[str, Pointer]:
    """The pointers of a service's views by their names, as one row holds them."""
    return {name: Pointer.of(one) for name, one in (data or {}).get("views", {}).items()}
