"""The smallest robot, as docs/robots.md has it, works on a broker."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from events.vda5050.collecting import DROP
from events.vda5050.instant_actions import InstantAction, InstantActions
from events.vda5050.order import Action
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind
from tests.unit.clients.robot.bench import HEADER, SERIAL, instant, results, shopping
from tests.unit.clients.robot.broker import OVER_QUOTA, Broker
from tests.unit.clients.robot.page import TOPICS, Clock, Run

LEASE, SETTLE = 50.0, 10.0  # seconds, as in the page


def at_once(*actions: Action) -> bytes:
    return to_bytes(InstantActions(**HEADER, actions=actions))


def cancel(order_id: str, action_id: str = "cancel") -> bytes:
    return at_once(instant(InstantAction.CANCEL_ORDER, action_id, orderId=order_id))


@contextmanager
def running(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Run, Clock]]:
    """The page's program, whose steps are taken when its clock is moved on."""
    with Broker(folder / "b") as broker:
        clock = Clock()
        run = Run(broker, folder, monkeypatch, clock)
        try:
            yield run, clock
        finally:
            run.stop()


def step(run: Run, clock: Clock) -> None:
    count = len(run.states)
    clock.now += 1
    run.broker.wait_for(lambda: len(run.states) > count)


def until_the_drop(run: Run, clock: Clock) -> None:
    """Work the order off until its drop is all that is left."""
    run.answer(Kind.ORDER, to_bytes(shopping()))
    while run.states[-1].node_states:
        step(run, clock)
    assert run.statuses(DROP) == ["WAITING"]


def cut(run: Run, clock: Clock, seconds: float) -> None:
    """Cut the program off for so long, by its clock, and wait until it is back and the broker has a state."""
    connections, count = len(run.broker.connections), len(run.states)
    run.broker.refuses = many = 10**6
    run.broker.cut(SERIAL)
    run.broker.wait_for(lambda: run.broker.refuses < many)  # until then it does not know that it is cut
    clock.now += seconds
    run.broker.refuses = 0
    run.broker.wait_for(lambda: len(run.broker.connections) > connections and len(run.states) > count)
    for _ in range(3):  # once a state is here, the program has the broker's answers to all states but the one before it
        run.shows(f"asked after {len(run.states)} states")


def test_the_smallest_robot_works_an_order_off_and_says_what_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Broker(tmp_path / "b") as broker:
        run = Run(broker, tmp_path, monkeypatch)
        try:
            broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
            broker.wait_for(lambda: run.states[-1].order_id and run.states[-1].idle)
            broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        finally:
            run.stop()
        broker.wait_for(lambda: run.connection == ["ONLINE", "OFFLINE"])
    assert results(run.states[-1]) == {"list-1.1/tea": 3, "list-1.1/mug": 3}
    assert run.states[-1].last_node_id == "depot"
    assert [state.header_id for state in run.states] == list(range(len(run.states)))
    assert all(state.errors == () for state in run.states)


def test_the_smallest_robot_tries_until_the_broker_takes_it_and_says_that_it_is_online_until_the_broker_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Broker(tmp_path / "b") as broker:
        broker.refuses = 3
        broker.throttled[TOPICS[Kind.CONNECTION]] = OVER_QUOTA
        run = Run(broker, tmp_path, monkeypatch)
        try:
            broker.wait_for(lambda: run.connection == ["ONLINE"] and len(run.states) > 1)
        finally:
            run.stop()
    assert len(broker.connections) == 1


def test_the_smallest_robot_cancels_its_order_once_and_takes_no_other_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, monkeypatch) as (run, _):
        run.answer(Kind.ORDER, to_bytes(shopping()))
        state = run.answer(Kind.ORDER, to_bytes(shopping("list-2.1")))
        assert ([each.error_type for each in state.errors], state.order_id) == (["OTHER_ORDER_ACTIVE"], "list-1.1")
        unnamed = at_once(instant(InstantAction.CANCEL_ORDER, "cancel"))
        state = run.answer(Kind.INSTANT_ACTIONS, unnamed)  # it is sent twice
    assert state.idle
    assert [each.action_status for each in state.instant_action_states] == ["FINISHED"]
    assert {each.action_status for each in state.action_states} == {"FAILED"}


