"""Matching: the shopping list that has waited longest is assigned to the robot that has been idle longest.

What waits is kept in rows of the service's own table: one for each list that became available, one for each robot that
became idle, in the order of their times. The dispatcher alone writes them: it adds the row of what an event is about
before it matches, and deletes those of what it has paired. It reads them consistently. So of a list and a robot that
begin to wait at the same time, the event that is handled second finds both, and nothing waits for an index.

A row only proposes; the aggregates decide, in the one transaction that changes both. A row of what no longer waits, or
of an earlier wait, costs a try and is deleted. So no list gets two robots and no robot two lists.

A message is only a hint that there may be a pair. One that is given up, or an event that never came, is made good by a
schedule: each minute the rows are compared with the index of the read model, which other messages feed.
"""

from events.registry import Timer
from functions.depot import service, views
from functions.depot.views import Waiting
from functions.kernel.domain.aggregate import UnknownEventError
from functions.kernel.domain.errors import ConcurrencyError, NotFoundError, RefusedError
from functions.kernel.eventstore.codec import UnreadableError
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.messaging.inbox import FIFO_GROUP
from functions.kernel.runtime import clock, context, ids, observe, runtime
from functions.kernel.runtime.context import Context

QUEUE = "dispatcher"
SECONDS = 10  # of one run, well inside a worker's timeout: what is left is matched by the next message
UNREADABLE = (UnknownEventError, UnreadableError)
CONFLICTS = 3  # in a row with one pair; then the message is retried


def match() -> None:
    """Assign as many waiting lists to idle robots as there are. Raises ConcurrencyError for a pair that stays."""
    begun, conflicts = clock.now(), 0
    lists, bots = views.waiting_lists(), views.idle_bots()
    # Robots first: when none is idle, the lists need not be read.
    bot = next(bots, None)
    shopping_list = next(lists, None) if bot else None
    while bot and shopping_list and (clock.now() - begun).total_seconds() < SECONDS:
        paired = _pair(shopping_list, bot)
        list_is_left, bot_is_left = (not paired and _is_left(row) for row in (shopping_list, bot))
        shopping_list = shopping_list if list_is_left else next(lists, None)
        bot = bot if bot_is_left else next(bots, None)
        conflicts = conflicts + 1 if list_is_left and bot_is_left else 0
        if conflicts == CONFLICTS:
            raise ConcurrencyError("a list and a robot wait for each other, and others keep changing them")


def correct_rows() -> None:
    """Add the rows of what the index shows and no row names; delete the rows of what no longer waits."""
    shown = [*views.lists_shown_as_available(), *views.bots_shown_as_idle()]
    rows = [*views.waiting_lists(), *views.idle_bots()]
    current = set(shown)
    left = {(row.partition, row.id) for row in rows if row in current or _is_left(row)}
    for missing in (row for row in shown if (row.partition, row.id) not in left):
        _begin_if_it_waits(missing)


def forward(timer: Timer) -> None:
    """Send a timer on to the dispatcher's queue; the same one twice becomes one."""
    body = reminder_body(timer, context.current())
    dedup = ids.derive(timer.about.name, timer.model_dump_json())
    runtime.current().queues[QUEUE].send(body, group=FIFO_GROUP, dedup=dedup)


def _pair(shopping_list: Waiting, bot: Waiting) -> bool:
    """Assign a list to a robot, and delete their rows; False when one of them has changed, or cannot be read.

    In the list's flow, not in that of the message that led to this run. Without a cause: the state makes it happen
    once, and a redelivered message may rightly assign a list that was given back meanwhile.
    """
    run = context.current()
    flow_of_list = Context(
        correlation_id=shopping_list.flow, causation_id=run.causation_id, traceparent=run.traceparent
    )
    try:
        with context.within(flow_of_list):
            service.assign_waiting(shopping_list, bot)
    except (RefusedError, NotFoundError, ConcurrencyError, *UNREADABLE):
        return False
    views.end_wait(shopping_list)
    views.end_wait(bot)
    return True


def _is_left(row: Waiting) -> bool:
    """Whether what a row names still waits; if not, the row is deleted. What cannot be read must not block others."""
    try:
        if service.waits(row):
            return True
    except UNREADABLE as error:
        observe.log_error(f"{row.id} cannot be dispatched", error)
        return False
    views.end_wait(row)
    return False


def _begin_if_it_waits(shown: Waiting) -> None:
    """Add the row of what the index shows, which may be behind for as long as a message is missing."""
    try:
        if found := service.as_it_waits(shown):
            views.begin_to_wait(found)
    except UNREADABLE as error:
        observe.log_error(f"{shown.id} cannot be dispatched", error)
