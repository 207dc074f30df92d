"""Letters in failure queues, and a collector that stores them as a test lets time pass."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.kernel.runtime.runtime import Runtime
from functions.operations import rows
from functions.operations.cloud import HIDDEN, Held
from functions.operations.collector import collector
from functions.operations.letters import Letter
from functions.operations.rows import Filter
from tests.support.letters import sample

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
INBOX = "depot/inbox/dead-letters"


@dataclass
class Time:
    """A clock that a test advances."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def after(self, **passed: float) -> None:
        self.now += timedelta(**passed)


def record(name: str = "inbox", number: int = 1, **changes: Any) -> Held:
    return sample(name, **{"id": f"record-{number}", "receipt": f"receipt-{number}", **changes})[1]


def of_order(number: int, **changes: Any) -> Held:
    """The letter of a message of its own."""
    body = record().body.replace("order-1", f"order-{number}").replace("message-2", f"message-{number}")
    return record(number=number, body=body, **changes)


def stored() -> list[Letter]:
    return list(rows.letters(Filter(), 100).letters)


def collect(time: Time, times: int = 1) -> None:
    """Collect, as often as each time that what was received is visible again."""
    for _ in range(times):
        collector.handle({})
        time.after(seconds=HIDDEN + 1)


class Failing:
    """Rows that fail: the calls that a test names, each with its error, as often as it says."""

    def __init__(self, running: Runtime, fails: Callable[[str, tuple[Any, ...]], object]) -> None:
        self._views, self._fails = running.views, fails
        running.views = self

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._views, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._fails(name, arguments)
            return method(*arguments, **named)

        return call
