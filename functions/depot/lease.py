"""The lease of a robot: how long it may be silent, and the reminder that checks it.

A robot that is online may be silent for ROBOT_LEASE seconds (60). Then it is taken offline, and the list that it works
on is given back. A heartbeat is each request to come online, and each start, pick and completion that names the robot's
current assignment; what staff do with its list is none.

A heartbeat is a row and no event: a robot sends one every few seconds, and nothing is decided by it. While a robot is
online one reminder goes round, the first in the commit that brought it online. When it is due, the row says how much of
the lease is left; a row that is missing, or older than the lease, means that the robot has been silent.

A reminder may be delivered twice, by the queue or because a worker crashed after it had sent the next one. Each carries
the number of checks before it, and a check is recorded after the next reminder was sent. So of two copies only one goes
on after their next check, and none is lost.
"""

import math
from datetime import timedelta

from events.depot import LeaseEnds
from functions.depot import views
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.runtime import LONGEST_DELAY

CHECKS_KEPT = timedelta(days=1)  # far longer than a copy of a reminder exists


def seconds() -> int:
    """How long a robot may be silent, in seconds."""
    return int(runtime.current().setting("ROBOT_LEASE"))


def renew(bot_id: str) -> None:
    """Record a heartbeat of a robot: its lease begins anew."""
    views.record_heartbeat(bot_id, clock.now())


def seconds_left(bot_id: str) -> int:
    """The whole seconds until a robot's lease ends; 0 when it has ended."""
    heartbeat = views.last_heartbeat(bot_id)
    if heartbeat is None:
        return 0
    silent = (clock.now() - heartbeat).total_seconds()
    # The clock of the worker that recorded it may be ahead: that gives no more than a whole lease at once.
    return max(0, min(math.ceil(seconds() - silent), seconds()))


def is_duplicate(reminder: LeaseEnds) -> bool:
    """Whether another copy of a reminder has sent the next one already."""
    return views.lease_checks(reminder.bot_id, reminder.session) > reminder.looks


def schedule_next_check(reminder: LeaseEnds, after: int) -> None:
    """Send the next reminder, due after so many seconds, and record the check."""
    following = reminder.model_copy(update={"looks": reminder.looks + 1})
    body = reminder_body(following, context.current())
    runtime.current().queue.send(body, delay=min(after, LONGEST_DELAY))
    views.record_lease_check(following.bot_id, following.session, following.looks, until=clock.now() + CHECKS_KEPT)
