"""The lease of a robot: how long it may be silent (`service.end_leases` takes the silent ones offline).

A robot that is online may be silent for ROBOT_LEASE seconds (60). Then it is taken offline, and the list that it works
on is given back. A heartbeat is each request to come online, and each start, pick and completion that names the robot's
current assignment; what staff do with its list is none.

A heartbeat is a row and no event: a robot sends one every few seconds, and nothing is decided by it. It is not recorded
while the last one recorded is younger than 15 s, or than a quarter of a shorter lease. So the last heartbeat is at most
that much younger than the row, and a lease has ended for certain when the row is older than both together.

A schedule looks each minute at the robots that are shown as online, and at their rows; no row means that a robot has
been silent. Where a row is older than the lease alone, it looks again when that is certain. So no robot is taken
offline that sent a heartbeat within its lease, and a silent one is offline at the latest a minute and the time of one
sweep after its row is as old as the lease, within two minutes of its last heartbeat.

It is a schedule and not a reminder that sends the next: Lambda stops a function that a chain of its own messages
invokes more than about 16 times (https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html).
"""

from datetime import datetime

from functions.depot import views
from functions.kernel.runtime import clock, runtime

RECORDED_FOR = 15  # seconds in which a heartbeat need not be recorded again


def seconds() -> int:
    """How long a robot may be silent, in seconds."""
    return int(runtime.current().setting("ROBOT_LEASE"))


def renew(bot_id: str) -> None:
    """Take a heartbeat of a robot: its lease begins again, unless it has just begun."""
    recorded = views.last_heartbeat(bot_id)
    if recorded is None or _age(recorded) >= _recorded_for():
        views.record_heartbeat(bot_id, clock.now())


def left(recorded: datetime | None) -> float:
    """In how many seconds a lease has ended for certain, by the heartbeat that is recorded; 0 or less: it has."""
    return seconds() + _recorded_for() - _age(recorded) if recorded else 0


def is_in_doubt(left: float) -> bool:
    """Whether a lease may have ended or not: the last heartbeat, if it came soon after another, was not recorded."""
    return 0 < left <= _recorded_for()


def _recorded_for() -> float:
    return min(RECORDED_FOR, seconds() / 4)


def _age(recorded: datetime) -> float:
    return (clock.now() - recorded).total_seconds()
