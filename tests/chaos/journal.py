"""What clients asked and what they were answered: each request once for each time that it was sent."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from clients.credential import claims
from clients.mall import Mall

WRITES = ("POST", "PUT", "DELETE")
ROLES = ("operator", "staff", "kiosk")  # of the user pool, as groups


@dataclass
class Asked:
    """One request. at, answered_at: Unix times. status: None without an answer. again_after_kill: by a repetition.

    taken_back: whether a kill of the engine took back what the answer said.
    """

    id: int
    who: str
    method: str
    path: str
    body: Any
    key: str | None
    at: float
    answered_at: float = 0.0
    status: int | None = None
    answer: Any = None
    version: int | None = None
    taken_back: bool = False
    by: Mall | None = field(default=None, repr=False)

    @property
    def accepted(self) -> bool:
        """Whether it was acknowledged."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method in WRITES

    def to_json(self) -> dict[str, Any]:
        """As it is kept in the file of the journal."""
        return {name: value for name, value in asdict_without_mall(self).items() if value is not None}


class Journal:
    """All requests of all clients, in the order in which they were sent."""

    def __init__(self) -> None:
        self.entries: list[Asked] = []
        self._numbers = itertools.count(1)
        self._change = threading.Lock()

    def asks(self, by: Mall, who: str, method: str, path: str, body: Any, key: str | None) -> Asked:
        """A request is sent now."""
        with self._change:
            asked = Asked(next(self._numbers), who, method, path, body, key, time.time(), by=by)
            self.entries.append(asked)
        return asked

    def between(self, since: float, until: float) -> list[Asked]:
        """The requests that were answered after a time and not after another, in the order of their answers."""
        with self._change:
            found = [asked for asked in self.entries if since < asked.answered_at <= until]
        return sorted(found, key=lambda asked: asked.answered_at)

    def write(self, file: Path) -> None:
        """Keep it as lines of JSON."""
        file.write_text("".join(f"{line}\n" for line in self._lines()))

    def _lines(self) -> Iterator[str]:
        for asked in self.entries:
            yield json.dumps(asked.to_json(), ensure_ascii=False)


def asdict_without_mall(asked: Asked) -> dict[str, Any]:
    """The fields of an entry that say what happened."""
    connection, asked.by = asked.by, None  # it has locks, which cannot be copied
    try:
        return {name: value for name, value in asdict(asked).items() if name != "by"}
    finally:
        asked.by = connection


def who_has(token: str) -> str:
    """Role and id of a token's owner, as commits name an actor; not checked."""
    said = claims(token)
    groups = said.get("cognito:groups") or []
    role = said.get("role") or next((one for one in ROLES if one in groups), "")
    return f"{role}:{said.get('sub', '')}" if role else "anonymous"
