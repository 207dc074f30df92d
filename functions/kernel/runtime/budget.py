"""How long a call to AWS, and a function, may take: docs/budgets.md adds it up for every function.

Lambda ends a function at its timeout without a word: a request gets no answer, a batch no report. So a function must
end by itself, however many calls hang. Each client makes one kind of retry (the SDK's, or for the bus our own) and has
short timeouts; and no try begins for which there is no time left: the guard raises UnavailableError instead, which the
API answers with 503 and a queue retries.
"""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from math import inf
from typing import Any

from botocore.config import Config

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock
from functions.kernel.runtime.bound import Bound
from functions.kernel.runtime.side_by_side import AT_ONCE

# In seconds.
CONNECT, READ = 1, 2
TRY = CONNECT + READ  # the longest that one try of a call takes
TRIES = 2
BACK_OFF = 1  # the longest before a second try, in the SDK's standard mode
CALL = TRIES * TRY + (TRIES - 1) * BACK_OFF
RESERVE = 1  # what a function keeps to answer, or to report what failed
OPTIONAL = BACK_OFF + TRY + RESERVE  # for a call without which there is an answer: of slow tries it is the only one
MESSAGE = CALL + RESERVE  # a message of a batch, and a step of a sweep, begins only while so much is left
AFTERWARDS = TRY  # more, in a standard queue of which something follows each batch

_left: ContextVar[Callable[[], float] | None] = ContextVar("left", default=None)


def left() -> float:
    """The seconds until this function's timeout; without end where there is none (a test, a script)."""
    measure = _left.get()
    return measure() if measure else inf


def limited(measure: Callable[[], float]) -> Bound[Callable[[], float]]:
    """Within the block, `measure` gives the seconds that are left."""
    return Bound(_left, measure)


def at_most(seconds: float) -> Bound[Callable[[], float]]:
    """Within the block, no more than so many seconds are left, nor more than the function has."""
    outer, end = _left.get(), clock.now() + timedelta(seconds=seconds)

    def measure() -> float:
        own = (end - clock.now()).total_seconds()
        return min(own, outer()) if outer else own

    return limited(measure)


def config(tries: int = TRIES) -> Config:
    """The settings of an SDK client whose calls are tried so often."""
    return Config(
        connect_timeout=CONNECT,
        read_timeout=READ,
        retries={"mode": "standard", "total_max_attempts": tries},
        max_pool_connections=AT_ONCE,
    )


def guard(client: Any) -> Any:
    """Let a client begin no try for which there is no time left: its own timeouts say how long one takes.

    Returns the client.
    """
    seconds = client.meta.config.connect_timeout + client.meta.config.read_timeout
    client.meta.events.register_first("before-send", partial(check, seconds))
    return client


def check(seconds: float = TRY, **_: Any) -> None:
    """Raises UnavailableError when a try that hangs for so many seconds would not leave the time to report it."""
    if left() < seconds + RESERVE:
        raise UnavailableError("there is no time left for another call: ask again in a moment")
