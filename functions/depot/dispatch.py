"""Who collects what: the list that has waited longest goes to the robot that has been idle longest.

The rows say what may wait; what truly waits, the aggregates say, once before a pair is tried and again in its one
transaction. So a row that is behind costs a read, and never gives two lists one robot nor two robots one list.

No list and idle robot are left waiting for each other, however far the index is behind:

- A list that becomes available and a robot that becomes idle are each named by their event, and what is named is a
  candidate whether the index shows it or not. A pair is missed only when the one whose event is handled second does
  not see the other in the index yet.
- A look that leaves a list waiting is followed by another, and so on for as long as a list waits: the next look names
  a list that was left, and its stream says whether it still waits. As long as the index does not show the list that
  this look was about, it is that one; later it is the first in the index, so that the looks for many lists become one.
- Looks for lists serve robots too: whichever of the two the index shows late, the list's next look finds it. A robot
  without a list needs no looks of its own, and a mall at rest is not looked at.

Looks in a row are 3 seconds apart for half a minute, then further and further, up to 60, for they cost money while
there is no robot. They matter only for what the index hides: a robot that becomes idle while the index shows a list
meets it at once, by its own event. Looks for one list that fall due together become one.
"""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice

from events.depot import LookAgain
from functions.depot import service, views
from functions.depot.views import Waiting
from functions.kernel.domain.aggregate import UnknownEventError
from functions.kernel.domain.errors import ConcurrencyError, RefusedError
from functions.kernel.eventstore.codec import UnreadableError
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.messaging.inbox import FIFO_GROUP
from functions.kernel.runtime import clock, context, ids, observe, runtime
from functions.kernel.runtime.context import Context

QUEUE = "dispatcher"
PAIRS_AT_ONCE = 25  # about a second's work; what is left is for the next look
DELAYS = (*10 * (3,), 6, 12, 24, 48, 60)  # seconds from one look to the next


def look(*, list_id: str | None = None, bot_id: str | None = None, looks: int = 0, bucket: str | None = None) -> None:
    """Make as many pairs as there are, and see to it that there is another look while a list waits.

    list_id, bot_id: a list or a robot that this look is about. looks: how many have been taken in a row before it.
    bucket: the time for which this one was asked for (RFC 3339), if it was.
    """
    named = views.waiting_list(list_id) if list_id else None
    lists = _truly(_with(views.waiting_lists(), named), service.is_available)
    bots = _truly(_with(views.idle_bots(), views.idle_bot(bot_id) if bot_id else None), service.is_idle)
    pairs, missed = 0, []
    for bot, shopping_list in islice(zip(bots, lists, strict=False), PAIRS_AT_ONCE):
        if _pair(shopping_list, bot):
            pairs += 1
        else:
            missed.append(shopping_list)
    left = next(chain(missed, lists), None)
    if left:
        hidden = named and not views.shows(named) and service.is_available(named.id)
        _look_again(named if named and hidden else left, 0 if pairs or missed else looks, bucket)


def forward(reminder: LookAgain) -> None:
    """Put a reminder that is due into the dispatcher's queue, which knows no delays; equal ones become one."""
    dedup = ids.derive(reminder.bucket, reminder.list_id, reminder.since)
    body = reminder_body(reminder, context.current())
    runtime.current().queues[QUEUE].send(body, group=FIFO_GROUP, dedup=dedup)


def _with(shown: Iterator[Waiting], named: Waiting | None) -> Iterator[Waiting]:
    """What the index shows, then what is named if that was not among it: then it came last."""
    met = False
    for waiting in shown:
        met = met or (named is not None and waiting.id == named.id)
        yield waiting
    if named and not met:
        yield named


def _truly(candidates: Iterator[Waiting], waits: Callable[[str], bool]) -> Iterator[Waiting]:
    """Those whose stream says that they wait. One that cannot be read must not keep all others waiting."""
    for candidate in candidates:
        try:
            if waits(candidate.id):
                yield candidate
        except (UnknownEventError, UnreadableError) as error:
            observe.log_error(f"{candidate.id} cannot be dispatched", error)


def _pair(shopping_list: Waiting, bot: Waiting) -> bool:
    """Give a list to a robot; False when one of them has just changed.

    Done in the list's flow and not in that of whatever led to this look. Without a cause: the state makes it happen
    once, and a message that comes again may rightly give a list away that was given back meanwhile.
    """
    looking = context.current()
    of_the_list = Context(
        correlation_id=shopping_list.flow, causation_id=looking.causation_id, traceparent=looking.traceparent
    )
    try:
        with context.within(of_the_list):
            service.assign(shopping_list.id, bot.id)
    except (RefusedError, ConcurrencyError):
        return False
    return True


def _look_again(left: Waiting, looks: int, bucket: str | None) -> None:
    """Remind the dispatcher, by way of the service's own queue, at the end of a bucket of time.

    The queue takes a second reminder of one bucket, list and wait for the first one come again, and drops it. So the
    bucket is a later one than the last look's, though a clock may have stepped back; and a list that was given back
    waits anew, so its first look is none of before, though this container's clock may be behind.
    """
    delay = DELAYS[min(looks, len(DELAYS) - 1)]
    now = clock.now().timestamp()
    if bucket:
        now = max(now, clock.read(bucket).timestamp())
    due = (now // delay + 1) * delay
    reminder = LookAgain(
        bucket=clock.stamp(datetime.fromtimestamp(due, UTC)),
        list_id=left.id,
        since=left.since,
        looks=min(looks + 1, len(DELAYS) - 1),
    )
    runtime.current().queue.send(reminder_body(reminder, context.current()), delay=math.ceil(due - now))
