"""The lease of a robot: how long it may be silent (`service.end_leases` takes the silent ones offline).

A robot that is online may be silent for ROBOT_LEASE seconds (60). Then it is taken offline, and the list that it works
on is given back. A heartbeat is each request to come online, and each start, pick and completion that names the robot's
current assignment; what staff do with its list is none.

A heartbeat is a row and no event: a robot sends one every few seconds, and nothing is decided by it. A schedule looks
each minute at the robots that the index shows as online; the row of each says whether its lease has ended. A row that
is missing, or older than the lease, means that the robot has been silent. So a robot is offline at the latest a minute
and the time of one sweep after its lease has ended, within two minutes of its last heartbeat.

It is a schedule and not a reminder that sends the next: Lambda stops a function that a chain of its own messages
invokes more than about 16 times (https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html).
"""

from datetime import datetime

from functions.depot import views
from functions.kernel.runtime import clock, runtime


def seconds() -> int:
    """How long a robot may be silent, in seconds."""
    return int(runtime.current().setting("ROBOT_LEASE"))


def renew(bot_id: str) -> None:
    """Record a heartbeat of a robot: its lease begins again."""
    views.record_heartbeat(bot_id, clock.now())


def has_ended(heartbeat: datetime | None) -> bool:
    """Whether the lease that began with a robot's last heartbeat has ended."""
    return heartbeat is None or (clock.now() - heartbeat).total_seconds() >= seconds()
