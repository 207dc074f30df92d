"""Errors of our own that the console shows of a robot, beside those that it reports itself: why it gets no list."""

from collections.abc import Iterator
from typing import Any

from events.vda5050.collecting import MOST_BYTES
from events.vda5050.state import ErrorLevel
from functions.fleet.domain import Robot
from functions.fleet.factsheets import NEEDED

LACKS_ACTION = "FACTSHEET_LACKS_ACTION"
LIMIT_TOO_SMALL = "FACTSHEET_LIMIT_TOO_SMALL"
ORDER_TOO_LARGE = "ORDER_TOO_LARGE"

Fault = dict[str, Any]


def faults(robot: Robot) -> Iterator[Fault]:
    """What the mall finds wrong with a robot."""
    for lack in robot.lacks:
        yield _lacks_action(lack) if lack in NEEDED else _limit_too_small(lack)
    if robot.waits_for_staff:
        yield _fault(
            ORDER_TOO_LARGE,
            f"the order of its list takes more than the {MOST_BYTES} bytes of a message, so it was not sent",
            "let staff collect the list, or cancel it",
            ("orderId", robot.too_large),
        )


def _lacks_action(action: str) -> Fault:
    return _fault(
        LACKS_ACTION,
        f"the factsheet declares no action {action} for nodes, so the robot gets no list",
        f"declare the action {action} for nodes in the factsheet",
        ("actionType", action),
    )


def _limit_too_small(limit: str) -> Fault:
    return _fault(
        LIMIT_TOO_SMALL,
        f"the factsheet's limit {limit} is too small for orders of the mall, so the robot gets no list",
        f"the mall's orders need what docs/robots.md says of {limit}; 0 or no such limit is none",
        ("protocolLimits", limit),
    )


def _fault(kind: str, description: str, hint: str, *references: tuple[str, str]) -> Fault:
    return {
        "type": kind,
        "level": str(ErrorLevel.FATAL),
        "description": description,
        "hint": hint,
        "references": [list(reference) for reference in references],
    }
