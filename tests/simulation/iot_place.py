"""A robot, and a simulated AWS IoT Core around it, for the tests of the broker."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from tests.simulation.harness import FakeCaller, a_world, run_task
from tests.simulation.iot.broker import Broker
from tests.simulation.iot.client import MqttClient
from tests.simulation.iot.data_client import IotDataClient
from tests.simulation.iot.packets import Will
from tests.simulation.iot.registry import ATTRIBUTES, THING, Policy, Registry
from tests.simulation.iot.rules import TopicRule
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World
from tests.simulation.sqs import Queue

ROBOT = "7d9f"
STATES, ORDERS = f"mall/v3/maker/{ROBOT}/state", f"mall/v3/maker/{ROBOT}/order"
CONNECTION = f"mall/v3/maker/{ROBOT}/connection"
RULE = (
    "SELECT topic(4) AS robot, topic(5) AS topic, timestamp() AS received, clientid() AS client, "
    "encode(*, 'base64') AS payload FROM 'mall/v3/maker/+/state'"
)
PRESENCE = "SELECT 'presence' AS topic, timestamp() AS received, encode(*, 'base64') AS payload FROM '{}'"
OWN = f"mall/v3/maker/{THING}"
POLICY = Policy(
    {
        "iot:Connect": [f"client/{THING}"],
        ATTRIBUTES: ["PersistentConnect", "LastWill"],
        "iot:Publish": [f"topic/{OWN}/state", f"topic/{OWN}/connection"],
        "iot:RetainPublish": [f"topic/{OWN}/connection"],
        "iot:Subscribe": [f"topicfilter/{OWN}/order", f"topicfilter/{OWN}/+"],
        "iot:Receive": [f"topic/{OWN}/order"],
    }
)
ENDS = ("$aws/events/presence/connected/+", "$aws/events/presence/disconnected/+")


class Robot:
    """A device that notes what reaches it."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.ups = self.downs = 0

    def connected(self) -> None:
        self.ups += 1

    def disconnected(self) -> None:
        self.downs += 1

    def acknowledged(self, topic: str, sent_us: int) -> None:
        """Whether the broker has what it published is nothing to it."""

    def received(self, topic: str, payload: bytes) -> None:
        self.messages.append(payload.decode())


class Place:
    """A broker with a rule for states, a rule for each presence event, and one robot."""

    def __init__(self, faults: Mapping[str, float] | None = None, seed: int = 1) -> None:
        self.world = a_world(seed, faults)
        self.broker = Broker(self.world, Registry(POLICY))
        self.states, self.errors = Queue(self.world, "states"), Queue(self.world, "errors", is_dead_letters=True)
        self.events = Queue(self.world, "events")
        for name, statement, queue in (
            ("states", RULE, self.states),
            *((f"presence{n}", PRESENCE.format(end), self.events) for n, end in enumerate(ENDS)),
        ):
            self.broker.rules.append(TopicRule(self.world, name, statement, queue, self.errors))
        self.broker.registry.issue("certificate", ROBOT)
        self.robot, self.client = self.a_client()

    def a_client(
        self,
        name: str = ROBOT,
        certificate: str = "certificate",
        kept: float = 3_600.0,
        topics: str = ORDERS,
        will_topic: str = CONNECTION,
    ) -> tuple[Robot, MqttClient]:
        robot = Robot()
        will = Will(will_topic, b"broken", retain=True)
        return robot, MqttClient(self.world, self.broker, robot, name, certificate, [topics], lambda: will, kept=kept)

    def wait(self, seconds: float) -> None:
        self.world.scheduler.run(self.world.scheduler.now_us + int(seconds * SECOND))

    def connect(self) -> None:
        self.client.start()
        self.wait(2)

    def send(self, text: str, expiry: int = 0, topic: str = ORDERS) -> None:
        api = IotDataClient(self.broker, self.world, a_wire(self.world), "fleet/inbox-1")
        run_task(self.world, lambda: api.publish(topic=topic, payload=text.encode(), qos=1, messageExpiry=expiry))

    def received(self) -> list[str]:
        """The payloads in the queue of the states."""
        return [base64.b64decode(json.loads(one.body)["payload"]).decode() for one in self.states.messages.values()]

    def presence(self) -> list[dict[str, Any]]:
        """The presence events in the order of their arrival."""
        return [json.loads(base64.b64decode(json.loads(one.body)["payload"])) for one in self.events.messages.values()]

    def presence_words(self) -> list[tuple[str, int]]:
        return [(event["eventType"], event["versionNumber"]) for event in self.presence()]


def a_wire(world: World) -> Wire:
    return Wire(world, FakeCaller(), "iot-data")
