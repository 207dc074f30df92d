"""How the latest try of each message of a queue ended, in one container."""

from dataclasses import dataclass, field
from datetime import datetime

KEPT = 500  # messages: more tell no more


@dataclass(frozen=True)
class Try:
    """The latest try of a message: when it ended, and our error that it failed by; empty where it did not."""

    at: datetime
    failure: str = ""


@dataclass
class Recent:
    """The latest tries, the oldest first. asked: when the container last asked for the queue to be paused."""

    tries: dict[str, Try] = field(default_factory=dict)
    asked: datetime | None = None

    def note(self, message_id: str, at: datetime, failure: str) -> None:
        """A try has ended; it replaces an earlier one of this message."""
        self.tries.pop(message_id, None)
        self.tries[message_id] = Try(at, failure)
        while len(self.tries) > KEPT:
            del self.tries[next(iter(self.tries))]

    def since(self, begin: datetime) -> dict[str, Try]:
        """The tries that ended at that moment or later; the others are forgotten."""
        self.tries = {message_id: one for message_id, one in self.tries.items() if one.at >= begin}
        return self.tries
