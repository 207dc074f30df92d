"""How long a robot is taken to be there after its last word, and who looks whether it still is.

A heartbeat is a row and no event: a robot speaks every few seconds, and nothing is decided by it. While a robot is
online one reminder goes round, the first in the commit that brought it online. When it falls due, the row says how
much of the lease is left; a row that is missing, or older than that, says that the robot has been silent since.

A reminder may come twice (a queue may deliver it so, and a worker may die between sending the next and being done).
Each says how many looks there have been, and a look is noted once the next reminder is sent: so copies become one
again at their next look, and none is lost.
"""

import math
from datetime import timedelta

from events.depot import LeaseEnds
from functions.depot import views
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.runtime import LONGEST_DELAY

LOOKS_KEPT = timedelta(days=1)  # far longer than a copy of a reminder lives


def seconds() -> int:
    """How long a robot may be silent, in seconds."""
    return int(runtime.current().setting("ROBOT_LEASE", "60"))


def hear(bot_id: str) -> None:
    """Note that a robot has just said something."""
    views.note_heard(bot_id, clock.now())


def rest(bot_id: str) -> int:
    """The whole seconds until a robot's lease has ended; 0 when it has."""
    heard = views.last_heard(bot_id)
    if heard is None:
        return 0
    silent = (clock.now() - heard).total_seconds()
    # The clock of whoever heard it may be ahead: that gives it no more than a whole lease at once.
    return max(0, min(math.ceil(seconds() - silent), seconds()))


def goes_on(reminder: LeaseEnds) -> bool:
    """Whether another copy of a reminder has led to the next one already."""
    return views.looks_at_lease(reminder.bot_id, reminder.session) > reminder.looks


def look_again(reminder: LeaseEnds, after: int) -> None:
    """Send the next reminder, due after so many seconds."""
    further = reminder.model_copy(update={"looks": reminder.looks + 1})
    body = reminder_body(further, context.current())
    runtime.current().queue.send(body, delay=min(after, LONGEST_DELAY))
    views.note_looks_at_lease(further.bot_id, further.session, further.looks, until=clock.now() + LOOKS_KEPT)
