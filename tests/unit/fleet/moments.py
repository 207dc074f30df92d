"""Moments, presence events, tasks and reports of a robot in tests, and how it is told them."""

from collections.abc import Callable
from typing import Any

from functions.fleet.domain import Robot
from functions.fleet.reports import Pick, Presence, Report, Task
from functions.fleet.robot_events import (
    CANCEL,
    BecameAvailable,
    Collected,
    Connected,
    OrderSent,
    OrderShown,
    SessionBegan,
    TaskChanged,
)
from functions.kernel.domain.aggregate import DomainEvent

LIST, OTHER = "list-1", "list-2"
ORDER, AGAIN, ANOTHER = f"{LIST}.1", f"{LIST}.2", f"{OTHER}.1"
NODE = "parking-1"
FLOW = "flow-1"
PICK = Pick("store-1", "product-1", 2)
CANCELLED = f"{CANCEL}:1:id-1"


def at(seconds: float) -> str:
    """So many seconds after noon."""
    hours, rest = divmod(12 * 3600 + seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"2026-03-01T{int(hours):02}:{int(minutes):02}:{left:09.6f}Z"


def connected(version: int = 1, session: str = "s1", seconds: float = 0) -> Presence:
    return Presence(True, version, session, at(seconds))


def gone(version: int = 1, session: str = "s1", seconds: float = 10) -> Presence:
    return Presence(False, version, session, at(seconds))


def task(version: int, order: str = "", status: str = "", lost: str = "") -> Task:
    """What the depot says at a version of its stream; lost: the order of the list that the robot gave back."""
    list_id, _, assignment = order.rpartition(".")
    gave_back = lost.rpartition(".")[0]
    return Task(version, status or ("active" if order else "idle"), list_id, int(assignment or 0), FLOW, lost=gave_back)


def says(header: int, order_id: str = "", seconds: float = 20, **more: Any) -> Report:
    """A report of a robot at a parking place: it works on the order that it names, unless it is `idle`."""
    fields: dict[str, Any] = {"idle": not order_id, "node": NODE} | more
    return Report(at(seconds), header, order_id, **fields)


# A robot that is on the stream and idle; one that has a list; one that was sent its order; one that works on it.
IDLE: tuple[DomainEvent, ...] = (
    Connected(connected()),
    SessionBegan(at(1)),
    TaskChanged(task(2)),
    BecameAvailable(),
)
GIVEN: tuple[DomainEvent, ...] = (*IDLE, TaskChanged(task(3, ORDER)))
SENT: tuple[DomainEvent, ...] = (*GIVEN, OrderSent(ORDER, NODE, at(15)))
AT_WORK: tuple[DomainEvent, ...] = (*SENT, OrderShown(ORDER, False, 4, at(18)))
# A robot that has put down at the depot what it collected, and has reported that.
DONE = (*AT_WORK, OrderShown(ORDER, True, 5, at(19)), Collected(LIST, 1, (PICK,), True, 5, at(19)))


def reports(report: Report, seconds: float = 20) -> Callable[[Robot], None]:
    return lambda robot: robot.report(report, at(seconds))


def takes(told: Task, seconds: float = 20) -> Callable[[Robot], None]:
    return lambda robot: robot.take_task(told, at(seconds))
