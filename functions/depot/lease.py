"""The lease of a robot: how long it may be silent (`service.end_leases` takes the silent ones offline).

A robot that is online may be silent for ROBOT_LEASE seconds (60). Then it is taken offline, and the list that it works
on is given back. A heartbeat is each request to come online, and each start, pick and completion that names the robot's
current assignment; what staff do with its list is none.

A heartbeat is a row and no event: a robot sends one every few seconds, and nothing is decided by it. It is not recorded
while the last one recorded is younger than 15 s, or than a quarter of a shorter lease. So a robot that sends one within
three quarters of its lease, each time, is never taken offline.

A schedule looks each minute at the robots that are shown as online; the row of each says whether its lease has ended. A
row that is missing, or older than the lease, means that the robot has been silent. So a robot is offline at the latest
a minute and the time of one sweep after its lease has ended, within two minutes of its last heartbeat.

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
    latest, now = views.last_heartbeat(bot_id), clock.now()
    if latest is None or (now - latest).total_seconds() >= min(RECORDED_FOR, seconds() / 4):
        views.record_heartbeat(bot_id, now)


def has_ended(heartbeat: datetime | None) -> bool:
    """Whether the lease that began with a robot's last heartbeat has ended."""
    return heartbeat is None or (clock.now() - heartbeat).total_seconds() >= seconds()
