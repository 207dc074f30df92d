"""The time, and waiting: the one place that reads the clock; tests and the simulation set it."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

from functions.kernel.runtime.bound import Bound

Now = Callable[[], datetime]
Wait = Callable[[float], None]

_fixed: ContextVar[tuple[Now, Wait] | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """The time now, in UTC."""
    source = _fixed.get()
    return source[0]() if source else datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """A moment (now, when none is given) as RFC 3339 in UTC with microseconds; sorts as text."""
    return (moment or now()).astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read(stamped: str) -> datetime:
    """The moment that an RFC 3339 text names. Raises ValueError."""
    return datetime.fromisoformat(stamped)


def wait(seconds: float) -> None:
    """Wait, as between two attempts."""
    source = _fixed.get()
    (source[1] if source else time.sleep)(seconds)


def back_off(attempt: int) -> None:
    """Wait before a retry, after the attempts 0, 1, 2…: 10, 20, 40 … milliseconds."""
    wait(0.01 * 2**attempt)


def fixed(now: Now, wait: Wait = lambda seconds: None) -> Bound[tuple[Now, Wait]]:
    """Within the block, `now` gives the time and `wait` waits."""
    return Bound(_fixed, (now, wait))
