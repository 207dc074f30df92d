"""The time, and waiting: the one place that reads the clock; tests and the simulation set it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_now: ContextVar[Callable[[], datetime] | None] = ContextVar("now", default=None)
_wait: ContextVar[Callable[[float], None] | None] = ContextVar("wait", default=None)


def now() -> datetime:
    """The time now, in UTC."""
    source = _now.get()
    return source() if source else datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """A moment (now, when none is given) as RFC 3339 in UTC with microseconds; sorts as text."""
    return (moment or now()).astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read(stamped: str) -> datetime:
    """The moment that an RFC 3339 text names. Raises ValueError."""
    return datetime.fromisoformat(stamped)


def wait(seconds: float) -> None:
    """Wait, as between two attempts."""
    waiting = _wait.get()
    (waiting or time.sleep)(seconds)


def back_off(attempt: int) -> None:
    """Wait before a retry, after the attempts 0, 1, 2…: 10, 20, 40 … milliseconds."""
    wait(0.01 * 2**attempt)


@contextmanager
def fixed(now: Callable[[], datetime], wait: Callable[[float], None] = lambda seconds: None) -> Iterator[None]:
    """Within the block, `now` gives the time and `wait` waits."""
    now_token, wait_token = _now.set(now), _wait.set(wait)
    try:
        yield
    finally:
        _now.reset(now_token)
        _wait.reset(wait_token)
