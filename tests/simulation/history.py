"""What happened in a schedule: the only thing, beside the final state, that the checker looks at."""

import hashlib
import marshal
from typing import Any

from tests.simulation.scheduler import Scheduler

Note = tuple[int, str, dict[str, Any]]


class History:
    """Notes in the order of true time, with a hash of all of them that two equal runs share."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.notes: list[Note] = []
        self._scheduler = scheduler

    def note(self, kind: str, **fields: Any) -> None:
        """Write down what happened now; the fields are JSON-ready and are not changed afterwards."""
        self.notes.append((self._scheduler.now_us, kind, fields))

    @property
    def now_us(self) -> int:
        """The true time."""
        return self._scheduler.now_us

    @property
    def trace_hash(self) -> str:
        """The hash of all notes so far, in hexadecimal."""
        # Of version 2, what it writes depends on the values alone, and not on which objects are shared.
        return hashlib.blake2b(marshal.dumps(self.notes, 2), digest_size=16).hexdigest()
