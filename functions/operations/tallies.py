"""What a group's letters come to, kept while they are counted: where time ends, the next minute goes on there.

group <id>   tally   what was counted so far, and where the next page begins
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from functions.kernel.projections.projection import read
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Row
from functions.operations.letters import OPEN, Letter

TALLY = "tally"
KEPT = timedelta(days=1)  # a count that none goes on with: its group has no letters any more


@dataclass
class Tally:
    """What a group's row says of its letters. open_at: when the latest failed of those that are open.

    begun: as of when it is: what is stored while it counts may be missing. after: where the next page of letters
    begins. version_of_row: 0 before it is stored.
    """

    first: Letter | None = None
    last: Letter | None = None
    open_at: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    begun: str = field(default_factory=clock.stamp)
    after: dict[str, Any] | None = None
    version_of_row: int = 0

    def add(self, letter: Letter) -> None:
        """One letter more."""
        self.counts[letter.state] = self.counts.get(letter.state, 0) + 1
        if self.first is None or letter.failed_at < self.first.failed_at:
            self.first = letter
        if self.last is None or letter.failed_at >= self.last.failed_at:
            self.last = letter
        if letter.state == OPEN:
            self.open_at = max(self.open_at, letter.failed_at)


def begun(group: str) -> Tally:
    """What was counted of a group so far, or a new count."""
    data = read(_key(group), TALLY)
    return msgspec.convert(data, Tally) if data else Tally()


def kept(group: str, so_far: Tally) -> Tally:
    """Store what was counted so far, unless another that counts it too was quicker; returns it as it is then."""
    first, last = (one and replace(one, history=(), deliveries=()) for one in (so_far.first, so_far.last))
    written = replace(so_far, first=first, last=last, version_of_row=so_far.version_of_row + 1)
    expires = int((clock.now() + KEPT).timestamp())
    row = Row(_key(group), TALLY, msgspec.to_builtins(written), expires=expires)
    runtime.current().views.put(row, written.version_of_row)
    return written


def drop(group: str) -> None:
    """Forget what was counted: the group's row says it."""
    runtime.current().views.delete(_key(group), TALLY)


def _key(group: str) -> str:
    return f"group {group}"
