"""What the mall needs of a robot by its factsheet, and how staff see what it lacks."""

from typing import Any

import pytest

from clients.robot import factsheet
from clients.robot.settings import Settings
from events.vda5050.factsheet import Factsheet, MaximumArrayLengths, MaximumStringLengths, Scope
from functions.fleet.domain import Robot
from functions.fleet.factsheets import LONGEST_ID, LONGEST_MESSAGE, MOST_NODES, lacks
from functions.fleet.faults import faults
from functions.fleet.reports import Task
from functions.fleet.robot_events import Described
from tests.support.given import given
from tests.support.states import TIME, state

REFERENCE = Factsheet(header_id=0, timestamp=TIME, serial_number="ajax", **factsheet.content(Settings()))
LIMITS = {
    "maximumMessageLength": LONGEST_MESSAGE,
    "maximumIdLength": LONGEST_ID,
    "order.nodes": MOST_NODES,
    "order.edges": MOST_NODES - 1,
    "node.actions": 100,
    "actions.actionsParameters": 3,
    "state.nodeStates": MOST_NODES,
    "state.edgeStates": MOST_NODES - 1,
    "state.actionStates": 101,
}


def limited(**limits: Any) -> Factsheet:
    """The reference robot's with these limits, by their names in the message, in place of its own."""
    lengths = {name: limit for name, limit in limits.items() if name.startswith(("maximum", "id"))}
    arrays = {name: limit for name, limit in limits.items() if name not in lengths}
    made = REFERENCE.protocol_limits.model_copy(
        update={
            "maximum_string_lengths": MaximumStringLengths.model_validate(lengths, by_alias=True),
            "maximum_array_lengths": MaximumArrayLengths.model_validate(arrays, by_alias=True),
        }
    )
    return REFERENCE.model_copy(update={"protocol_limits": made})


def test_the_reference_robot_lacks_nothing() -> None:
    assert lacks(REFERENCE) == ()


def test_each_action_that_is_not_declared_for_nodes_is_lacking() -> None:
    actions = [
        action.model_copy(update={"action_scopes": (Scope.EDGE,)}) if action.action_type == "drop" else action
        for action in REFERENCE.protocol_features.mobile_robot_actions
        if action.action_type != "collect"
    ]
    features = REFERENCE.protocol_features.model_copy(update={"mobile_robot_actions": tuple(actions)})
    assert lacks(REFERENCE.model_copy(update={"protocol_features": features})) == ("collect", "drop")


@pytest.mark.parametrize(("limit", "needed"), LIMITS.items())
def test_a_limit_must_allow_the_longest_order(limit: str, needed: int) -> None:
    assert lacks(limited(**{limit: needed - 1})) == (limit,)
    assert lacks(limited(**{limit: needed})) == ()


@pytest.mark.parametrize("none", [0, None])
def test_no_limit_is_none(none: int | None) -> None:
    assert lacks(limited(**dict.fromkeys(LIMITS, none))) == ()


def test_ids_of_the_mall_are_no_numbers() -> None:
    assert lacks(limited(idNumericalOnly=True)) == ("idNumericalOnly",)
    assert lacks(limited(idNumericalOnly=False)) == ()


def test_a_limit_that_is_too_small_is_an_error_with_its_name() -> None:
    robot = given(Robot, Described(("drop", "maximumIdLength"))).aggregate
    assert [(fault["type"], fault["references"]) for fault in faults(robot, state("ajax"))] == [
        ("FACTSHEET_LACKS_ACTION", [["actionType", "drop"]]),
        ("FACTSHEET_LIMIT_TOO_SMALL", [["protocolLimits", "maximumIdLength"]]),
    ]


def test_the_factsheet_of_a_robot_that_was_retired_changes_nothing() -> None:
    robot = Robot("ajax")
    robot.take_task(Task(1, "retired"), TIME)
    before = robot.version
    robot.describe(["collect"], TIME)
    assert robot.version == before
