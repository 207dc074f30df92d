"""A robot works its orders off, and refuses those that it cannot take by the standard's names."""

from typing import Any

import pytest

from clients.robot.settings import Settings
from events.vda5050 import errors
from events.vda5050.collecting import collect, drop
from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.factsheet import Factsheet
from events.vda5050.order import AllowedDeviation, BlockingType, NodePosition, Order
from events.vda5050.state import ActionStatus, OperatingMode
from events.vda5050.topics import Kind
from tests.unit.clients.robot.bench import (
    AGES,
    SERIAL,
    Bench,
    node,
    order,
    replaced,
    reread,
    results,
    seeded,
    shopping,
)

FINISHED, FAILED, RUNNING, WAITING = (
    ActionStatus.FINISHED,
    ActionStatus.FAILED,
    ActionStatus.RUNNING,
    ActionStatus.WAITING,
)


def test_a_robot_that_connects_says_that_it_is_online_what_it_can_and_how_it_is() -> None:
    bench = Bench()
    online, sheet, state = bench.told
    assert isinstance(online.message, Connection)
    assert isinstance(sheet.message, Factsheet)
    assert (online.message.connection_state, online.retain) == (ConnectionState.ONLINE, True)
    assert sheet.retain
    assert not state.retain
    actions = {action.action_type: action for action in sheet.message.protocol_features.mobile_robot_actions}
    assert [parameter.key for parameter in actions["collect"].action_parameters or ()] == [
        "storeId",
        "productId",
        "quantity",
    ]
    assert {"cancelOrder", "startPause", "stopPause", "retry", "skipRetry", "drop"} <= set(actions)
    assert (bench.state.order_id, bench.state.last_node_id, bench.state.idle) == ("", "depot", True)


def test_an_order_is_driven_collected_and_dropped_and_then_the_robot_is_idle() -> None:
    bench = Bench().send(shopping()).wait(AGES)
    assert bench.statuses() == [FINISHED, FINISHED, FINISHED]
    assert results(bench.state) == {"list-1.1/tea": 3, "list-1.1/mug": 3}
    assert (bench.state.last_node_id, bench.state.last_node_sequence_id) == ("depot", 20)
    assert (bench.state.idle, bench.state.order_id, bench.state.loads) == (True, "list-1.1", ())
    reread(bench)


def test_a_state_is_told_at_each_change_which_makes_fourteen_for_an_order_of_two_products() -> None:
    bench = Bench()
    before = len(bench.states)
    bench.send(shopping()).wait_until(lambda: bench.state.idle)
    assert len(bench.states) - before == 14
    visited = [state.last_node_id for state in bench.states]
    assert [place for place, before in zip(visited[1:], visited, strict=False) if place != before] == [
        stop.node_id for stop in shopping().nodes[1:]
    ]


def test_a_robot_that_has_nothing_to_do_reports_at_least_every_30_seconds() -> None:
    bench = Bench().wait(100)
    assert len(bench.states) == 6


def test_header_ids_count_for_each_topic_and_begin_at_0_after_a_restart() -> None:
    bench = Bench().send(shopping()).wait(60)
    assert [state.header_id for state in bench.states] == list(range(len(bench.states)))
    assert bench.restarted().state.header_id == 0


def test_actions_wait_until_their_node_is_reached_and_run_one_after_the_other() -> None:
    two = (collect("a", "s", "tea", 1), collect("b", "s", "mug", 1))
    bench = Bench().send(order([("depot", ()), ("west", two)]))
    assert bench.statuses() == [WAITING, WAITING]
    assert bench.state.driving
    bench.wait_until(lambda: bench.state.last_node_id == "west")
    assert (bench.statuses(), bench.state.driving) == ([RUNNING, WAITING], False)
    bench.wait(bench.settings.collect)
    assert bench.statuses() == [FINISHED, RUNNING]


@pytest.mark.parametrize(
    ("blocking", "together", "driving"),
    [
        (BlockingType.NONE, True, True),
        (BlockingType.SOFT, True, False),
        (BlockingType.SINGLE, False, True),
        (BlockingType.HARD, False, False),
    ],
)
def test_a_blocking_type_says_whether_actions_run_together_and_while_driving(
    blocking: BlockingType, together: bool, driving: bool
) -> None:
    two = tuple(collect(name, "s", name, 1).model_copy(update={"blocking_type": blocking}) for name in "ab")
    bench = Bench().send(order([("depot", two), ("west", ())]))
    assert bench.statuses() == [RUNNING, RUNNING if together else WAITING]
    assert bench.state.driving is driving


def test_a_hard_action_waits_for_all_before_it_and_what_follows_waits_for_it() -> None:
    soft, hard, last = (
        collect(name, "s", name, 1).model_copy(update={"blocking_type": blocking})
        for name, blocking in (("a", BlockingType.SOFT), ("b", BlockingType.HARD), ("c", BlockingType.SOFT))
    )
    bench = Bench().send(order([("depot", (soft, hard, last))]))
    assert bench.statuses() == [RUNNING, WAITING, WAITING]
    bench.wait(bench.settings.collect)
    assert bench.statuses() == [FINISHED, RUNNING, WAITING]
    bench.wait(bench.settings.collect)
    assert bench.statuses() == [FINISHED, FINISHED, RUNNING]


