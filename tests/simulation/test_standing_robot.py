"""Robots as they stand in the simulated mall: process, disk, network and clock, around the shipped machine."""

import json
from base64 import b64decode
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.collecting import collect, drop, order_id
from events.vda5050.order import Edge, Node, Order
from events.vda5050.text import to_bytes
from functions.fleet.orders import instant_actions
from tests.simulation.choices import Choices
from tests.simulation.harness import FakeCaller, a_world, run_task
from tests.simulation.iot.data_client import IotDataClient
from tests.simulation.iot.robot import StandingRobot
from tests.simulation.iot.wiring import deployed, robots_topics
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire
from tests.simulation.sqs import Queue

BOT = "3f2a"


class Floor:
    """A broker with one robot, and its true deeds."""

    def __init__(self, seed: int = 1, **faults: float) -> None:
        self.world = a_world(seed, {name.replace("_", " "): rate for name, rate in faults.items()})
        self.topics = robots_topics("simulation")
        self.queue = Queue(self.world, "fleet/topics")
        self.broker = deployed(self.world, "simulation", self.queue, Queue(self.world, "undelivered"))
        self.broker.registry.issue("certificate", BOT)
        settings = Settings().faster(10)
        self.robot = StandingRobot(
            self.world, self.broker, self.topics, BOT, "certificate", settings, Choices(seed, record=False)
        )
        self.robot.start()
        self.wait(3)

    def wait(self, seconds: float) -> None:
        self.world.scheduler.run(self.world.scheduler.now_us + int(seconds * SECOND))

    def states(self) -> list[dict[str, Any]]:
        """The states that reached the queue."""
        bodies = [json.loads(one.body) for one in self.queue.messages.values()]
        return [json.loads(b64decode(body["payload"])) for body in bodies if body["topic"] == "state"]

    def send_order(self, assignment: int = 1) -> None:
        """Send an order from the robot's node to a store and the depot."""
        floor, start = plan(), str(self.robot.truth()["node"])
        store = floor.stores[0]
        way = [*floor.route(start, store), *floor.route(store, floor.depot)[1:]]
        nodes, edges = [], []
        for position, node in enumerate(way):
            actions = {store: (collect("pick-1", "s", "p", 3),), floor.depot: (drop("drop-1"),)}
            at_work = position > 0 and (node == store or position == len(way) - 1)
            nodes.append(
                Node(node_id=node, sequence_id=2 * position, released=True, actions=actions[node] if at_work else ())
            )
        for position, (begin, end) in enumerate(pairwise(way)):
            edge = floor.edge(begin, end)
            edges.append(
                Edge(
                    edge_id=edge.id,
                    sequence_id=2 * position + 1,
                    start_node_id=begin,
                    end_node_id=end,
                    released=True,
                    actions=(),
                )
            )
        order = Order(
            header_id=0,
            timestamp="2026-01-05T09:00:00.000Z",
            serial_number=BOT,
            order_id=order_id("list", assignment),
            order_update_id=0,
            nodes=tuple(nodes),
            edges=tuple(edges),
        )
        self.publish(self.topics.order(BOT), to_bytes(order))

    def cancel(self, order_id: str) -> None:
        """Send cancelOrder."""
        at = datetime(2026, 1, 5, 9, tzinfo=UTC)
        actions = instant_actions(BOT, [("cancel-1", "cancelOrder", order_id)], header_id=0, at=at)
        self.publish(self.topics.instant_actions(BOT), to_bytes(actions))

    def publish(self, topic: str, payload: bytes) -> None:
        api = IotDataClient(self.broker, self.world, Wire(self.world, FakeCaller(), "iot-data"), "fleet/inbox-1")
        run_task(self.world, lambda: api.publish(topic=topic, payload=payload, qos=1, messageExpiry=60))

    def shown(self) -> set[tuple[str, str]]:
        """The actions that its states showed, each with its status."""
        return {(one["actionId"], one["actionStatus"]) for state in self.states() for one in state["actionStates"]}

    def deeds(self, what: str = "ended action") -> list[dict[str, Any]]:
        return [f for _, kind, f in self.world.history.entries if kind == "robot" and f["what"] == what]

    def ended(self) -> list[tuple[str, str, str | None]]:
        return [(deed["action"], deed["status"], deed["result"]) for deed in self.deeds()]


DONE = [("collect", "FINISHED", "3"), ("drop", "FINISHED", None)]


def test_a_robot_works_an_order_off_and_reports_it() -> None:
    floor = Floor()
    floor.send_order()
    floor.wait(60)
    assert floor.ended() == DONE
    assert floor.states()[-1]["orderId"] == "list.1"
    assert not floor.robot.is_at_work


