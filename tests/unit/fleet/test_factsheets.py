"""What the mall needs of a robot by its factsheet, and how staff see what it lacks."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic.alias_generators import to_camel

from clients.robot import factsheet
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.factsheet import (
    BatteryCharging,
    Factsheet,
    MaximumArrayLengths,
    MaximumStringLengths,
    MobileRobotConfiguration,
    OptionalParameter,
    Scope,
    Support,
)
from events.vda5050.order import BlockingType
from events.vda5050.shape import Shape
from functions.fleet import orders
from functions.fleet.domain import Robot
from functions.fleet.factsheets import (
    LONGEST_ID,
    LONGEST_MESSAGE,
    MOST_NODES,
    MOST_REQUIRED,
    SENT,
    lacks,
    lowest_charge,
)
from functions.fleet.faults import faults
from functions.fleet.reports import Task
from functions.fleet.robot_events import Described
from tests.support.given import given
from tests.support.states import TIME, state
from tests.unit.fleet.test_orders import NOON, VISITS

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


def ordered_every(seconds: float) -> Factsheet:
    """The reference robot's, which takes an order at most once in so many seconds."""
    limits = REFERENCE.protocol_limits
    timing = limits.timing.model_copy(update={"minimum_order_interval": seconds})
    return REFERENCE.model_copy(update={"protocol_limits": limits.model_copy(update={"timing": timing})})


def charged(critical: float | None) -> Factsheet:
    """The reference robot's with this critical level of charge."""
    charging = BatteryCharging(critical_low_charging_level=critical)
    configuration = MobileRobotConfiguration(battery_charging=charging)
    return REFERENCE.model_copy(update={"mobile_robot_configuration": configuration})


def featured(**features: Any) -> Factsheet:
    """The reference robot's with these features in place of its own."""
    made = REFERENCE.protocol_features.model_copy(update=features)
    return REFERENCE.model_copy(update={"protocol_features": made})


def optional_fields(part: Shape) -> Iterator[str]:
    """The optional fields that a message has, by their names in the factsheet; those of the header are not asked."""
    for name, field in type(part).model_fields.items():
        value, told = getattr(part, name), field.alias or to_camel(name)
        if value is None:
            continue
        if not field.is_required() and field.default is None:
            yield told
        parts = value if isinstance(value, tuple) else (value,)
        yield from {f"{told}.{each}" for one in parts if isinstance(one, Shape) for each in optional_fields(one)}


def test_the_reference_robot_lacks_nothing() -> None:
    assert lacks(REFERENCE) == ()


def test_each_action_that_is_not_declared_for_nodes_is_lacking() -> None:
    actions = [
        action.model_copy(update={"action_scopes": (Scope.EDGE,)}) if action.action_type == "drop" else action
        for action in REFERENCE.protocol_features.mobile_robot_actions
        if action.action_type != "collect"
    ]
    assert lacks(featured(mobile_robot_actions=tuple(actions))) == ("collect", "drop")


@pytest.mark.parametrize(
    ("types", "lacking"),
    [
        (None, ()),
        ((BlockingType.SOFT, BlockingType.HARD), ()),
        ((BlockingType.NONE, BlockingType.SINGLE, BlockingType.SOFT), ("drop:HARD",)),
        ((), ("drop:HARD",)),
    ],
)
def test_an_action_must_be_declared_as_hard_where_blocking_types_are_declared(
    types: tuple[BlockingType, ...] | None, lacking: tuple[str, ...]
) -> None:
    actions = [
        action.model_copy(update={"blocking_types": types}) if action.action_type == "drop" else action
        for action in REFERENCE.protocol_features.mobile_robot_actions
    ]
    assert lacks(featured(mobile_robot_actions=tuple(actions))) == lacking


def test_an_action_that_is_declared_twice_must_be_hard_once() -> None:
    soft = [
        action.model_copy(update={"blocking_types": (BlockingType.SOFT,)})
        for action in REFERENCE.protocol_features.mobile_robot_actions
    ]
    both = (*soft, *REFERENCE.protocol_features.mobile_robot_actions)
    assert lacks(featured(mobile_robot_actions=both)) == ()


@pytest.mark.parametrize(
    ("parameter", "support", "lacking"),
    [
        ("order.nodes.nodePosition", Support.REQUIRED, False),
        ("order.nodes.nodePosition.theta", Support.SUPPORTED, False),
        ("order.nodes.nodePosition.theta", Support.REQUIRED, True),
        ("order.zoneSetId", Support.REQUIRED, True),
        ("instantActions.actions.retriable", Support.REQUIRED, True),
        ("state.loads", Support.REQUIRED, False),  # the robot's own
    ],
)
def test_an_optional_field_that_a_robot_requires_must_be_one_that_the_mall_sends(
    parameter: str, support: Support, lacking: bool
) -> None:
    one = OptionalParameter(parameter=parameter, support=support)
    assert lacks(featured(optional_parameters=(one,))) == ((f"REQUIRED:{parameter}",) if lacking else ())


def test_what_the_mall_sends_is_what_a_robot_may_require() -> None:
    made = orders.order("ajax", "list-1.1", VISITS, start="depot", header_id=0, at=NOON, floor=plan())
    asked = orders.instant_actions("ajax", [("id", "retry", "drop")], header_id=0, at=NOON)
    sent = {f"order.{field}" for field in optional_fields(made)}
    sent |= {f"instantActions.{field}" for field in optional_fields(asked)}
    assert sent == SENT


def test_of_what_a_robot_requires_a_few_fields_are_kept() -> None:
    many = tuple(OptionalParameter(parameter=f"order.{n}" + "x" * 900, support=Support.REQUIRED) for n in range(900))
    kept = lacks(featured(optional_parameters=many))
    assert len(kept) == MOST_REQUIRED
    assert max(map(len, kept)) < 250


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


def test_an_order_may_be_sent_again_after_five_seconds() -> None:
    assert lacks(ordered_every(5)) == ()
    assert lacks(ordered_every(5.1)) == ("minimumOrderInterval",)


@pytest.mark.parametrize(("critical", "lowest"), [(None, 10), (0, 10), (5, 10), (15, 16), (15.5, 16), (100, 100)])
def test_a_robot_at_its_critical_level_is_to_charge(critical: float | None, lowest: int) -> None:
    assert lowest_charge(charged(critical)) == lowest
    assert lowest_charge(REFERENCE) == 10


def test_each_lack_is_an_error_with_its_name() -> None:
    lacking = ("drop", "collect:HARD", "maximumIdLength", "REQUIRED:order.zoneSetId")
    robot = given(Robot, Described(lacking)).aggregate
    assert [(fault["type"], fault["references"]) for fault in faults(robot, state("ajax"), TIME)] == [
        ("FACTSHEET_LACKS_ACTION", [["actionType", "drop"]]),
        ("FACTSHEET_LACKS_ACTION", [["actionType", "collect"]]),
        ("FACTSHEET_LIMIT_TOO_SMALL", [["protocolLimits", "maximumIdLength"]]),
        ("FACTSHEET_REQUIRES_PARAMETER", [["parameter", "order.zoneSetId"]]),
    ]


def test_the_factsheet_of_a_robot_that_was_retired_changes_nothing() -> None:
    robot = Robot("ajax")
    robot.take_task(Task(1, "retired"), TIME)
    before = robot.version
    robot.describe(["collect"], TIME)
    assert robot.version == before