def test_an_action_that_needs_preparation_initializes_first() -> None:
    bench = Bench(Settings(prepare=2)).send(order([("depot", (collect("a", "s", "tea", 1),))]))
    assert bench.statuses() == [ActionStatus.INITIALIZING]
    assert bench.wait(2).statuses() == [RUNNING]


def test_what_is_not_found_is_short_by_a_seeded_chance() -> None:
    def found(seed: int) -> dict[str, int | None]:
        bench = Bench(Settings(short=0.5), chance=seeded(seed)).send(shopping(quantity=9)).wait(AGES)
        return results(bench.state)

    assert found(1) == found(1)
    every = [count for seed in range(20) for count in found(seed).values()]
    assert {9} < set(every) <= set(range(10))
    assert 10 < every.count(9) < 35


def test_an_order_of_a_hundred_lines_is_taken() -> None:
    lines = tuple(collect(str(number), "s", "tea", 1) for number in range(100))
    bench = Bench().send(order([("depot", ()), ("west", lines), ("depot", (drop("d"),))])).wait(AGES)
    assert (bench.errors, len(bench.statuses()), bench.state.idle) == ([], 101, True)


def test_the_same_order_sent_again_is_ignored_and_answered_with_a_state() -> None:
    bench = Bench().send(shopping()).wait(20)
    before = len(bench.states)
    bench.send(shopping())
    assert (len(bench.states), bench.errors) == (before + 1, [])
    bench.wait(AGES).send(shopping()).wait(AGES)
    assert bench.state.idle
    assert bench.errors == []


def with_first(**changes: Any) -> Order:
    base = order([("depot", ()), ("west", ())])
    return replaced(base, nodes=(base.nodes[0].model_copy(update=changes), base.nodes[1]))


def with_edge(**changes: Any) -> Order:
    base = order([("depot", ()), ("west", ())])
    return replaced(base, edges=(base.edges[0].model_copy(update=changes),))


PLACED = NodePosition(x=2, y=12, map_id="mall")
REFUSED: dict[str, tuple[Order | bytes, str]] = {
    "no JSON": (b"{", errors.VALIDATION_FAILURE),
    "no UTF-8": (b"\xff", errors.VALIDATION_FAILURE),
    "a wrong type": (b'{"orderId": 5}', errors.VALIDATION_FAILURE),
    "another robot's": (replaced(shopping(), serial_number="other"), errors.VALIDATION_FAILURE),
    "no nodes": (replaced(shopping(), nodes=(), edges=()), errors.VALIDATION_FAILURE),
    "a gap": (replaced(shopping(), edges=shopping().edges[1:]), errors.VALIDATION_FAILURE),
    "begins with an update": (replaced(shopping(), order_update_id=1), errors.VALIDATION_FAILURE),
    "starts elsewhere": (order([("west", ()), ("depot", ())]), errors.START_NODE_OUT_OF_RANGE),
    "an unknown node": (order([("depot", ()), ("moon", ())]), errors.NO_ROUTE_TO_TARGET),
    "no edge there": (order([("depot", ()), ("north-1", ())]), errors.NO_ROUTE_TO_TARGET),
    "an unknown map": (
        with_first(node_position=PLACED.model_copy(update={"map_id": "moon"})),
        errors.UNKNOWN_MAP_ID,
    ),
    "an angle": (with_first(node_position=PLACED.model_copy(update={"theta": 1.0})), errors.UNSUPPORTED_PARAMETER),
    "a direction": (with_edge(direction="left"), errors.UNSUPPORTED_PARAMETER),
    "an unknown action": (
        with_first(actions=(drop("a").model_copy(update={"action_type": "fly"}),)),
        errors.INVALID_ORDER_ACTION,
    ),
    "an action on an edge": (with_edge(actions=(drop("a"),)), errors.INVALID_ORDER_ACTION),
    "nothing to collect": (with_first(actions=(collect("a", "s", "tea", 0),)), errors.INVALID_ORDER_ACTION),
    "more than anyone collects": (with_first(actions=(collect("a", "s", "tea", 10**9),)), errors.INVALID_ORDER_ACTION),
    "a parameter missing": (
        with_first(actions=(collect("a", "s", "t", 1).model_copy(update={"action_parameters": ()}),)),
        errors.INVALID_ORDER_ACTION,
    ),
    "too many actions": (
        with_first(actions=tuple(collect(str(number), "s", "tea", 1) for number in range(101))),
        errors.INSUFFICIENT_MEMORY,
    ),
    "too many bytes": (b" " * 131_073, errors.INSUFFICIENT_MEMORY),
}


