"""What a schedule found, one by one: the rows of a sparse index whose time has come."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from functions.kernel.runtime import clock, context, observe
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.observe import Alarm

SECONDS = 10  # well inside a worker's timeout: what is left is for the schedule's next tick

T = TypeVar("T")


def sweep(found: Iterable[T], act: Callable[[T], object], alarm: Alarm) -> int:
    """Do something about each of what was found, in a flow of its own, and say how many it went well with.

    `act` is to change nothing where there is nothing (any more) to be done: it has no cause to be known again by, and
    the index that it was found in may be behind. One that fails rings the alarm, does not keep the others from being
    looked at, and is found again at the next tick.
    """
    begun, done = clock.now(), 0
    for one in found:
        try:
            with context.within(Context()):
                act(one)
            done += 1
        except Exception as error:  # whatever it is, the others must not wait for it
            observe.log_error(f"{alarm.metric}: {one}", error)
            alarm.ring()
        if (clock.now() - begun).total_seconds() > SECONDS:
            break
    return done
