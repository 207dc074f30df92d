"""What reaches a robot's aggregate: the broker's presence events, the robot's own reports, and what the depot says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

# The broker numbers the connections of a client, and begins again once it was away for about an hour
# (https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html).
NUMBERED_FOR = timedelta(hours=1)
# Seconds by which a state is newer than another whatever their numbers are: no message takes so long to the broker. So
# a robot whose numbers began again goes on, though it is not known that it came online.
LATE = 60
# Seconds by which a message may be dated before another though the robot sent it after: before ONLINE, or after the end
# of its connection though it was sent before. A message is dated when its rule runs, and rules run in any order:
# https://docs.aws.amazon.com/iot/latest/developerguide/iot-rules.html
OVERTAKES = 5
LOW_CHARGE = 10  # percent below which an idle robot is given no list, where its factsheet names no higher level


@dataclass(frozen=True)
class Presence:
    """What the broker says of a connection: that it began or ended. Such events come in any order, and twice.

    version: the broker's number of the connection. session: the connection's id, "" where it is not known. at: when the
    rule received the event (RFC 3339, UTC), for the time that an event itself names may be two minutes wrong.
    """

    connected: bool
    version: int
    session: str
    at: str

    def outranks(self, last: "Presence") -> bool:
        """Whether it is news after the last one that counted."""
        if self.session == last.session:
            return last.connected and not self.connected
        if not last.session:  # what the robot said shows that it is there: the begin of a connection may name which one
            names_it = self.connected and not passed(self.at, last.at, LATE)
            return self.at > last.at or names_it
        if self.version != last.version and abs(_moment(self.at) - _moment(last.at)) < NUMBERED_FOR:
            return self.version > last.version
        if self.version == last.version and last.connected and not self.connected:
            return False  # without numbers, the end of another connection than this one is that of an earlier one
        return self.at > last.at


@dataclass(frozen=True)
class Pick:
    """How many of one product of one store have been picked in all."""

    store_id: str
    product_id: str
    quantity: int


@dataclass(frozen=True)
class Visit:
    """What is to be collected at one store: product ids and quantities. location: where the store is, in words."""

    store_id: str
    location: str
    items: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Report:
    """What of a robot's state decides something.

    at: when the broker received it (RFC 3339, UTC). header: its number in the robot's session. order_id: of the order
    that it has or had last, "" without one. idle: nothing of it is left to do. picked: what finished and failed
    collects took. dropped: what was collected is at the depot. able: it can take an order. charge: percent. goes_on: no
    error keeps it from going on with its order. node: the last one, "" where the map has none such. listens, cancels:
    its mode allows to send it instant actions, and cancelOrder. received: the instant actions that it shows. ended:
    those of them that have ended. retriable: the actions that wait to be tried again.
    """

    at: str
    header: int
    order_id: str = ""
    idle: bool = True
    picked: tuple[Pick, ...] = ()
    dropped: bool = False
    able: bool = True
    charge: float = 100
    goes_on: bool = True
    node: str = ""
    listens: bool = True
    cancels: bool = True
    received: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    retriable: frozenset[str] = frozenset()

    def is_of(self, session: str) -> bool:
        """Whether it counts in a session that began then.

        What is dated before is of the session before, but for the first of all: its number is the lowest that there is,
        so it outranks no other, and a robot that was started anew has sent none before it.
        """
        return self.at >= session or (self.header == 0 and not passed(self.at, session, OVERTAKES))


def deciding(reports: Sequence[Report], session: str, order_id: str) -> list[Report]:
    """Of a session's reports those that decide, three at most: one says all that others before it said.

    That is the last of all, and of the robot's own order the last before a drop, and the last with one. A commit of
    more could be too large, and a faulty robot shows another order in each.
    """
    of_session = [report for report in reports if report.is_of(session)]
    stages = groupby(of_session, key=lambda report: (report.order_id, report.idle, report.dropped))
    newest = [max(alike, key=lambda report: report.header) for _, alike in stages]
    own = [report for report in newest if report.order_id == order_id]
    before, after = ([report for report in own if report.dropped is dropped][-1:] for dropped in (False, True))
    return [report for report in newest if report in before + after + newest[-1:]]


@dataclass(frozen=True)
class Task:
    """What the depot says of a robot: its status, and the list that it has, with the number of the assignment.

    version: of the robot's stream at the depot. flow, traceparent: the correlation id and the trace context of what
    the depot said, which a robot's reports of its list go on with. lost: the list that it gave back, if it lost one.
    """

    version: int
    status: str
    list_id: str = ""
    assignment: int = 0
    flow: str = ""
    traceparent: str = ""
    lost: str = ""

    @property
    def order_id(self) -> str:
        """The id of the order that stands for this list under this assignment; "" without a list."""
        return f"{self.list_id}.{self.assignment}" if self.list_id and self.assignment else ""

    @property
    def without_list(self) -> "Task":
        """The same once the list is not the robot's any more."""
        return replace(self, list_id="", assignment=0)


NO_TASK = Task(0, "")


def passed(since: str, now: str, seconds: float) -> bool:
    """Whether so many seconds have passed since a time; since none ("") they have."""
    return not since or _moment(now) - _moment(since) >= timedelta(seconds=seconds)


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)
