"""The audit in memory."""

from dataclasses import asdict

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.rest import audit
from functions.kernel.rest.audit import Entries, Entry, Wanted, chosen, place


def to_item(entry: Entry) -> dict[str, dict[str, str]]:
    """A row as the table has it."""
    facts = {"day": entry.time[:10], "place": place(entry), **asdict(entry)}
    return {name: {"S": value} for name, value in facts.items() if value}


class MemoryAudit:
    """Appended entries; while it is `down`, none can be."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.down = False

    def append(self, entry: Entry) -> None:
        if self.down:
            raise UnavailableError("what is asked cannot be noted now, so it is not done")
        self.entries.setdefault(place(entry), entry)

    def of_day(self, day: str, limit: int, before: str | None, wanted: Wanted) -> Entries:
        found = [key for key in sorted(self.entries, reverse=True) if key.startswith(day)]
        found = [key for key in found if before is None or key < before]
        read = [self.entries[key] for key in found[: audit.LOOKED_THROUGH]]
        return chosen(read, len(found) > len(read), limit, wanted)
