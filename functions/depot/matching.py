"""Matching: the shopping list that has waited longest is assigned to the robot that has been idle longest.

The index gives candidates, the aggregates decide: once before a pair is tried, and again in the one transaction that
changes both. So an index that is behind costs a read, and never gives two lists one robot nor two robots one list.

No list and idle robot wait for each other for long, however far the index is behind:

- A list that becomes available and a robot that becomes idle are each named by their event, and are a candidate whether
  the index shows them or not. A pair is missed only if the event handled second does not find the other in the index.
- A run that leaves a list waiting schedules the next one, for as long as a list waits. The next run names a list that
  was left, whose stream decides whether it still waits: the list that this run was about while the index does not show
  it, else the first in the index, so that the runs for many lists become one.
- Runs for lists serve robots too: whichever of the two the index shows late, the list's next run finds it. A robot
  without a list needs no runs, and an idle mall has none.

Runs in a row are 3 s apart ten times, then 6, 12, 24, 48 and 60 s, for they cost money while there is no robot. They
matter only for what the index hides: a robot that becomes idle while the index shows a list is assigned it at once, by
its own event. Runs for one list that fall due together become one.
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
PAIRS_AT_ONCE = 25  # about a second's work; the others are left to the next run
DELAYS = (*10 * (3,), 6, 12, 24, 48, 60)  # seconds from one run to the next


def match(*, list_id: str | None = None, bot_id: str | None = None, runs: int = 0, bucket: str | None = None) -> None:
    """Assign as many waiting lists to idle robots as there are, and schedule the next run while a list waits.

    list_id, bot_id: a list or a robot that this run is about. runs: how many in a row were before it. bucket: the time
    for which this one was scheduled (RFC 3339), if it was.
    """
    named = views.waiting_list(list_id) if list_id else None
    lists = _confirmed(_including(views.waiting_lists(), named), service.is_available)
    bots = _confirmed(_including(views.idle_bots(), views.idle_bot(bot_id) if bot_id else None), service.is_idle)
    pairs, missed = 0, []
    for bot, shopping_list in islice(zip(bots, lists, strict=False), PAIRS_AT_ONCE):
        if _assign(shopping_list, bot):
            pairs += 1
        else:
            missed.append(shopping_list)
    left = next(chain(missed, lists), None)
    if left:
        hidden = named and not views.shows(named) and service.is_available(named.id)
        _schedule_next_match(named if named and hidden else left, 0 if pairs or missed else runs, bucket)


def forward(reminder: LookAgain) -> None:
    """Move a reminder that is due to the dispatcher's queue, which cannot delay messages; equal ones become one."""
    dedup = ids.derive(reminder.bucket, reminder.list_id, reminder.since)
    body = reminder_body(reminder, context.current())
    runtime.current().queues[QUEUE].send(body, group=FIFO_GROUP, dedup=dedup)


def _including(shown: Iterator[Waiting], named: Waiting | None) -> Iterator[Waiting]:
    """Those that the index shows, then the named one if it was not among them."""
    met = False
    for waiting in shown:
        met = met or (named is not None and waiting.id == named.id)
        yield waiting
    if named and not met:
        yield named


def _confirmed(candidates: Iterator[Waiting], waits: Callable[[str], bool]) -> Iterator[Waiting]:
    """Those that wait by their stream. One that cannot be read must not block the others."""
    for candidate in candidates:
        try:
            if waits(candidate.id):
                yield candidate
        except (UnknownEventError, UnreadableError) as error:
            observe.log_error(f"{candidate.id} cannot be dispatched", error)


def _assign(shopping_list: Waiting, bot: Waiting) -> bool:
    """Assign a list to a robot; False when one of them has just changed.

    In the list's flow, not in that of the message that led to this run. Without a cause: the state makes it happen
    once, and a redelivered message may rightly assign a list that was given back meanwhile.
    """
    run = context.current()
    flow_of_list = Context(
        correlation_id=shopping_list.flow, causation_id=run.causation_id, traceparent=run.traceparent
    )
    try:
        with context.within(flow_of_list):
            service.assign(shopping_list.id, bot.id)
    except (RefusedError, ConcurrencyError):
        return False
    return True


def _schedule_next_match(left: Waiting, runs: int, bucket: str | None) -> None:
    """Send the dispatcher a reminder, through the service's own queue, due at the end of a bucket of time.

    The FIFO queue drops a second reminder with the same bucket, list and beginning of the wait as a duplicate. So the
    bucket is always later than that of this run, even if the clock stepped back. A list that was given back waits since
    then, so its first reminder is no duplicate of an earlier one, even if this container's clock is behind.
    """
    delay = DELAYS[min(runs, len(DELAYS) - 1)]
    now = clock.now().timestamp()
    if bucket:
        now = max(now, clock.read(bucket).timestamp())
    due = (now // delay + 1) * delay
    reminder = LookAgain(
        bucket=clock.stamp(datetime.fromtimestamp(due, UTC)),
        list_id=left.id,
        since=left.since,
        looks=min(runs + 1, len(DELAYS) - 1),
    )
    runtime.current().queue.send(reminder_body(reminder, context.current()), delay=math.ceil(due - now))
