"""What the letters of a forecast would have written so far: it goes from invocation to invocation, as JSON."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any

from functions.kernel.eventstore.overlay import Commits
from functions.kernel.projections.overlay import Tried

# Bytes of its JSON: beside the letters in a request, and their answers in a response, each of 6 MB at most.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LIMIT = 3_000_000
NAMES = 150  # bytes of what an entry has beside its key and its content

Item = dict[str, dict[str, Any]]


@dataclass
class Overlay:
    """Commits and rows as a table would hold them."""

    commits: Commits = field(default_factory=dict)
    rows: Tried = field(default_factory=dict)

    @classmethod
    def read(cls, written: dict[str, Any] | None) -> "Overlay":
        """The overlay that was written so; an empty one of None."""
        overlay = cls()
        for item in written["commits"] if written else ():
            commit = _item(item, b64decode)
            overlay.commits.setdefault(commit["stream"]["S"], {})[int(commit["version"]["N"])] = commit
        for partition, sort, item in written["rows"] if written else ():
            overlay.rows[partition, sort] = _item(item, b64decode) if item else None
        return overlay

    def written(self) -> dict[str, Any]:
        """Ready for JSON."""
        items = (item for of_stream in self.commits.values() for item in of_stream.values())
        rows = [[*key, _item(item, _in_base64) if item else None] for key, item in self.rows.items()]
        return {"commits": [_item(item, _in_base64) for item in items], "rows": rows}

    def copy(self) -> "Overlay":
        """Another of the same content."""
        return Overlay({stream: dict(items) for stream, items in self.commits.items()}, dict(self.rows))

    @property
    def is_full(self) -> bool:
        """Whether it takes about as much as may be carried."""
        items = [item for of_stream in self.commits.values() for item in of_stream.values()]
        size = sum(map(_size, items)) + sum(len(p) + len(s) + NAMES + _size(i or {}) for (p, s), i in self.rows.items())
        return size > LIMIT


def _size(item: Item) -> int:
    """The bytes of an item's JSON, about: base64 makes four of three."""
    values = (content for value in item.values() for content in value.values())
    return NAMES + sum(len(content) * 4 // 3 for content in values if isinstance(content, bytes | str))


def _item(item: Item, convert: Any) -> Item:
    """An item with its binary values converted."""
    return {name: {"B": convert(value["B"])} if "B" in value else value for name, value in item.items()}


def _in_base64(content: bytes) -> str:
    return b64encode(content).decode()
