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

from collections.abc import Mapping, Sequence
from datetime import datetime

from events.queries import FindLastHeard
from functions.depot import views
from functions.depot.domain import ShoppingList
from functions.kernel.messaging.queries import Ask
from functions.kernel.runtime import clock, runtime

RECORDED_FOR = 15  # seconds in which a heartbeat need not be recorded again
ASKED_AT_ONCE = 500  # robots in one query

find_last_heard = Ask(FindLastHeard)


def seconds() -> int:
    """How long a robot may be silent, in seconds."""
    return int(runtime.current().setting("ROBOT_LEASE"))


def renew(bot_id: str, at: datetime | None = None) -> None:
    """Take a heartbeat of a robot, of now or of a moment before: its lease begins again, unless it has just begun."""
    moment = min(at or clock.now(), clock.now())
    recorded = views.last_heartbeat(bot_id)
    if recorded is None or (moment - recorded).total_seconds() >= _recorded_for():
        views.record_heartbeat(bot_id, moment)


def renew_by_step(shopping_list: ShoppingList, assignment: int, at: datetime | None = None) -> None:
    """What a robot does with its list is a heartbeat, unless it is a repeated request of an earlier assignment."""
    if shopping_list.bot_id and shopping_list.assignment == assignment:
        renew(shopping_list.bot_id, at)


def heard(bot_ids: Sequence[str]) -> tuple[dict[str, datetime], bool]:
    """When robots last reported over their stream, those that did, by the fleet; and whether it is behind with that.

    Raises UnavailableError when it does not answer.
    """
    found, is_behind = dict[str, datetime](), False
    for begin in range(0, len(bot_ids), ASKED_AT_ONCE):
        answer = find_last_heard(bot_ids=tuple(bot_ids[begin : begin + ASKED_AT_ONCE]))
        found |= {bot_id: clock.read(moment) for bot_id, moment in answer.heard.items()}
        is_behind = is_behind or answer.is_behind
    return found, is_behind


def record(moments: Mapping[str, datetime]) -> None:
    """Take what the fleet has heard of robots as their heartbeats."""
    for bot_id, moment in moments.items():
        views.record_heartbeat(bot_id, moment)


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
