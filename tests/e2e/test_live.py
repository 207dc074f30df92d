"""The staff's stream on the deployed system: who may connect, and what two clerks see of one order."""

import json
from collections.abc import Callable

import pytest
from websockets.exceptions import InvalidStatus

from clients.order import Order
from clients.people import session
from clients.watcher import PROTOCOL, Watcher
from functions.kernel.runtime.context import KIOSK, OPERATOR, STAFF
from infra.local.up import WEBSOCKET_OUTPUT
from infra.local.users import sign_in
from tests.e2e.conftest import Deployed
from tests.e2e.sockets import WITHIN, Desk, open_socket

BOARDS = ["orders", "lists", "robots", "invoices", "stores"]


@pytest.fixture
def address(deployed: Deployed) -> str:
    return str(deployed.cloud.output(WEBSOCKET_OUTPUT))


def token(deployed: Deployed, role: str = STAFF) -> str:
    return sign_in(deployed.cloud, role)


def status_of(address: str, *subprotocols: str) -> int:
    with pytest.raises(InvalidStatus) as refused, open_socket(address, *subprotocols):
        pass
    return refused.value.response.status_code


@pytest.mark.parametrize("role", [STAFF, OPERATOR])
def test_staff_connect_and_only_the_protocol_is_answered(deployed: Deployed, address: str, role: str) -> None:
    with open_socket(address, PROTOCOL, token(deployed, role)) as socket:
        assert socket.subprotocol == PROTOCOL
        socket.send(json.dumps({"action": "ping", "id": 7, "positions": []}))
        assert json.loads(socket.recv(WITHIN)) == {"type": "pong", "id": 7, "positions": []}


def test_no_other_role_connects_nor_does_a_made_up_token(deployed: Deployed, address: str) -> None:
    customer = session(deployed.people.kiosk, Order(deployed.people).registers().customer_id)
    assert status_of(address, PROTOCOL, token(deployed, KIOSK)) == 403
    assert status_of(address, PROTOCOL, customer.token()) == 403
    assert status_of(address, PROTOCOL, "made.up.token") == 403
    assert status_of(address, PROTOCOL) == 403
    assert status_of(address, "mallbots.v2", token(deployed)) == 403
    assert status_of(address) == 401


def test_a_frame_that_breaks_the_protocol_is_told_and_the_connection_stays(deployed: Deployed, address: str) -> None:
    with open_socket(address, PROTOCOL, token(deployed)) as socket:
        for text in ("no frame", '{"action": "subscribe", "topics": [{"topic": "customers"}]}', '{"action": "drop"}'):
            socket.send(text)
            assert json.loads(socket.recv(WITHIN))["code"] == "unreadable"
        socket.send(json.dumps({"action": "ping", "id": 1, "positions": []}))
        assert json.loads(socket.recv(WITHIN))["type"] == "pong"


def shows(order: Order, *statuses: str) -> Callable[[Watcher], bool]:
    def condition(watcher: Watcher) -> bool:
        return ((watcher.row("orders", order.id) or {}).get("status")) in statuses

    return condition


def ready(watcher: Watcher) -> bool:
    """Whether every shard has come, with all that was promised: `orders` has four, the others one."""
    return len(watcher.shards) == len(BOARDS) + 3 and watcher.is_ready


def test_two_clerks_watch_an_order_to_its_pickup_and_one_that_was_cut_gets_exactly_what_it_missed(
    deployed: Deployed, address: str
) -> None:
    there, cut = (Desk(address, lambda: token(deployed), BOARDS) for _ in range(2))
    order = Order(deployed.people)

    with there.connected():
        with cut.connected():
            for desk in (there, cut):
                desk.sees("the boards", ready)
            order.orders({deployed.products[0]: 2}).is_approved()
            for desk in (there, cut):
                desk.sees("the approved order", shows(order, "approved"))
        before = {key: (one.epoch, one.position) for key, one in cut.watcher.shards.items()}
        order.is_collected().pays()
        there.sees("the completed order", shows(order, "completed"))
        assert shows(order, "approved")(cut.watcher), "it heard nothing while it was cut"
        with cut.connected():
            cut.sees("the completed order", shows(order, "completed"))
            cut.sees("all that it missed", ready)

    for key, one in cut.watcher.shards.items():
        assert one.snapshots == 1, f"{key} was loaded again though it was away for moments"
        assert one.epoch == before[key][0]
        assert one.applied == list(range(one.position - len(one.applied) + 1, one.position + 1)), "a gap, or a double"
    assert there.watcher.errors == cut.watcher.errors == []
    assert cut.watcher.row("orders", order.id) == there.watcher.row("orders", order.id)
    assert order.id not in there.watcher.rows("lists"), "a list leaves its board when it is done"
    assert order.id not in there.watcher.rows("invoices"), "an invoice leaves its board when it is paid"


def test_an_order_s_own_topic_shows_what_belongs_to_it_and_nobody_s_name(deployed: Deployed, address: str) -> None:
    order = Order(deployed.people).orders({deployed.products[0]: 1}).is_approved()
    topic = f"order:{order.id}"
    desk = Desk(address, lambda: token(deployed), [topic])

    with desk.connected():
        desk.sees("the invoice", lambda watcher: watcher.row(topic, "invoice") is not None)
        order.is_collected().pays()
        desk.sees("the end", lambda watcher: (watcher.row(topic, "order") or {}).get("status") == "completed")

    assert {"order", "list", "invoice"} <= set(desk.watcher.rows(topic))
    assert "Ada Reyes" not in json.dumps(desk.watcher.rows(topic))
    assert "+15550100" not in json.dumps(desk.watcher.rows(topic))
