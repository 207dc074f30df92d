"""The audit in memory."""

from functions.kernel.domain.errors import UnavailableError
from functions.operations.audit import Entries, Entry, place


class MemoryAudit:
    """Appended entries; while it is `down`, none can be."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.down = False

    def append(self, entry: Entry) -> None:
        if self.down:
            raise UnavailableError("what is asked cannot be noted now, so it is not done")
        self.entries.setdefault(place(entry), entry)

    def of_day(self, day: str, limit: int, before: str | None) -> Entries:
        found = [key for key in sorted(self.entries, reverse=True) if key.startswith(day)]
        found = [key for key in found if before is None or key < before]
        page = found[:limit]
        return Entries([self.entries[key] for key in page], page[-1] if len(found) > limit else None)
