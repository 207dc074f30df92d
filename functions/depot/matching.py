"""Matching: the shopping list that has waited longest is assigned to the robot that has been idle longest.

What waits is kept in rows of the service's own table: one for each list that became available, one for each robot that
became idle, in the order of their times. The dispatcher alone writes them: it adds the rows of what a batch of events
is about before it matches, and deletes those of what it has paired. It reads them consistently. So of a list and a
robot that begin to wait at the same time, the event that is handled second finds both, and nothing waits for an index.

A row only proposes; the aggregates decide, in the one transaction that changes both. A row of what no longer waits, or
of an earlier wait, costs a try and is deleted. So no list gets two robots and no robot two lists.

One look loads what the oldest rows name, and assigns up to 25 pairs side by side, each in a transaction of its own. A
function that dies meanwhile leaves each pair made or not; rows of a pair that it made are found to wait no more.

A message is only a hint that there may be a pair. One that is given up, or an event that never came, is made good by a
schedule: each minute the rows are compared with the index of the read model, which other messages feed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from events.registry import Timer
from functions.depot import partners, service, views
from functions.depot.bot import Bot
from functions.depot.domain import ShoppingList
from functions.depot.views import Waiting
from functions.kernel.domain.aggregate import UnknownEventError
from functions.kernel.domain.errors import ConcurrencyError, RefusedError, UnavailableError
from functions.kernel.eventstore.codec import UnreadableError
from functions.kernel.eventstore.loading import Loaded
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.eventstore.repository import change_together
from functions.kernel.messaging.inbox import FIFO_GROUP
from functions.kernel.runtime import budget, clock, context, ids, observe, runtime
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.side_by_side import results
from functions.kernel.runtime.transient import is_transient

QUEUE = "dispatcher"
SECONDS = 10  # of one run, well inside a worker's timeout: what is left is matched by the next message
UNREADABLE = (UnknownEventError, UnreadableError)
PAIRS = views.AT_A_TIME  # of one look
WAITING = ("available", "idle")  # the statuses of a list and of a robot that wait for each other


@dataclass(frozen=True)
class _Found:
    """What a row names, a list or a robot, as it was loaded."""

    row: Waiting
    loaded: Loaded[Any]

    @property
    def as_it_waits(self) -> Waiting | None:
        """The row with the version since which it waits now; None if it does not wait."""
        found = self.loaded.aggregate
        return replace(self.row, version=found.changed_at) if found.status in WAITING else None

    @property
    def traceparent(self) -> str:
        """The trace context of what its newest commit sent; "" where that sent nothing."""
        return self.loaded.latest.traceparent if self.loaded.latest else ""


def match() -> None:
    """Assign as many waiting lists to idle robots as there are.

    What fails delays no other pair: it is left out of the further looks of this run. If a retry may help, the end of
    the run raises the first error, so that the message is retried; if not, it rings an alarm.
    """
    begun, run = clock.now(), _Run()
    while run.look() and (clock.now() - begun).total_seconds() < SECONDS and budget.left() >= budget.MESSAGE:
        pass
    if run.errors:
        raise run.errors[0]


class _Run:
    """The looks that one batch of messages leads to. errors: those for which a retry may help."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self._left_out: set[Waiting] = set()

    def look(self) -> bool:
        """Make the pairs of what has waited longest, up to 25; whether another look may find more."""
        lists, bots = self._oldest()
        count = min(len(lists), len(bots))
        found = self._find([*lists[:count], *bots[:count]])
        waiting_lists = [one for one in found if one.row.partition == views.WAITING_LISTS]
        idle_bots = [one for one in found if one.row.partition == views.IDLE_BOTS]
        pairs = list(zip(waiting_lists, idle_bots, strict=False))
        made = runtime.current().side_by_side([partial(_pair, *pair) for pair in pairs])
        for pair, error in zip(pairs, made, strict=True):
            if isinstance(error, Exception) and not isinstance(error, RefusedError):
                self._leave_out(error, *(one.row for one in pair))
        return count > 0 and (count == PAIRS or made != [None] * count)

    def _oldest(self) -> list[list[Waiting]]:
        """The rows of the lists and the robots that have waited longest."""
        rows: list[Callable[[], Iterator[Waiting]]] = [views.waiting_lists, views.idle_bots]
        return results(runtime.current().side_by_side([partial(self._first, of_kind) for of_kind in rows]))

    def _first(self, rows: Callable[[], Iterator[Waiting]]) -> list[Waiting]:
        return list(islice((row for row in rows() if row not in self._left_out), PAIRS))

    def _find(self, rows: list[Waiting]) -> list[_Found]:
        """What rows name and still waits; rows of what no longer waits are deleted."""
        loaded = runtime.current().side_by_side([partial(_find_waiting, row) for row in rows])
        for row, error in zip(rows, loaded, strict=True):
            if isinstance(error, Exception):
                self._leave_out(error, row)
        return [one for one in loaded if isinstance(one, _Found)]

    def _leave_out(self, error: Exception, *rows: Waiting) -> None:
        self._left_out.update(rows)
        if isinstance(error, ConcurrencyError | UnavailableError) or is_transient(error):
            self.errors.append(error)
        else:
            _alert(error, *rows)


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


