"""Sweeps: a schedule finds what is due by a sparse index, and acts on each of it."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from functions.kernel.runtime import budget, clock, context, observe
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.observe import Alarm

SECONDS = 10  # of one sweep, and less where the batch has less left: the rest is found again at the next tick

T = TypeVar("T")


def sweep(found: Iterable[T], act: Callable[[T], object], alarm: Alarm) -> int:
    """Act on each thing that was found, in a flow of its own; returns how many calls succeeded.

    `act` must change nothing where nothing is due any more: it has no cause to be recognised by, and the index may be
    behind. A call that fails rings the alarm, does not stop the others, and is made again at the next tick.
    """
    begun, done = clock.now(), 0
    for one in found:
        try:
            with context.within(Context()):
                act(one)
            done += 1
        except Exception as error:  # the others must not wait for one that fails
            observe.log_error(f"{alarm.metric}: {one}", error)
            alarm.ring()
        if (clock.now() - begun).total_seconds() > SECONDS or budget.left() < budget.MESSAGE:
            break
    return done
