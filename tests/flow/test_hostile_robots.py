"""A robot that has a certificate and lies: it can say all that its own topics take, and harms its own lists alone."""

import json
from typing import Any

import pytest

from clients.robot.settings import Settings
from events.vda5050.state import ActionState, ActionStatus, NodeState
from events.vda5050.text import to_bytes
from functions.fleet.orders import drop_id
from tests.flow.robots import PRICES, orders, picked, standing
from tests.flow.shopper import Shopper, open_a_store
from tests.support.broker import StreamRobot
from tests.support.mall import Mall
from tests.support.states import state

AHEAD = (NodeState(node_id="depot", sequence_id=2, released=True),)
DEEP = b'{"headerId": 1, "errors": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"


@pytest.fixture
def mall() -> Mall:
    return Mall()


@pytest.fixture
def products(mall: Mall) -> dict[str, str]:
    return open_a_store(mall, PRICES)


def registered(mall: Mall, name: str) -> str:
    bot: str = Shopper(mall).ask("POST", "/api/depot/bots", {"name": name})["id"]
    mall.settle()
    return bot


def honest(mall: Mall) -> StreamRobot:
    """A robot that does what it should."""
    robot = StreamRobot(mall.broker, registered(mall, "Ajax"), Settings().faster(4))
    robot.connect()
    mall.repeat(0.5, robot.tick, robot.id)
    mall.pass_time(1)
    return robot


class Liar:
    """A robot of which the test writes every message."""

    def __init__(self, mall: Mall) -> None:
        self.mall = mall
        self.id = registered(mall, "Paris")
        self.header = -1
        mall.broker.tell_presence(self.id, "a session", 1, connected=True)

    def says(self, **more: Any) -> None:
        """A state; `named`: the serial number in it."""
        self.header += 1
        named, header = more.pop("named", self.id), more.pop("header", self.header)
        self.writes(to_bytes(state(named, header, **more)))

    def writes(self, payload: bytes) -> None:
        self.mall.broker.receive(self.id, "state", payload)
        self.mall.pass_time(1)

    @property
    def cancelled(self) -> list[str]:
        """The orders that it was told to cancel."""
        sent = [action for one in self.mall.broker.to(self.id, "instantActions") for action in one["actions"]]
        return [one["actionParameters"][0]["value"] for one in sent if one["actionType"] == "cancelOrder"]

    @property
    def order(self) -> dict[str, Any]:
        """The order that it was sent last."""
        return self.mall.broker.to(self.id, "order")[-1]


def ended(order: dict[str, Any]) -> tuple[ActionState, ...]:
    """All actions of an order, as if each had been done."""
    ids = [action["actionId"] for node in order["nodes"] for action in node["actions"]]
    return tuple(ActionState(action_id=id, action_status=ActionStatus.FINISHED) for id in ids)


@pytest.mark.parametrize("in_its_name", [True, False], ids=["in the other's name", "in its own"])
def test_the_list_of_another_is_neither_picked_nor_completed_by_who_shows_it(
    mall: Mall, products: dict[str, str], in_its_name: bool
) -> None:
    robot = honest(mall)
    (shopper,) = orders(mall, products)
    mall.pass_time(2)
    liar = Liar(mall)
    (told,) = {json.dumps(one["nodes"]) for one in mall.broker.to(robot.id, "order")}
    order_id = f"{shopper.basket_id}.1"
    before = picked(shopper)
    for nodes in (AHEAD, ()):
        liar.says(
            named=robot.id if in_its_name else liar.id,
            order_id=order_id,
            last_node_id="depot",
            node_states=nodes,
            action_states=ended({"nodes": json.loads(told)}),
        )
    assert standing(shopper) == ("active", robot.id, 1)
    assert picked(shopper) == before
    assert set(liar.cancelled) == {order_id}
    mall.pass_time(120)
    assert standing(shopper) == ("completed", robot.id, 1)