def test_the_smallest_robot_ends_no_other_order_than_the_cancel_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, monkeypatch) as (run, _):
        run.answer(Kind.ORDER, to_bytes(shopping()))
        state = run.answer(Kind.INSTANT_ACTIONS, cancel("an-old-list.1", "late"))
        assert [each.action_status for each in state.instant_action_states] == ["FAILED"]
        assert (state.errors[0].error_type, state.errors[0].error_level) == ("NO_ORDER_TO_CANCEL", "WARNING")
        assert [each.reference_value for each in state.errors[0].error_references or ()] == ["late"]
        assert {each.action_status for each in state.action_states} == {"WAITING"}
        assert not state.idle
        assert run.answer(Kind.INSTANT_ACTIONS, cancel("list-1.1")).idle


def test_the_smallest_robot_puts_nothing_down_after_its_lease_before_the_gateway_could_cancel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, monkeypatch) as (run, clock):
        until_the_drop(run, clock)
        cut(run, clock, LEASE + 10)
        assert run.statuses(DROP) == ["WAITING"]
        clock.now += SETTLE - 1
        assert run.answer(Kind.INSTANT_ACTIONS, cancel("list-1.1")).idle
        assert run.statuses(DROP) == ["FAILED"]
    drops = {each.action_status for state in run.states for each in state.action_states if each.action_type == DROP}
    assert "RUNNING" not in drops


def test_the_smallest_robot_that_is_not_cancelled_puts_down_ten_seconds_after_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, monkeypatch) as (run, clock):
        until_the_drop(run, clock)
        cut(run, clock, LEASE + 10)
        clock.now += SETTLE - 1
        cut(run, clock, 2)  # in which a cancelOrder may be lost: the seconds begin anew
        assert run.statuses(DROP) == ["WAITING"]
        clock.now += SETTLE + 1
        run.broker.wait_for(lambda: run.statuses(DROP) == ["RUNNING"])


def test_the_smallest_robot_that_is_back_within_its_lease_puts_down_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, monkeypatch) as (run, clock):
        until_the_drop(run, clock)
        cut(run, clock, LEASE - 10)
        run.broker.wait_for(lambda: run.statuses(DROP) == ["RUNNING"])


def altered(**members: Any) -> bytes:
    return json.dumps({**json.loads(to_bytes(shopping())), **members}).encode()


def flown() -> bytes:
    return to_bytes(shopping()).replace(b'"actionType":"drop"', b'"actionType":"fly"')


ORDERS = (
    ("no JSON", b"{", "VALIDATION_FAILURE"),
    ("no text", b"\xff", "VALIDATION_FAILURE"),
    ("a list", b"[]", "VALIDATION_FAILURE"),
    ("deeper than a program reads", b"[" * 100_000, "VALIDATION_FAILURE"),
    ("no nodes", altered(nodes=[], edges=[]), "VALIDATION_FAILURE"),
    ("nodes that are none", altered(nodes=[1]), "VALIDATION_FAILURE"),
    ("an id that is no text", altered(orderId=7), "VALIDATION_FAILURE"),
    ("no path", altered(edges=[]), "VALIDATION_FAILURE"),
    ("for another robot", altered(serialNumber="another"), "VALIDATION_FAILURE"),
    ("an update", altered(orderUpdateId=1), "VALIDATION_FAILURE"),
    ("a horizon", to_bytes(shopping()).replace(b"true", b"false"), "VALIDATION_FAILURE"),
    ("an action that it does not know", flown(), "INVALID_ORDER_ACTION"),
    (
        "a quantity that is no number",
        to_bytes(shopping()).replace(b'"value":3', b'"value":"3"'),
        "INVALID_ORDER_ACTION",
    ),
)


def test_the_smallest_robot_refuses_orders_that_it_cannot_read_or_do_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, monkeypatch) as (run, _):
        for what, payload, error in ORDERS:
            state = run.answer(Kind.ORDER, payload)
            assert ([each.error_type for each in state.errors], state.order_id) == ([error], ""), what
            assert state.idle, what
        assert run.answer(Kind.ORDER, to_bytes(shopping())).order_id == "list-1.1"
        assert run.states[-1].errors == ()


def test_the_smallest_robot_refuses_instant_actions_that_it_cannot_read_or_do_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, monkeypatch) as (run, _):
        for payload in (b"{", b"{}", at_once().replace(b"[]", b"[7]"), at_once().replace(b"[]", b'[{"actionId": 1}]')):
            assert run.answer(Kind.INSTANT_ACTIONS, payload).errors[0].error_type == "VALIDATION_FAILURE"
        state = run.answer(Kind.INSTANT_ACTIONS, at_once(instant("fly")))
        assert [each.action_status for each in state.instant_action_states] == ["FAILED"]
        assert state.errors[0].error_type == "INVALID_INSTANT_ACTION"
