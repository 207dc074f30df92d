"""Queues in memory, schedules, and repeated actions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

VISIBILITY = 120


@dataclass
class Message:
    """A message in a queue. due: when it becomes visible; receives: how often it was received, first when.

    sent: when, and by whom (`depot/inbox`), if the queue was told.
    """

    id: str
    body: str
    due: datetime
    receives: int = 0
    first_received: datetime | None = None
    reason: Mapping[str, str] | None = None
    sent: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    sender: str = ""


class Clock(Protocol):
    """The time, and ids for messages."""

    now: datetime

    def next_id(self, prefix: str) -> str: ...


@dataclass
class MemoryQueue:
    """An SQS queue: delays, visibility, receive counts; FIFO deduplication for messages with `dedup`.

    sender: who sends from now on, where several share a queue of dead letters.
    """

    clock: Clock
    messages: list[Message] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    sender: str = ""

    def send(
        self,
        body: str,
        delay: int = 0,
        reason: Mapping[str, str] | None = None,
        group: str = "",
        dedup: str = "",
    ) -> None:
        if dedup and dedup in self.seen:
            return
        self.seen.add(dedup)
        now, id = self.clock.now, self.clock.next_id("m")
        due = now + timedelta(seconds=delay)
        self.messages.append(Message(id, body, due, reason=reason, sent=now, sender=self.sender))

    def retry_in(self, receipt: str, seconds: int) -> None:
        next(m for m in self.messages if m.id == receipt).due = self.clock.now + timedelta(seconds=seconds)

    def due(self) -> list[Message]:
        """What can be received now, oldest first."""
        return [message for message in self.messages if message.due <= self.clock.now]


@dataclass
class RepeatedAction:
    """What something outside the system does every so many seconds; `due` is the next time."""

    seconds: float
    action: Callable[[], object]
    due: datetime


def moment(expression: str, after: datetime) -> datetime:
    """When a schedule falls due next: `rate(N minutes)`, counted from midnight, or `cron(M H * * ? *)`."""
    kind, _, rest = expression.rstrip(")").partition("(")
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "rate":
        number, unit = rest.split()
        every = timedelta(**{unit.removesuffix("s") + "s": int(number)})
        return midnight + ((after - midnight) // every + 1) * every
    minute, hour = (int(part) for part in rest.split()[:2])
    today = midnight + timedelta(hours=hour, minutes=minute)
    return today if today > after else today + timedelta(days=1)
