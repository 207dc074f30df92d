"""Messages of the robots' gateway: who is connected, and what a robot has collected.

What robots themselves send and receive is the standard's: events/vda5050.
"""

from events.registry import Command, Event
from events.shapes import Picked


class RobotState(Event):
    """Whether a robot is connected to the robots' stream."""

    bot_id: str
    connected: bool


class RobotConnected(RobotState, source="fleet", key="bot_id"):
    """A robot is connected and may be given a list; also sent when one that the depot took offline reports again."""


class RobotDisconnected(RobotState, source="fleet", key="bot_id"):
    """A robot's connection ended, in order or by a cut. One that is at work may be back before its lease ends."""


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
