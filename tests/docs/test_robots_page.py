"""The examples and figures of docs/robots.md are what the mall and the page's own program send."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from events.floor.plan import plan
from events.vda5050.factsheet import (
    Factsheet,
    LoadSpecification,
    MaximumArrayLengths,
    MaximumStringLengths,
    MobileRobotAction,
    OptionalParameter,
    ParameterOfAction,
    PhysicalParameters,
    ProtocolFeatures,
    ProtocolLimits,
    Scope,
    Support,
    Timing,
    TypeSpecification,
    ValueDataType,
)
from events.vda5050.geometry import MobileRobotGeometry
from events.vda5050.header import timestamp
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import BlockingType, Order
from events.vda5050.shape import Shape
from events.vda5050.state import State
from events.vda5050.text import read, to_bytes
from functions.fleet import orders
from functions.fleet.factsheets import lacks
from functions.fleet.reports import Visit

PAGE = Path(__file__).parents[2] / "docs" / "robots.md"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROBOT, LIST = "7b0f5a0e-4f0c-4e0b-9f53-1f1f6c1c2a10", "0b9f2ff4-34b2-4d0e-9d8f-0f4f0a6f1e11"
# The standard's optional fields that every order of the mall has.
IN_ORDERS = (
    "order.nodes.nodePosition",
    "order.nodes.actions.actionParameters",
    "order.nodes.actions.retriable",
)
COLLECTED = 5  # steps of the page's program: three edges, and an action that begins and ends


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def order() -> Order:
    visits = (Visit("tea-shop", "North 1", (("green-tea", 2),)),)
    return orders.order(ROBOT, f"{LIST}.1", visits, start=plan().depot, header_id=0, at=NOON, floor=plan())


def cancel() -> InstantActions:
    wanted = [("2f1c0d52-6a6e-4c0e-8f43-9c1d7a3b5e60", "cancelOrder", f"{LIST}.1")]
    return orders.instant_actions(ROBOT, wanted, header_id=0, at=NOON)


def state() -> State:
    """As the page's program says it when it has collected the line of the order."""
    (code,) = blocks("python")
    program: dict[str, Any] = {"__name__": "robot"}
    exec(compile(code, str(PAGE), "exec"), program)
    robot = program["Robot"](ROBOT, {"state": "its topic"})
    robot.take(json.loads(to_bytes(order())))
    for _ in range(COLLECTED):
        robot.step()
    return read(State, robot.state()).model_copy(update={"timestamp": timestamp(NOON)})


def factsheet() -> Factsheet:
    """The least: what the mall's orders have, and the instant actions that every robot has."""
    types = {"storeId": ValueDataType.STRING, "productId": ValueDataType.STRING, "quantity": ValueDataType.INTEGER}
    takes = tuple(ParameterOfAction(key=key, value_data_type=kind) for key, kind in types.items())

    def action(kind: str, scope: Scope, **more: Any) -> MobileRobotAction:
        blocking = BlockingType.HARD if scope is Scope.NODE else BlockingType.NONE
        more |= {"action_scopes": (scope,), "blocking_types": (blocking,)}
        return MobileRobotAction(action_type=kind, pause_allowed=False, cancel_allowed=False, **more)

    order_id = (ParameterOfAction(key="orderId", value_data_type=ValueDataType.STRING, is_optional=True),)
    return Factsheet(
        header_id=0,
        timestamp=timestamp(NOON),
        serial_number=ROBOT,
        type_specification=TypeSpecification(
            series_name="My robot",
            mobile_robot_kinematics="DIFFERENTIAL",
            mobile_robot_class="CARRIER",
            maximum_load_mass=40,
            localization_types=("NATURAL",),
            navigation_types=("VIRTUAL_LINE_GUIDED",),
        ),
        physical_parameters=PhysicalParameters(
            minimum_speed=0.05,
            maximum_speed=1.2,
            maximum_acceleration=0.6,
            maximum_deceleration=1.0,
            minimum_height=1.1,
            maximum_height=1.1,
            width=0.6,
            length=0.8,
        ),
        protocol_limits=ProtocolLimits(
            maximum_string_lengths=MaximumStringLengths(),
            maximum_array_lengths=MaximumArrayLengths(),
            timing=Timing(minimum_order_interval=0, minimum_state_interval=0, default_state_interval=20),
        ),
        protocol_features=ProtocolFeatures(
            optional_parameters=tuple(
                OptionalParameter(parameter=name, support=Support.SUPPORTED) for name in IN_ORDERS
            ),
            mobile_robot_actions=(
                action("collect", Scope.NODE, action_parameters=takes, action_result="how many it took, as digits"),
                action("drop", Scope.NODE),
                action("cancelOrder", Scope.INSTANT, action_parameters=order_id),
                action("startPause", Scope.INSTANT),
                action("stopPause", Scope.INSTANT),
            ),
        ),
        mobile_robot_geometry=MobileRobotGeometry(),
        load_specification=LoadSpecification(),
    )


@pytest.mark.parametrize(("place", "message"), [*enumerate((order, cancel, state, factsheet))])
def test_the_examples_are_the_messages_that_are_sent(place: int, message: Callable[[], Shape]) -> None:
    examples = blocks("json")
    assert len(examples) == 4
    assert json.loads(examples[place]) == json.loads(to_bytes(message()))


def test_the_factsheet_of_the_page_lacks_nothing_that_the_mall_needs() -> None:
    assert lacks(read(Factsheet, blocks("json")[3])) == ()


def test_the_program_of_the_page_is_as_short_as_the_page_says() -> None:
    (most,) = re.findall(r"of less than (\d+)\nlines \(blank ones not counted\)", PAGE.read_text())
    (code,) = blocks("python")
    assert sum(bool(line.strip()) for line in code.splitlines()) < int(most)


def test_what_the_page_says_of_actions_and_the_map_is_as_in_an_order() -> None:
    collect, drop = order().actions()
    page = PAGE.read_text()
    assert {collect.blocking_type, drop.blocking_type} == {BlockingType.HARD}
    assert (collect.retriable, drop.retriable) == (None, True)
    assert f"`mapId` `{plan().map}`" in page
    for each in collect.action_parameters or ():
        assert f"`{each.key}` ({'whole number' if isinstance(each.value, int) else 'text'}" in page