def test_who_reports_what_its_list_does_not_have_loses_it_to_another(mall: Mall, products: dict[str, str]) -> None:
    liar = Liar(mall)
    liar.says()
    (shopper,) = orders(mall, products)
    mall.pass_time(2)
    assert standing(shopper) == ("assigned", liar.id, 1)
    order_id = liar.order["orderId"]
    invented = ActionState(action_id=f"{order_id}:a-store:a-product:3", action_status=ActionStatus.FINISHED)
    dropped = ActionState(action_id=drop_id(order_id), action_status=ActionStatus.FINISHED)
    liar.says(order_id=order_id, last_node_id="depot", action_states=(invented, dropped))
    assert standing(shopper)[0] != "completed"
    robot = honest(mall)
    mall.pass_time(300)
    assert standing(shopper) == ("completed", robot.id, 2)
    assert picked(shopper) == 3


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"no JSON",
        b"\xff\xfe",
        DEEP,
        b'{"headerId": ' + b"9" * 5_000 + b"}",
        b'"' + b"x" * 131_000 + b'"',
    ],
    ids=["nothing", "no JSON", "no text", "deep", "a long number", "long"],
)
def test_what_is_no_message_is_put_aside_and_holds_up_no_other_robot(
    mall: Mall, products: dict[str, str], payload: bytes
) -> None:
    robot, liar = honest(mall), Liar(mall)
    (shopper,) = orders(mall, products)
    for _ in range(3):
        liar.writes(payload)
    mall.pass_time(120)
    assert standing(shopper) == ("completed", robot.id, 1)
    assert [len(letters) for letters in mall.dead_letters().values()] == [3]


def test_who_counts_its_messages_absurdly_is_believed_again_after_a_minute(
    mall: Mall, products: dict[str, str]
) -> None:
    liar = Liar(mall)
    liar.says()
    (shopper,) = orders(mall, products)
    mall.pass_time(2)
    order = liar.order
    liar.says(header=2**32 - 1, order_id=order["orderId"], node_states=AHEAD)
    liar.says(order_id=order["orderId"], last_node_id="depot", action_states=ended(order))
    assert standing(shopper) == ("active", liar.id, 1)
    for _ in range(7):
        mall.pass_time(9)
        liar.says(order_id=order["orderId"], last_node_id="depot", action_states=ended(order))
    assert standing(shopper) == ("completed", liar.id, 1)


def test_who_has_a_list_completes_it_by_no_other_order(mall: Mall, products: dict[str, str]) -> None:
    robot = honest(mall)
    (others,) = orders(mall, products)
    mall.pass_time(2)
    liar = Liar(mall)
    liar.says()
    (own,) = orders(mall, products)
    mall.pass_time(2)
    assert standing(own) == ("assigned", liar.id, 1)
    (told, *_) = mall.broker.to(robot.id, "order")
    liar.says(order_id=told["orderId"], last_node_id="depot", action_states=ended(told))
    assert standing(own) == ("assigned", liar.id, 1)
    assert standing(others) == ("active", robot.id, 1)


def test_what_was_recorded_under_an_earlier_assignment_completes_nothing_when_it_is_played_back(
    mall: Mall, products: dict[str, str]
) -> None:
    liar = Liar(mall)
    liar.says()
    (shopper,) = orders(mall, products)
    mall.pass_time(2)
    old = liar.order
    mall.pass_time(150)  # it says nothing, so its lease ends
    assert standing(shopper) == ("available", None, 1)
    liar.says()
    mall.pass_time(2)
    assert standing(shopper) == ("assigned", liar.id, 2)
    for _ in range(3):
        liar.says(order_id=old["orderId"], last_node_id="depot", action_states=ended(old))
    assert standing(shopper) == ("assigned", liar.id, 2)
    liar.says(order_id=liar.order["orderId"], last_node_id="depot", action_states=ended(liar.order))
    assert standing(shopper) == ("completed", liar.id, 2)
    assert mall.dead_letters() == {}
