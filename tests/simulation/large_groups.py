"""Groups that are larger than what the collector counts at once: pages of two letters, and time that ends after some.

In the mall of a schedule few letters are alike. A group of thousands is counted page by page, over some minutes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from functions.operations import groups, rows
from functions.operations.letters import Letter
from tests.simulation.choices import Choices

SHARE = 0.5  # of the schedules
ENDS = 0.3  # of the times at which the collector looks whether there is time for more


class _SmallPages:
    """The module `rows`, but for how many letters are counted at once."""

    LOOKED_AT = 2

    def __getattr__(self, name: str) -> Any:
        return getattr(rows, name)


@contextmanager
def counted_in_parts(choices: Choices) -> Iterator[None]:
    """Within the block, of some schedules, groups are counted in parts."""
    if not choices.chance(SHARE, "groups are counted in parts"):
        yield
        return
    count = groups.count_changed

    def count_changed(known: Sequence[Letter], has_time: Callable[[], bool]) -> None:
        count(known, lambda: has_time() and not choices.chance(ENDS, "time ends"))

    own = vars(groups)
    own["rows"], own["count_changed"] = _SmallPages(), count_changed
    try:
        yield
    finally:
        own["rows"], own["count_changed"] = rows, count
