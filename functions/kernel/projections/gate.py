"""The gate of a row: which version may replace what is there.

A tombstone is final for the versions that its stream goes on with, and for all before, whatever comes late. A table of
events that was restored to before the deletion has the aggregate again, and goes on in a new epoch (docs/adr/0054):
then the row comes back with the first message of that epoch. A consumer knows no other service's epochs, but versions
tell: bases are moments in microseconds, a restoration takes minutes, and no stream has a million events behind its
deletion.
"""

from collections.abc import Mapping
from typing import Any

EPOCHS_APART = 1_000_000  # versions: a second between two epochs of a table, and more events than follow a deletion

OPENS = (
    "attribute_not_exists(#partition) OR #version < :epoch OR (#version < :version AND attribute_not_exists(deleted))"
)


def values(version: int) -> dict[str, Any]:
    """The values of the condition, for a row of a version."""
    return {":version": {"N": str(version)}, ":epoch": {"N": str(version - EPOCHS_APART)}}


def opens(there: Mapping[str, Any] | None, version: int) -> bool:
    """Whether a row of a version may replace an item, or nothing."""
    if not there:
        return True
    return int(there["version"]["N"]) < (version - EPOCHS_APART if "deleted" in there else version)
