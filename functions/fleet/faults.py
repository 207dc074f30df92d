"""Errors of our own that the console shows of a robot, beside those that it reports itself: why it gets no list."""

from collections.abc import Iterator
from typing import Any

from events.vda5050.collecting import MOST_BYTES
from events.vda5050.state import EmergencyStop, ErrorLevel, State
from functions.fleet.domain import Robot
from functions.fleet.factsheets import NEEDED, NOT_ALONE, REQUIRED
from functions.fleet.robot_state import BENCHED_FOR

LACKS_ACTION = "FACTSHEET_LACKS_ACTION"
LIMIT_TOO_SMALL = "FACTSHEET_LIMIT_TOO_SMALL"
REQUIRES_PARAMETER = "FACTSHEET_REQUIRES_PARAMETER"
PICKS_NOTHING = "PICKS_NOTHING"
ORDER_TOO_LARGE = "ORDER_TOO_LARGE"
EMERGENCY_STOP = "EMERGENCY_STOP"
CONNECTED_TWICE = "CONNECTED_TWICE"

Fault = dict[str, Any]


def faults(robot: Robot, state: State, now: str) -> Iterator[Fault]:
    """What the mall finds wrong with a robot that reports this."""
    for lack in robot.lacks:
        yield _lack(lack)
    if robot.is_benched(now):
        yield _fault(
            PICKS_NOTHING,
            f"of its last lists it lost {robot.lost} and brought {robot.empty}, all without a pick, so it gets no list",
            f"see why it refuses orders or cannot pick; it gets a list once it says ONLINE or sends its factsheet, and "
            f"{BENCHED_FOR // 60} minutes after its last order",
        )
    if robot.waits_for_staff:
        yield _fault(
            ORDER_TOO_LARGE,
            f"the order of its list takes more than the {MOST_BYTES} bytes of a message, so it was not sent",
            "let staff collect the list, or cancel it",
            ("orderId", robot.too_large),
        )
    if (stop := state.safety_state.active_emergency_stop) is not EmergencyStop.NONE:
        yield _fault(
            EMERGENCY_STOP,
            f"the emergency stop {stop} is active, so the robot gets no list, and loses the one that it has",
            "release the emergency stop once it is safe",
            ("activeEmergencyStop", str(stop)),
        )


def connected_twice(id: str) -> Fault:
    """Two programs connect under one robot's id, and end each other's connections."""
    fault = _fault(
        CONNECTED_TWICE,
        "connections under its id end each other every few seconds: two programs have its key, and may both drive",
        "stop one of them, or give the robot a new certificate",
        ("clientId", id),
    )
    return fault | {"level": str(ErrorLevel.CRITICAL)}


def _lack(lack: str) -> Fault:
    if lack in NEEDED:
        return _lacks_action(lack)
    if lack.endswith(NOT_ALONE):
        return _is_not_hard(lack.removesuffix(NOT_ALONE))
    if lack.startswith(REQUIRED):
        return _requires_parameter(lack.removeprefix(REQUIRED))
    return _limit_too_small(lack)


def _lacks_action(action: str) -> Fault:
    return _fault(
        LACKS_ACTION,
        f"the factsheet declares no action {action} for nodes, so the robot gets no list",
        f"declare the action {action} for nodes in the factsheet",
        ("actionType", action),
    )


def _is_not_hard(action: str) -> Fault:
    return _fault(
        LACKS_ACTION,
        f"the factsheet declares the action {action} without the blocking type HARD, so the robot gets no list",
        f"add HARD to the blocking types of the action {action}, or leave them out",
        ("actionType", action),
    )


def _requires_parameter(parameter: str) -> Fault:
    return _fault(
        REQUIRES_PARAMETER,
        f"the factsheet requires {parameter}, which orders of the mall do not have, so the robot gets no list",
        f"declare {parameter} SUPPORTED in optionalParameters, or leave it out",
        ("parameter", parameter),
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
