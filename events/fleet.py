"""Messages of the robots' gateway: which robots may be given a list, and what a robot has collected.

What robots themselves send and receive is the standard's: events/vda5050.
"""

from events.registry import Command, Event
from events.shapes import Picked


class RobotState(Event):
    """Whether a robot on the robots' stream may be given a list."""

    bot_id: str
    connected: bool


class RobotConnected(RobotState, source="fleet", key="bot_id"):
    """A robot may be given a list: it is connected and has sent its first state that is fit for one.

    Sent again when a robot that the depot took offline sends such a state. Fit is a state with an operating mode that
    takes orders, a node on the map and no FATAL error, of a robot whose factsheet lacks nothing.
    """


class RobotDisconnected(RobotState, source="fleet", key="bot_id"):
    """A robot may be given no list: its connection ended, in order or by a cut, or its state is fit for none.

    Also sent when it retires, when its factsheet lacks what the mall needs, when it has picked nothing of its last
    lists, and while it puts back the goods of an outdated order. One that is at work goes on, and may be back before
    its lease ends. last_order: the order that was sent to it last (events/vda5050/collecting.py), "" if none was. No
    other is sent while it may be given no list. Earlier code did not say.
    """

    last_order: str | None = None


class ReportCollection(Command, source="fleet", key="list_id", to="depot"):
    """What a robot has collected of its list under one assignment, all of it (absolute), so a late one does no harm.

    A robot that has begun and picked nothing yet reports no picks. `done`: what it picked is at the depot, and what it
    did not pick was not found.
    """

    bot_id: str
    list_id: str
    assignment: int
    picked: tuple[Picked, ...]
    done: bool
