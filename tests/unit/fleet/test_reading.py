"""What of a robot's messages decides something."""

from typing import Any

import pytest

from events.floor.plan import plan
from events.vda5050.state import (
    ActionState,
    ActionStatus,
    EmergencyStop,
    Error,
    ErrorLevel,
    ErrorReference,
    MobileRobotPosition,
    NodeState,
    OperatingMode,
    PowerSupply,
    SafetyState,
)
from functions.fleet import reading
from functions.fleet.domain import Robot
from functions.fleet.faults import faults
from functions.fleet.reports import Pick, Report
from functions.fleet.robot_events import Described
from tests.support.given import given
from tests.support.states import state

AT = "2026-03-14T09:26:54.000000Z"
ORDER = "list-1.1"
COLLECT, OTHER, DROP = f"{ORDER}:store-1:product-1:3", f"{ORDER}:store-1:product-2:1", f"{ORDER}:drop"


def action(id: str, status: ActionStatus, result: str | None = None) -> ActionState:
    return ActionState(action_id=id, action_status=status, action_result=result)


def report(*actions: ActionState, **more: Any) -> Report:
    return reading.report(state("ajax", order_id=ORDER, action_states=actions, **more), AT)


@pytest.mark.parametrize(
    ("status", "result", "taken"),
    [
        (ActionStatus.FINISHED, "3", 3),
        (ActionStatus.FINISHED, "0", 0),
        (ActionStatus.FINISHED, "9", 3),  # none takes more than it should
        (ActionStatus.FINISHED, None, 3),  # one that does not say how many took all
        (ActionStatus.FINISHED, "three", 3),
        (ActionStatus.FAILED, None, 0),
        (ActionStatus.FAILED, "2", 2),
    ],
)
def test_a_collect_that_has_ended_took_what_it_says(status: ActionStatus, result: str | None, taken: int) -> None:
    assert report(action(COLLECT, status, result)).picked == (Pick("store-1", "product-1", taken),)


@pytest.mark.parametrize("digits", ["9" * 10, "9" * 5_000, "²", "٣", "-1", "1.0", "NaN", ""])
def test_a_number_that_the_mall_would_not_write_is_none(digits: str) -> None:
    assert report(action(f"{ORDER}:store-1:product-1:{digits}", ActionStatus.FINISHED, "1")).picked == ()
    assert report(action(COLLECT, ActionStatus.FINISHED, digits)).picked == (Pick("store-1", "product-1", 3),)


@pytest.mark.parametrize("status", [status for status in ActionStatus if not status.ended])
def test_a_collect_that_has_not_ended_counts_as_nothing(status: ActionStatus) -> None:
    assert report(action(COLLECT, status, "3"), action(OTHER, ActionStatus.FINISHED, "1")).picked == (
        Pick("store-1", "product-2", 1),
    )


def test_actions_that_are_not_of_the_order_count_as_nothing() -> None:
    foreign = action("list-9.1:store-1:product-1:3", ActionStatus.FINISHED, "3")
    assert report(foreign, action("beep", ActionStatus.FINISHED)).picked == ()


@pytest.mark.parametrize("status", list(ActionStatus))
def test_what_is_collected_is_at_the_depot_when_the_drop_has_finished(status: ActionStatus) -> None:
    assert report(action(DROP, status)).dropped is (status is ActionStatus.FINISHED)


def test_a_robot_is_idle_without_nodes_to_reach_and_with_no_action_left() -> None:
    ahead = NodeState(node_id="depot", sequence_id=2, released=True)
    assert report(action(DROP, ActionStatus.FINISHED)).idle
    assert not report(action(DROP, ActionStatus.RUNNING)).idle
    assert not report(node_states=(ahead,)).idle


@pytest.mark.parametrize(
    ("mode", "able", "listens", "cancels"),
    [
        (OperatingMode.AUTOMATIC, True, True, True),
        (OperatingMode.SEMIAUTOMATIC, True, True, True),
        (OperatingMode.INTERVENED, True, False, True),
        (OperatingMode.MANUAL, False, False, False),
        (OperatingMode.STARTUP, False, False, False),
        (OperatingMode.SERVICE, False, False, False),
        (OperatingMode.TEACH_IN, False, False, False),
    ],
)
def test_its_mode_says_what_it_may_be_sent(mode: OperatingMode, able: bool, listens: bool, cancels: bool) -> None:
    found = report(operating_mode=mode)
    assert (found.able, found.listens, found.cancels) == (able, listens, cancels)


