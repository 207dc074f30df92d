"""What a clerk's page sends and gets, and the messages that change what it shows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from events.envelope import SOURCE_PREFIX, Envelope, Metadata
from events.ordering import OrderApproved, OrderCompleted, OrderCreated, OrderState
from events.registry import Message
from events.shapes import LineItem
from functions.kernel.runtime import clock
from functions.live.inbox import inbox
from functions.live.socket import socket
from tests.support.delivery import TRACE, attributes, body_of
from tests.support.live import Client, Frame, MemoryConnections, event, send

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
ITEM = LineItem(
    store_id="store-1", product_id="product-1", store_name="Volt", product_name="Lamp", price=350, quantity=2
)


class Time:
    """The time of a test."""

    def __init__(self) -> None:
        self.now = NOON

    def passes(self, **of: float) -> None:
        """Let so many minutes, seconds … pass."""
        self.now += timedelta(**of)


class Desk:
    """A connection, the client at its end, and what was posted to it."""

    def __init__(self, connections: MemoryConnections, connection: str = "desk-1") -> None:
        self.connections = connections
        self.id = connection
        self.client = Client()
        self.opens()

    def opens(self, connection: str | None = None) -> None:
        """Connect, by a new connection if one is named."""
        self.id = connection or self.id
        self.connections.open(self.id, self.client.receive)
        assert socket.handle(event("$connect", self.id))["statusCode"] == 200

    def sends(self, frame: Mapping[str, Any] | str) -> list[Frame]:
        """Send a frame; what is posted to the connection meanwhile."""
        self.connections.take(self.id)
        assert send(self.id, frame) == {"statusCode": 200}
        return self.connections.take(self.id)

    def subscribes(self, *topics: str) -> list[Frame]:
        """Subscribe to topics from the beginning."""
        return self.sends({"action": "subscribe", "topics": [{"topic": topic} for topic in topics], "packed": True})

    def resumes(self, topic: str, shard: int, epoch: str, since: int, **more: Any) -> list[Frame]:
        """Subscribe to a shard from a position of an epoch; more: of the frame."""
        entry = {"topic": topic, "shard": shard, "epoch": epoch, "since": since}
        return self.sends({"action": "subscribe", "topics": [entry], **more})

    def looks(self) -> None:
        """Ping, and ask again for what it is behind with, until it is behind with nothing."""
        for _ in range(5):
            self.sends(self.client.pings())
            again = self.client.asks_again()
            if again is None:
                return
            self.sends(again)
        raise AssertionError(f"still behind with {self.client.behind}")


def order(id: str = "order-1", kind: type[OrderState] = OrderCreated, **changes: Any) -> OrderState:
    """An event of an order, in the state in which it leaves it."""
    status = {OrderCreated: "pending", OrderApproved: "approved", OrderCompleted: "completed"}.get(kind, "pending")
    state: dict[str, Any] = {
        "order_id": id,
        "customer_id": "customer-1",
        "payment_id": "payment-1",
        "items": (ITEM,),
        "total": 700,
        "status": status,
        "ready": kind is OrderCompleted,
        "paid": kind is OrderCompleted,
        "shopping_list_id": None if kind is OrderCreated else id,
        "created_at": clock.stamp(NOON),
    }
    return kind(**state | changes)


def record(message: Message, version: int, time: datetime | None = None, number: int = 0) -> dict[str, Any]:
    """An SQS record with a message of a version of its stream."""
    about = type(message).about
    stream = f"{about.source}#{getattr(message, about.key)}"
    metadata = Metadata(
        id=f"{stream} {version}",
        name=about.name,
        version=about.version,
        time=clock.stamp(time),
        source=SOURCE_PREFIX + about.source,
        stream=stream,
        stream_version=version,
        correlation_id="flow-1",
        causation_id="cause-1",
        actor="staff:mia",
        traceparent=TRACE,
    )
    body = body_of(Envelope(metadata=metadata, data=message.model_dump(mode="json")).detail())
    return {
        "messageId": f"record-{number}",
        "receiptHandle": f"receipt-{number}",
        "body": body,
        "attributes": attributes(),
    }


def batch(*messages: tuple[Message, int], time: datetime | None = None) -> list[str]:
    """Have the inbox handle a batch of messages with their versions; the ids of the records that failed."""
    records = [record(message, version, time, number) for number, (message, version) in enumerate(messages)]
    return [failure["itemIdentifier"] for failure in inbox.handle({"Records": records})["batchItemFailures"]]
