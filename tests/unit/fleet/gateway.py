"""The robots' gateway in memory: what the depot, the broker and robots tell it, and what it publishes."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from events.depot import BotAssigned, BotCameOnline, BotFinished, BotRetired, BotWentOffline, ShoppingListAssigned
from events.registry import Message
from events.shapes import Stop, StopItem
from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.shape import Shape
from events.vda5050.state import ActionState, ActionStatus, NodeState
from events.vda5050.text import to_bytes
from functions.fleet.domain import Robot
from functions.fleet.inbox import inbox
from functions.fleet.orders import drop_id
from functions.fleet.service import streams
from functions.fleet.topics import topics
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.runtime import Runtime
from tests.support.broker import MemoryBroker, MemoryIdentities
from tests.support.delivery import attributes, delivered
from tests.support.promised import promised
from tests.support.runtime import RecordingQueue, memory_runtime
from tests.support.states import TIME, state

BOT = "ajax"
AHEAD = (NodeState(node_id="depot", sequence_id=2, released=True),)
# What a state says of a robot that has put down at the depot what it collected.
DROPPED = ActionState(action_id=drop_id("list-1.1"), action_status=ActionStatus.FINISHED)
BROUGHT: dict[str, Any] = {"order_id": "list-1.1", "last_node_id": "depot", "action_states": (DROPPED,)}
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Gateway:
    """The service, a fake broker, and a clock that tests advance. Each message that it is told is one batch."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.now = NOON
        self.settings = settings
        self.broker = MemoryBroker(self)
        self.identities = MemoryIdentities()
        self.store = MemoryEventStore()
        self.queue = RecordingQueue()
        self._told = 0

    @contextmanager
    def open(self) -> Iterator["Gateway"]:
        adapters = {"broker": self.broker, "identities": self.identities, "revocation": self.identities}
        running: Runtime = memory_runtime(
            "fleet", settings=self.settings, store=self.store, queues={"topics": self.queue}, adapters=adapters
        )
        with runtime.active(running), clock.fixed(lambda: self.now):
            yield self

    def send_to_topics(self, body: dict[str, Any]) -> None:
        """A rule of the broker made this."""
        self.deliver(body)

    def deliver(self, *bodies: dict[str, Any]) -> bool:
        """Deliver a batch of what rules made; whether all was handled."""
        records = [
            {
                "messageId": f"record-{n}",
                "receiptHandle": f"receipt-{n}",
                "body": json.dumps(body),
                "attributes": attributes(),
            }
            for n, body in enumerate(bodies)
        ]
        return not topics.handle({"Records": records})["batchItemFailures"]

    def body(self, kind: str, message: Shape, *, received: datetime | None = None) -> dict[str, Any]:
        """What a rule makes of a robot's message, received now."""
        at = int((received or self.now).timestamp() * 1000)
        payload = b64encode(to_bytes(message)).decode()
        return {"robot": BOT, "topic": kind, "received": at, "client": BOT, "payload": payload}

    def says(self, header: int, **more: Any) -> bool:
        """The robot reports its state."""
        return self.deliver(self.body("state", state(BOT, header, **more)))

    def goes_online(self) -> bool:
        """The robot says that it is online."""
        said = Connection(header_id=0, timestamp=TIME, serial_number=BOT, connection_state=ConnectionState.ONLINE)
        return self.deliver(self.body("connection", said))

    def depot_says(self, message: Message, version: int = 1, id: str = "") -> bool:
        """A message of the depot, of this version of its stream."""
        self._told += 1
        event = delivered(message, id=id or f"message-{self._told}", stream_version=version)
        return not inbox.handle(event)["batchItemFailures"]

    def assigned(self, list_id: str, assignment: int, version: int, id: str = "") -> bool:
        message = BotAssigned(bot_id=BOT, name="Ajax", status="active", list_id=list_id, assignment=assignment)
        return self.depot_says(message, version, id)

    def visits(
        self,
        list_id: str,
        assignment: int,
        *,
        at: Sequence[tuple[str, str]] = (("store-1", "Level 2"),),
        id: str = "",
    ) -> bool:
        """What is to be collected of a list; at: the ids of stores, and where they are."""
        items = (StopItem(product_id="product-1", name="Cable", quantity=2, picked=0),)
        message = ShoppingListAssigned(
            shopping_list_id=list_id,
            order_id=list_id,
            status="assigned",
            stops=tuple(
                Stop(store_id=store, store_name="Volt", location=location, items=items) for store, location in at
            ),
            bot_id=BOT,
            assignment=assignment,
            by_staff=False,
        )
        return self.depot_says(message, id=id)

    def is_idle(self, kind: type[BotFinished] | type[BotCameOnline], version: int) -> bool:
        return self.depot_says(kind(bot_id=BOT, name="Ajax", status="idle", list_id=None), version)

    def is_offline(self, version: int, gave_back: str | None = None) -> bool:
        message = BotWentOffline(bot_id=BOT, name="Ajax", status="offline", list_id=None, gave_back=gave_back)
        return self.depot_says(message, version)

    def is_retired(self, version: int, id: str = "") -> bool:
        return self.depot_says(BotRetired(bot_id=BOT, name="Ajax", status="retired", list_id=None), version, id)

    def comes(self) -> None:
        """The robot comes online and is idle, as the depot knows."""
        self.goes_online()
        self.says(0)
        self.is_idle(BotCameOnline, 2)

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def robot(self) -> Robot:
        return streams.load(BOT).aggregate

    @property
    def commits(self) -> int:
        return len(self.store.log)

    @property
    def orders(self) -> list[str]:
        """The ids of the orders that were published."""
        return [order["orderId"] for order in self.broker.to(BOT, "order")]

    @property
    def asked(self) -> list[str]:
        """The kinds of the instant actions that were published."""
        return [a["actionType"] for m in self.broker.to(BOT, "instantActions") for a in m["actions"]]


def names() -> list[str]:
    return [message.name for message in promised()]


def sets_out(gateway: Gateway) -> None:
    """The robot comes online, gets a list, and shows its order."""
    gateway.comes()
    gateway.visits("list-1", 1)
    gateway.assigned("list-1", 1, 3)
    gateway.says(1, order_id="list-1.1", node_states=AHEAD)


def begins_of(gateway: Gateway, order_id: str) -> list[str]:
    """The first node of an order, each time that it was published."""
    published = gateway.broker.to(BOT, "order")
    return [order["nodes"][0]["nodeId"] for order in published if order["orderId"] == order_id]