def test_rules_may_date_a_first_state_before_online_and_a_second_later_the_robot_has_said_it_again() -> None:
    inverted = 0
    for seed in range(20):
        floor = Floor(seed)
        bodies = [json.loads(one.body) for one in floor.queue.messages.values()]
        [online] = [body["received"] for body in bodies if body["topic"] == "connection"]
        dated = sorted(body["received"] for body in bodies if body["topic"] == "state")
        inverted += dated[0] < online
        assert online < dated[-1] < online + 2_000
    assert 0 < inverted < 20


def test_a_restart_goes_on_from_the_disk_and_picks_nothing_twice() -> None:
    for seconds in range(1, 12):
        floor = Floor()
        floor.send_order()
        floor.wait(seconds)
        floor.robot.crash()
        floor.wait(20)
        floor.robot.start()
        floor.wait(90)
        assert floor.ended() == DONE


def test_an_empty_disk_forgets_the_order() -> None:
    floor = Floor()
    floor.send_order()
    floor.wait(1)
    floor.robot.crash()
    floor.robot.start(disk="lost")
    floor.wait(60)
    assert floor.states()[-1]["orderId"] == ""
    assert ("drop", "FINISHED", None) not in floor.ended()


def test_a_cut_does_not_stop_the_work_and_the_goods_are_put_down_when_it_is_over() -> None:
    floor = Floor()
    floor.send_order()
    floor.wait(3)
    floor.robot.cut(40)
    floor.wait(35)
    assert floor.ended() == DONE[:1]
    floor.wait(90)
    assert floor.ended() == DONE


def test_a_robot_that_gives_up_an_order_and_holds_its_drop_without_a_connection_is_not_stuck() -> None:
    floor = Floor()
    floor.send_order()
    while ("drop-1", "RUNNING") not in floor.shown():
        floor.wait(0.1)
    floor.cancel("list.1")
    floor.wait(0.1)
    floor.robot.cut(40)
    floor.wait(10)
    floor.robot.leave()
    [left] = floor.deeds("left")
    assert (left["order"], left["connected"], left["stuck"]) == ("list.1", False, False)
    assert floor.ended() == DONE[:1]


def test_a_robot_that_hangs_does_nothing_until_it_is_over() -> None:
    floor = Floor()
    floor.send_order()
    floor.wait(1)
    before = len(floor.states())
    floor.robot.hang(90)
    floor.wait(80)
    assert len(floor.states()) == before
    assert floor.broker.connected() == [BOT]
    floor.wait(90)
    assert floor.ended() == DONE


def test_the_broker_gives_up_a_robot_that_stands_still_with_its_network() -> None:
    floor = Floor()
    floor.robot.hang(90, whole=True)
    floor.wait(60)
    assert floor.broker.connected() == []
    reasons = [fields["reason"] for _, kind, fields in floor.world.history.entries if kind == "presence"]
    assert reasons == [None, "MQTT_KEEP_ALIVE_TIMEOUT"]
    floor.wait(60)
    assert floor.broker.connected() == [BOT]


def test_a_robot_that_stands_still_for_a_moment_stays_connected() -> None:
    floor = Floor()
    floor.robot.hang(20, whole=True)
    floor.send_order()
    floor.wait(100)
    assert floor.ended() == DONE
    assert len([kind for _, kind, _ in floor.world.history.entries if kind == "presence"]) == 1


def test_a_robot_that_hangs_while_its_connection_comes_back_reports_when_it_goes_on() -> None:
    floor = Floor()
    floor.robot.cut(20)
    floor.wait(2)
    floor.robot.hang(60)
    floor.wait(55)
    assert floor.broker.connected() == [BOT]
    before = len(floor.states())
    floor.wait(20)
    assert len(floor.states()) > before
    floor.send_order()
    floor.wait(60)
    assert floor.ended() == DONE


def test_a_process_that_is_started_again_does_not_hang_as_the_one_before_it_did() -> None:
    floor = Floor()
    floor.robot.hang(120)
    floor.robot.crash()
    floor.robot.start()
    floor.wait(5)
    floor.send_order()
    floor.wait(60)
    assert floor.ended() == DONE


def test_what_a_robot_reports_reaches_the_queue_under_cuts_and_late_rules() -> None:
    for seed in range(10):
        floor = Floor(seed, connection_cut=0.03, cut_unnoticed=0.3, rule_late=0.1, rule_twice=0.1)
        floor.wait(60)
        floor.send_order()
        floor.wait(400)
        if ("drop", "FINISHED", None) in floor.ended():
            newest = max(floor.states(), key=lambda state: (state["timestamp"], state["headerId"]))
            assert [one["actionStatus"] for one in newest["actionStates"]] == ["FINISHED", "FINISHED"]