@pytest.mark.parametrize(
    ("level", "able", "goes_on"),
    [
        (ErrorLevel.WARNING, True, True),
        (ErrorLevel.URGENT, True, True),
        (ErrorLevel.CRITICAL, True, False),
        (ErrorLevel.FATAL, False, False),
    ],
)
def test_the_level_of_its_errors_says_what_it_can_do(level: ErrorLevel, able: bool, goes_on: bool) -> None:
    found = report(errors=(Error(error_type="E", error_level=level),))
    assert (found.able, found.goes_on) == (able, goes_on)


AHEAD = (NodeState(node_id="depot", sequence_id=2, released=True),)


def test_a_robot_that_is_paused_takes_no_order_but_keeps_the_one_that_it_works_on() -> None:
    idle, works = report(paused=True), report(paused=True, node_states=AHEAD)
    assert (idle.able, works.able, works.goes_on) == (False, True, True)
    assert report(paused=False).able


@pytest.mark.parametrize("stop", list(EmergencyStop))
@pytest.mark.parametrize("nodes", [(), AHEAD])
def test_a_robot_whose_emergency_stop_is_active_takes_no_order_and_does_not_go_on(
    stop: EmergencyStop, nodes: tuple[NodeState, ...]
) -> None:
    safety = SafetyState(active_emergency_stop=stop, field_violation=False)
    found = report(safety_state=safety, node_states=nodes)
    moves = stop is EmergencyStop.NONE
    assert (found.able, found.goes_on) == (moves, moves)


def test_its_charge_is_read() -> None:
    assert report(power_supply=PowerSupply(state_of_charge=9.9, charging=True)).charge == 9.9


@pytest.mark.parametrize("node", ["", "the cellar"])
def test_a_robot_that_is_not_on_the_map_takes_no_order(node: str) -> None:
    found = report(last_node_id=node)
    assert (found.able, found.node) == (False, "")


def test_it_tells_which_instant_actions_it_shows_and_which_have_ended() -> None:
    found = report(
        action(COLLECT, ActionStatus.RETRIABLE),
        instant_action_states=(action("a", ActionStatus.RUNNING), action("b", ActionStatus.FAILED)),
    )
    assert (found.received, found.ended) == (frozenset("ab"), frozenset("b"))
    assert found.retriable == frozenset([COLLECT])


def test_what_the_console_shows_holds_the_errors_with_what_they_are_about_and_what_helps() -> None:
    said = state(
        "ajax",
        order_id=ORDER,
        errors=(
            Error(
                error_type="PICK_FAILED",
                error_level=ErrorLevel.WARNING,
                error_references=(ErrorReference(reference_key="actionId", reference_value=COLLECT),),
                error_description="the shelf is empty",
                error_hint="fill it",
            ),
        ),
    )
    robot = given(Robot, Described(("collect",))).aggregate
    row = reading.row(said, reading.report(said, AT), faults(robot, said, AT))
    assert [(e["type"], e["level"], e["description"], e["hint"]) for e in row["errors"]] == [
        ("PICK_FAILED", "WARNING", "the shelf is empty", "fill it"),
        (
            "FACTSHEET_LACKS_ACTION",
            "FATAL",
            "the factsheet declares no action collect for nodes, so the robot gets no list",
            "declare the action collect for nodes in the factsheet",
        ),
    ]
    assert row["errors"][0]["references"] == [["actionId", COLLECT]]
    assert (row["node"], row["battery"], row["order"], row["mode"]) == (plan().parking[0], 80, None, "AUTOMATIC")


@pytest.mark.parametrize(("x", "shown"), [(12.5, (12.5, 3.0)), (1e308, (None, None)), (-1e7, (None, None))])
def test_a_position_that_is_no_place_is_not_shown(x: float, shown: tuple[float | None, float | None]) -> None:
    position = MobileRobotPosition(x=x, y=3.0, theta=0.0, map_id="floor", localized=True)
    said = state("ajax", mobile_robot_position=position)
    row = reading.row(said, reading.report(said, AT), [])
    assert (row["x"], row["y"]) == shown
