"""The mall in memory with our gateway, for the robots that the kit plays there."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

from events.vda5050.collecting import DROP
from events.vda5050.order import Action, Order
from events.vda5050.topics import Topics
from tests.conformance.gateways.played import Got, PlayedRobot
from tests.flow.robots import PRICES, orders
from tests.flow.shopper import Shopper, open_a_store
from tests.support.mall import Mall

LEASE = 60  # seconds
SENT_AGAIN = 7.0  # seconds within which a gateway sends again what is not shown, and a little more
TOPICS = Topics("mallbots-prod")


Publish = Callable[[Got], Iterable[Got]]
Body = Callable[[dict[str, Any]], Iterable[dict[str, Any]]]


class Bench:
    """The mall with our gateway, and the robots that the kit plays there.

    outgoing alters what the gateway publishes, incoming what the broker's rules bring to it: so faults are planted.
    """

    def __init__(self, outgoing: Publish = lambda got: [got], incoming: Body = lambda body: [body]) -> None:
        self.mall, self.products = deepcopy(_prepared())
        self._outgoing = outgoing
        self._incoming = incoming
        self.robots: dict[str, PlayedRobot] = {}
        self._arrive = self.mall.send_to_topics
        self.mall.broker.publish = self._published  # type: ignore[method-assign]

    def robot(self, name: str = "Ajax", *, online: bool = True) -> PlayedRobot:
        """A registered robot, which is online and reports regularly unless told otherwise."""
        body = {"name": name}
        id = Shopper(self.mall).ask("POST", "/api/depot/bots", body)["id"]
        self.mall.settle()
        robot = self.robots[id] = PlayedRobot(self, id)
        if online:
            robot.comes_online()
        return robot

    def order(self) -> Shopper:
        """A customer whose order is approved: two cables and a charger of one store."""
        (shopper,) = orders(self.mall, self.products)
        self.mall.pass_time(1)
        return shopper

    def passes(self, seconds: float) -> None:
        """Time passes; robots report meanwhile."""
        self.mall.pass_time(seconds)

    def arrives(self, body: dict[str, Any]) -> None:
        """A rule of the broker has put something into the gateway's queue."""
        for each in self._incoming(body):
            self._arrive(each)

    def _published(
        self,
        topic: str,
        payload: bytes,
        *,
        expires: int | None = None,
        retain: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        for got in self._outgoing(Got(topic, payload, expires, retain, self.mall.now)):
            receiver = self.robots.get(got.topic.split("/")[-2])
            if receiver:
                receiver.receives(got)


def content(body: dict[str, Any]) -> dict[str, Any]:
    """The JSON of a robot's message in the body that a rule makes."""
    found: dict[str, Any] = json.loads(b64decode(body["payload"]))
    return found


def with_content(body: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """The same body with another JSON."""
    return {**body, "payload": b64encode(json.dumps(changed).encode()).decode()}


def altered(got: Got, change: Callable[[dict[str, Any]], object]) -> Got:
    """What the gateway published, changed in place."""
    text = json.loads(got.payload)
    change(text)
    return replace(got, payload=json.dumps(text).encode())


def collects(order: Order) -> list[Action]:
    """The collect actions of an order."""
    return [action for action in order.actions() if action.action_type != DROP]


@cache
def _prepared() -> tuple[Mall, dict[str, str]]:
    """Made once and copied for each case."""
    mall = Mall()
    return mall, open_a_store(mall, PRICES)
