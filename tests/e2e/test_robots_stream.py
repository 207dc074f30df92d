"""Robots at the broker of the deployed system: certificates by REST, and what each robot may do with one.

The certificates are those of the route, the topics those of its answer; the clients are paho-mqtt.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from clients.mall import MallError
from clients.robot.machine import Publication, Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.text import to_bytes
from infra.local.process import HOST
from tests.e2e.conftest import Deployed
from tests.e2e.engine.devices import Connection, Device, signing_request

WITHIN, LOOKED_EVERY = 60, 0.1  # seconds
REFUSED = 128  # reason codes from here on
LISTS = 60  # more than there are robots: one of them is this robot's


@dataclass(frozen=True)
class Enrolled:
    """A robot of the mall with a certificate."""

    id: str
    device: Device
    topics: dict[str, str]
    opened: list[Connection] = field(default_factory=list)

    def connect(self, as_robot: str | None = None) -> Connection:
        """Connect with a persistent session and a last will, as robots do."""
        will = (self.topics["connection"], to_bytes(robot_of(self.id).will(time.time()).message))
        connection = self.device.connect(as_robot, clean=False, session=60, will=will)
        self.opened.append(connection)
        return connection


def robot_of(serial: str) -> Robot:
    """The logic of a robot that stands at a parking place."""
    return Robot(serial, Memory(plan().parking[0]), Settings(), plan(), lambda: 0.5)


class Enrolment:
    """Registers robots and issues them certificates, as staff do."""

    def __init__(self, deployed: Deployed, folder: Path) -> None:
        self._deployed = deployed
        self._folder = folder
        self.robots: list[Enrolled] = []

    def register(self) -> str:
        return str(self._deployed.mall.post("/api/depot/bots", {"name": "Streamer"})["id"])

    def certificate(self, bot_id: str, csr: str) -> dict[str, Any]:
        return self._deployed.mall.post(f"/api/fleet/robots/{bot_id}/certificate", {"csr": csr})

    def enrol(self, bot_id: str = "") -> Enrolled:
        """A registered robot, or another one, with a new key."""
        bot_id = bot_id or self.register()
        key, csr = signing_request(bot_id)
        answer = self.certificate(bot_id, csr)
        folder = self._folder / f"{bot_id}-{len(self.robots)}"
        folder.mkdir()
        for name, content in (("ca.pem", answer["ca"]), ("own.pem", answer["certificate"]), ("own.key", key)):
            (folder / name).write_text(content)
        host, _, port = answer["endpoint"].partition(":")
        self.robots.append(Enrolled(bot_id, Device(bot_id, "own", folder, host, int(port)), answer["topics"]))
        return self.robots[-1]


@pytest.fixture
def enrolment(deployed: Deployed, tmp_path: Path) -> Iterator[Enrolment]:
    made = Enrolment(deployed, tmp_path)
    yield made
    for robot in made.robots:
        for connection in robot.opened:
            connection.client.disconnect()
            connection.client.loop_stop()
    for bot_id in {robot.id for robot in made.robots}:
        deployed.mall.call("DELETE", f"/api/depot/bots/{bot_id}")


def is_in(connection: Connection) -> bool:
    return bool(connection.accepted) and connection.accepted[0][0] < REFUSED


def eventually(found: Callable[[], Any]) -> Any:
    """What a look finds, at the latest within a minute."""
    deadline = time.monotonic() + WITHIN
    while not (value := found()):
        assert time.monotonic() < deadline, "not within a minute"
        time.sleep(LOOKED_EVERY)
    return value


def say(robot: Enrolled, connection: Connection, said: list[Publication]) -> None:
    for kind, message, retain in said:
        code = connection.publish(robot.topics[kind], to_bytes(message), retain=retain)
        assert 0 <= code < REFUSED, f"{kind}: {code}"


def test_a_robot_gets_a_certificate_connects_reports_and_is_told_what_to_collect(
    deployed: Deployed, enrolment: Enrolment
) -> None:
    robot = enrolment.enrol()
    connection = robot.connect()
    assert is_in(connection)
    assert [connection.subscribe(robot.topics[kind]) for kind in ("order", "instantActions")] == [1, 1]
    machine = robot_of(robot.id)
    say(robot, connection, machine.connected(time.time()))

    shown = eventually(lambda: reported(deployed, robot.id))
    assert (shown["connection"], shown["node"]) == ("online", plan().parking[0])

    def report() -> None:
        say(robot, connection, machine.tick(time.time()))

    [told] = given_a_list(deployed, connection, report)[:1]
    assert told.topic == robot.topics["order"]
    assert told.expiry is not None
    assert told.expiry <= 60
    assert list(told.properties) == ["traceparent"]
    content = json.loads(told.payload)
    assert content["serialNumber"] == robot.id
    assert content["nodes"][0]["nodeId"] == plan().parking[0]
    assert content["nodes"][-1]["nodeId"] == plan().depot


def reported(deployed: Deployed, bot_id: str) -> Any:
    try:
        shown = deployed.mall.get(f"/api/fleet/robots/{bot_id}")["robot"]
    except MallError:
        return None
    return shown if shown["lastReportedAt"] else None


def given_a_list(deployed: Deployed, connection: Connection, report: Callable[[], None]) -> Any:
    """Make lists until one comes to a robot: those that wait get them in turn. Lists of the others are taken back.

    report: says what is due, since the depot takes a robot offline that is silent for a minute, and a slow machine
    needs longer than that.
    """

    def told() -> Any:
        report()
        return connection.messages

    made: list[str] = []
    try:
        while not told() and len(made) < LISTS:
            made.append(a_list(deployed))
            time.sleep(LOOKED_EVERY)
        return eventually(told)
    finally:
        for list_id in made:
            deployed.mall.post(f"/api/depot/shopping/{list_id}", {})


def a_list(deployed: Deployed) -> str:
    product = deployed.mall.get(f"/api/stores/products/{deployed.products[0]}")["product"]
    item = {"storeId": product["storeId"], "productId": product["id"], "quantity": 1}
    made = str(deployed.mall.post("/api/depot/shopping", {"orderId": "of-the-staff", "items": [item]})["id"])
    deployed.mall.put(f"/api/depot/shopping/{made}/initiate", {})
    return made


def test_a_robot_may_neither_speak_nor_listen_on_topics_of_another(enrolment: Enrolment) -> None:
    one, other = enrolment.enrol(), enrolment.enrol()
    connection = one.connect()
    assert is_in(connection)
    for kind in ("order", "instantActions", "state"):
        assert connection.subscribe(other.topics[kind]) >= REFUSED
    assert connection.subscribe(one.topics["state"].replace(one.id, "+")) >= REFUSED
    for kind in ("state", "connection", "order"):
        assert refused_to_publish(one.connect(), other.topics[kind]), kind
    assert refused_to_publish(one.connect(), one.topics["order"]), "an order is the mall's to give"


def refused_to_publish(connection: Connection, topic: str) -> bool:
    """Whether the broker refuses a message: it says so, or ends the connection, as AWS does."""
    assert is_in(connection)
    code = connection.publish(topic, b"{}")
    return code < 0 or code >= REFUSED


def test_a_robot_retains_what_it_says_of_its_connection_and_nothing_else(enrolment: Enrolment) -> None:
    robot = enrolment.enrol()
    will = to_bytes(robot_of(robot.id).will(time.time()).message)
    assert 0 <= robot.connect().publish(robot.topics["connection"], will, retain=True) < REFUSED
    code = robot.connect().publish(robot.topics["state"], b"{}", retain=True)
    assert code < 0 or code >= REFUSED


def test_a_certificate_is_good_for_its_own_robot_alone(enrolment: Enrolment) -> None:
    one, other = enrolment.enrol(), enrolment.enrol()
    assert not is_in(one.connect(as_robot=other.id))
    assert is_in(other.connect())


def test_without_a_certificate_nothing_connects(enrolment: Enrolment) -> None:
    robot = enrolment.enrol()
    client = Client(CallbackAPIVersion.VERSION2, robot.id, protocol=MQTTProtocolVersion.MQTTv5)
    client.tls_set(str(robot.device.folder / "ca.pem"))
    connection = Connection(client)
    try:
        client.connect(robot.device.host, robot.device.port)
        client.loop_start()
        eventually(lambda: connection.accepted or connection.ended)
    except OSError:
        return  # refused in the handshake
    finally:
        client.loop_stop()
    assert not is_in(connection)


def test_a_robot_that_was_retired_is_cut_connects_no_more_and_gets_no_certificate(
    deployed: Deployed, enrolment: Enrolment
) -> None:
    robot = enrolment.enrol()
    connection = robot.connect()
    assert is_in(connection)
    deployed.mall.call("DELETE", f"/api/depot/bots/{robot.id}")
    eventually(lambda: connection.ended)
    connection.disconnect()  # it would connect again
    eventually(lambda: not is_in(robot.connect()))
    with pytest.raises(MallError) as refused:
        enrolment.certificate(robot.id, signing_request(robot.id)[1])
    assert refused.value.status == 409
    things = deployed.client("iot").list_things
    eventually(lambda: robot.id not in {thing["thingName"] for thing in things()["things"]})


def test_the_newest_two_certificates_of_a_robot_are_good(enrolment: Enrolment) -> None:
    bot_id = enrolment.register()
    first, second, third = (enrolment.enrol(bot_id) for _ in range(3))
    assert not is_in(first.connect())
    assert is_in(second.connect())
    assert is_in(third.connect())


def test_the_same_key_gets_the_same_certificate_again(enrolment: Enrolment) -> None:
    bot_id = enrolment.register()
    _, csr = signing_request(bot_id)
    assert enrolment.certificate(bot_id, csr) == enrolment.certificate(bot_id, csr)


def test_an_unknown_robot_gets_no_certificate(enrolment: Enrolment) -> None:
    with pytest.raises(MallError) as refused:
        enrolment.certificate("00000000-0000-4000-8000-000000000000", signing_request("x")[1])
    assert refused.value.status == 404


def test_a_robot_is_told_the_brokers_port_of_this_mall(deployed: Deployed, enrolment: Enrolment) -> None:
    robot = enrolment.enrol()
    assert (robot.device.host, robot.device.port) == (HOST, deployed.cloud.engine.mqtt_port)
    assert f"{robot.device.host}:{robot.device.port}" == deployed.cloud.broker
