"""All random decisions of a schedule: drawn from one seed, recorded, and given again in a replay."""

import random
from array import array
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """The one source of randomness of a schedule. `what` names a decision for the reader; it changes nothing.

    recorded: the draws so far, each in [0, 1). draws: those of an earlier run, for a replay; once they are used up,
    every decision is the least: no chance comes true, the lowest number, the first of a sequence. without: the numbers
    of faults that do not strike.
    """

    def __init__(
        self, seed: int, draws: Iterable[float] | None = None, without: Iterable[int] = (), *, record: bool = True
    ) -> None:
        self.seed = seed
        self.recorded = array("d")
        self.without = frozenset(without)
        self._next = random.Random(seed).random
        self._given = iter(draws) if draws is not None else None
        self._record = record
        self._ids = 0

    def _draw(self) -> float | None:
        """The next number in [0, 1), or None when a replay has no more."""
        if self._given is None:
            drawn = self._next()
        else:
            given = next(self._given, None)
            if given is None:
                return None
            drawn = given
        if self._record:
            self.recorded.append(drawn)
        return drawn

    def chance(self, probability: float, what: str = "") -> bool:
        """Whether something of this probability comes true. Nothing is drawn when it is 0."""
        if probability <= 0.0:
            return False
        drawn = self._draw()
        return drawn is not None and drawn < probability

    def between(self, low: int, high: int, what: str = "") -> int:
        """A whole number from low to high, inclusive."""
        drawn = self._draw()
        return low if drawn is None else low + int(drawn * (high - low + 1))

    def pick(self, sequence: Sequence[T], what: str = "") -> T:
        """One of a sequence. Raises IndexError for an empty one."""
        drawn = self._draw()
        return sequence[0 if drawn is None else int(drawn * len(sequence))]

    def seconds(self, low: float, high: float, what: str = "") -> float:
        """A duration between low and high, in seconds."""
        drawn = self._draw()
        return low if drawn is None else low + drawn * (high - low)

    def shuffled(self, sequence: Sequence[T], what: str = "") -> list[T]:
        """The same elements in random order."""
        left, order = list(sequence), []
        while left:
            order.append(left.pop(self.between(0, len(left) - 1, what)))
        return order

    def new_id(self) -> str:
        """A new id in the form of a UUIDv4. Ids do not sort in the order of their creation."""
        self._ids += 1
        mixed = (self._ids * 2_654_435_761 + self.seed * 40_503) & 0xFFFFFFFF
        high = ((mixed >> 16) ^ self.seed) & 0xFFFF
        return f"{mixed:08x}-{high:04x}-4000-8000-{self._ids:012x}"
