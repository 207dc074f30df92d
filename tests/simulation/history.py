"""The history of a schedule: with the final state, all that the checker reads."""

import hashlib
import marshal
from typing import Any

from tests.simulation.scheduler import Scheduler

Entry = tuple[int, str, dict[str, Any]]


class History:
    """Entries in the order of virtual time, and their hash, which two equal runs share."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.entries: list[Entry] = []
        self._scheduler = scheduler

    def record(self, kind: str, **fields: Any) -> None:
        """Add an entry; the fields are JSON-ready and are not changed afterwards."""
        self.entries.append((self._scheduler.now_us, kind, fields))

    @property
    def now_us(self) -> int:
        """The virtual time, in microseconds."""
        return self._scheduler.now_us

    @property
    def trace_hash(self) -> str:
        """The hash of all entries so far, in hexadecimal."""
        # The output of marshal version 2 depends on the values alone, not on which objects are shared.
        return hashlib.blake2b(marshal.dumps(self.entries, 2), digest_size=16).hexdigest()