@pytest.mark.parametrize(("message", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_an_order_that_cannot_be_taken_is_refused_until_another_is_accepted(
    message: Order | bytes, expected: str
) -> None:
    bench = Bench().send(message)
    assert bench.errors == [expected]
    assert bench.state.errors[0].error_level == errors.LEVELS[expected]
    assert bench.state.errors[0].error_hint
    assert (bench.state.order_id, bench.state.idle) == ("", True)
    bench.wait(40)
    assert bench.errors == [expected]
    bench.send(shopping())
    assert (bench.errors, bench.state.order_id) == ([], "list-1.1")


def test_a_refusal_names_the_order_and_is_there_once_however_often_it_is_sent() -> None:
    wrong = replaced(shopping(), order_update_id=1)
    bench = Bench().send(wrong).send(wrong)
    assert len(bench.errors) == 1
    references = {each.reference_key: each.reference_value for each in bench.state.errors[0].error_references or ()}
    assert references == {"orderId": "list-1.1", "orderUpdateId": "1"}


def test_another_order_is_refused_while_one_is_active_which_goes_on() -> None:
    bench = Bench().send(shopping()).wait(10).send(shopping("list-2.1"))
    assert (bench.errors, bench.state.order_id) == ([errors.OTHER_ORDER_ACTIVE], "list-1.1")
    bench.wait(AGES).send(shopping("list-2.1")).wait(AGES)
    assert (bench.errors, bench.state.order_id, bench.state.idle) == ([], "list-2.1", True)


def test_an_order_of_before_the_last_one_that_comes_late_is_refused() -> None:
    bench = Bench().send(shopping()).wait(AGES).send(shopping("list-2.1")).wait(AGES).send(shopping())
    assert (bench.errors, bench.state.order_id) == ([errors.OUTDATED_ORDER_UPDATE], "list-2.1")


def test_a_first_node_counts_as_reached_within_its_allowed_deviation() -> None:
    wide = NodePosition(x=8, y=12, map_id="mall", allowed_deviation_xy=AllowedDeviation(a=7, b=7, theta=0))
    start = node("west", 0).model_copy(update={"node_position": wide})
    way = order([("west", ()), ("depot", ())])
    assert Bench().send(replaced(way, nodes=(start, way.nodes[1]))).errors == []


def test_of_a_malformed_order_the_ids_are_told_that_can_be_read() -> None:
    def told(payload: bytes) -> dict[str, str]:
        (wrong,) = Bench().send(payload).state.errors
        return {each.reference_key: each.reference_value for each in wrong.error_references or ()}

    assert told(b'{"orderId": "list-1.1", "orderUpdateId": 0, "nodes": 5}') == {
        "topic": "order",
        "orderId": "list-1.1",
        "orderUpdateId": "0",
    }
    assert [told(payload) for payload in (b'{"orderId": 5}', b"[]", b"{", b"[" * 100_000)] == [{"topic": "order"}] * 4


def test_an_order_is_refused_in_an_operating_mode_that_allows_none_until_the_mode_changes() -> None:
    bench = Bench()
    bench.told += bench.robot.switch(OperatingMode.MANUAL, bench.now)
    bench.send(shopping())
    assert (bench.errors, bench.state.operating_mode) == ([errors.MOBILE_ROBOT_NOT_AVAILABLE], OperatingMode.MANUAL)
    bench.told += bench.robot.switch(OperatingMode.AUTOMATIC, bench.now)
    assert bench.errors == []
    assert bench.send(shopping()).state.order_id == "list-1.1"


def test_an_operating_mode_without_orders_ends_the_one_that_is_active() -> None:
    bench = Bench().send(shopping()).wait(40)
    bench.told += bench.robot.switch(OperatingMode.SERVICE, bench.now)
    assert bench.state.operating_mode is OperatingMode.AUTOMATIC, "what it holds is not yet put back"
    bench.wait(10)
    assert (bench.state.operating_mode, bench.state.last_node_id) == (OperatingMode.SERVICE, "")
    assert bench.statuses() == [FINISHED, FAILED, FAILED]
    assert (bench.state.node_states, bench.state.loads) == ((), ())


def test_an_order_given_while_people_have_intervened_begins_when_they_are_done() -> None:
    bench = Bench()
    bench.told += bench.robot.switch(OperatingMode.INTERVENED, bench.now)
    bench.send(shopping()).wait(30)
    assert (bench.errors, bench.state.driving, bench.state.last_node_id) == ([], False, "depot")
    bench.told += bench.robot.switch(OperatingMode.AUTOMATIC, bench.now)
    assert bench.state.driving


def test_the_will_says_that_the_connection_broke_and_is_kept_by_the_broker() -> None:
    bench = Bench()
    will = bench.robot.will(bench.now)
    assert isinstance(will.message, Connection)
    assert (will.kind, will.retain, will.message.serial_number) == (Kind.CONNECTION, True, SERIAL)
    assert will.message.connection_state is ConnectionState.CONNECTION_BROKEN
    (goodbye,) = bench.robot.leaving(bench.now)
    assert isinstance(goodbye.message, Connection)
    assert (goodbye.message.connection_state, goodbye.retain) == (ConnectionState.OFFLINE, True)