def _pair(shopping_list: _Found, bot: _Found) -> None:
    """Assign a list to a robot if both still wait, and delete their rows. Raises RefusedError, ConcurrencyError.

    In the list's flow and trace, not in those of the message that led to this run. Without a cause: the state makes it
    happen once, and a redelivered message may rightly assign a list that was given back meanwhile.
    """
    run = context.current()
    flow_of_list = Context(
        correlation_id=shopping_list.row.flow,
        causation_id=run.causation_id,
        traceparent=shopping_list.traceparent or run.traceparent,
    )
    with context.within(flow_of_list):
        _assign(shopping_list, bot)
    views.end_wait(shopping_list.row)
    views.end_wait(bot.row)


def _assign(one: _Found, other: _Found) -> None:
    def decide(shopping_list: ShoppingList, bot: Bot) -> None:
        if not (_waits(shopping_list, one.row) and _waits(bot, other.row)):
            raise RefusedError("the list or the robot no longer waits", shopping_list.status)
        shopping_list.assign(bot.id)
        bot.assign(shopping_list.id, shopping_list.assignment)

    loaded = (one.loaded, other.loaded)
    change_together((partners.lists, one.row.id), (partners.bots, other.row.id), decide, loaded=loaded)


def _find(row: Waiting) -> _Found:
    """What a row names, as it is now."""
    return _Found(row, (partners.lists if row.partition == views.WAITING_LISTS else partners.bots).load(row.id))


def _waits(found: ShoppingList | Bot, row: Waiting) -> bool:
    """Whether it still waits, as it has since the row was written."""
    return found.status in WAITING and row.version in (None, found.changed_at)


def _find_waiting(row: Waiting) -> _Found | None:
    """What a row names; None, and the row is deleted, where that no longer waits."""
    found = _find(row)
    if _waits(found.loaded.aggregate, row):
        return found
    views.end_wait(row)
    return None


def _is_left(row: Waiting) -> bool:
    """Whether what a row names still waits; if not, the row is deleted. What cannot be read must not block others."""
    try:
        return _find_waiting(row) is not None
    except UNREADABLE as error:
        _alert(error, row)
        return False


def _begin_if_it_waits(shown: Waiting) -> None:
    """Add the row of what the index shows, which may be behind for as long as a message is missing."""
    try:
        if found := _find(shown).as_it_waits:
            views.begin_to_wait(found)
    except UNREADABLE as error:
        _alert(error, shown)


def _alert(error: Exception, *rows: Waiting) -> None:
    """Ring the alarm for what waits and cannot be dispatched. Its rows stay: the code that can do so may come."""
    named = " and ".join(row.id for row in rows)
    observe.log_error(f"{named} cannot be dispatched", error)
    service.not_dispatched.ring(waiting=named)
