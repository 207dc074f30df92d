"""What happens in the mall: streams of public events, each a story that goes on at its own pace.

Far lighter than the services that publish them: what counts here is that versions grow, that bursts come, and that rows
enter and leave their boards.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from events.depot import (
    BotAssigned,
    BotCameOnline,
    BotFinished,
    BotRegistered,
    BotWentOffline,
    ShoppingListAssigned,
    ShoppingListAvailable,
    ShoppingListCancelled,
    ShoppingListCompleted,
    ShoppingListCreated,
    ShoppingListItemPicked,
    ShoppingListStarted,
)
from events.envelope import SOURCE_PREFIX, Envelope, Metadata
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderPaid,
    OrderReadied,
    OrderRejected,
)
from events.payments import (
    InvoiceAdjusted,
    InvoiceCancelled,
    InvoiceCreated,
    InvoicePaid,
    PaymentConfirmed,
    PaymentRefunded,
    PaymentVoided,
)
from events.registry import Message
from events.shapes import LineItem, Stop, StopItem
from events.stores import StoreCreated, StoreParticipationToggled, StoreRebranded
from functions.kernel.projections.view_store import to_item
from functions.live import views
from functions.live.topics import Key
from tests.simulation.choices import Choices
from tests.simulation.live.cloud import LiveCloud, at

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ITEM = LineItem(store_id="s-1", product_id="p-1", store_name="Volt", product_name="Lamp", price=350, quantity=2)
PICKED = StopItem(product_id="p-1", name="Lamp", quantity=2, picked=0)
STOP = Stop(store_id="s-1", store_name="Volt", location="Floor 0", items=(PICKED,))

Story = Iterator[Message]


class Mall:
    """The stories of a schedule, and what they published last.

    published: by the key of the row that shows it, the version and status of the last message that makes a row.
    """

    def __init__(self, cloud: LiveCloud) -> None:
        self._cloud = cloud
        self._versions: dict[str, int] = {}
        self.published: dict[Key, tuple[int, str]] = {}
        self.latest: dict[Key, Message] = {}

    def tell(self, story: Story, choices: Choices, pace: float) -> None:
        """Publish the messages of a story, inside a task. pace: the longest pause between two, in seconds."""
        for message in story:
            burst = choices.chance(0.4, "in one commit")
            self._cloud.sleep(0.0 if burst else choices.seconds(0.05, pace, "until the next"))
            self.publish(message)

    def publish(self, message: Message) -> None:
        """Put a message on the bus, with the next version of its stream."""
        metadata = self._next(message)
        self._show(message, metadata)
        detail = Envelope(metadata=metadata, data=message.model_dump(mode="json")).detail()
        self._cloud.bus.put(metadata.source, metadata.name, json.dumps(detail), detail)

    def store(self, message: Message) -> None:
        """Write the row of a message at once, as if it had come long ago."""
        metadata = self._next(message)
        self._show(message, metadata)
        row = views.row_of(message, metadata)
        assert row
        table = self._cloud.views
        table.write((row.partition, row.sort), to_item(row, metadata.stream_version), "long ago")

    def probe(self, keys: set[Key]) -> None:
        """Publish each last message of these rows again, as the next of its stream."""
        for key in sorted(keys & self.latest.keys()):
            self.publish(self.latest[key])

    def _next(self, message: Message) -> Metadata:
        about = type(message).about
        stream = f"{about.source}/{about.key}#{getattr(message, about.key)}"
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        return Metadata(
            id=f"{stream} {version}",
            name=about.name,
            version=about.version,
            time=at(self._cloud.now()),
            source=SOURCE_PREFIX + about.source,
            stream=stream,
            stream_version=version,
            correlation_id="flow-1",
            causation_id=None if version == 1 else f"{stream} {version - 1}",
            actor="staff:mia",
            traceparent=TRACE,
        )

    def _show(self, message: Message, metadata: Metadata) -> None:
        row = views.row_of(message, metadata)
        if row:
            key = Key(row.partition, row.sort)
            status = str(getattr(message, "status", getattr(message, "name", "")))
            self.published[key] = metadata.stream_version, status
            self.latest[key] = message


def order(id: str, choices: Choices) -> Story:
    """The story of an order, with its list, invoice and payment."""
    ending = choices.pick(("completed", "completed", "completed", "paid early", "rejected", "cancelled"), "ending")
    yield _order(OrderCreated, id, "pending")
    yield _payment(PaymentConfirmed, id, "confirmed")
    yield _list(ShoppingListCreated, id, "pending")
    if ending == "rejected":
        yield _order(OrderRejected, id, "rejected", reason="no")
        yield _list(ShoppingListCancelled, id, "cancelled")
        yield _payment(PaymentVoided, id, "voided")
        return
    yield _order(OrderApproved, id, "approved")
    yield _invoice(InvoiceCreated, id, "pending")
    yield _list(ShoppingListAvailable, id, "available")
    yield _list(ShoppingListAssigned, id, "assigned", bot_id="bot-1", assignment=1)
    if ending == "cancelled":
        yield _order(OrderCancelled, id, "cancelled", reason="no", by="staff")
        yield _list(ShoppingListCancelled, id, "cancelled", stops=())
        yield _invoice(InvoiceAdjusted, id, "pending", amount=0, reason="cancelled")
        yield _invoice(InvoiceCancelled, id, "cancelled", amount=0)
        yield _payment(PaymentRefunded, id, "refunded", refund=700)
        return
    at_work = {"bot_id": "bot-1", "assignment": 1}
    yield _list(ShoppingListStarted, id, "active", **at_work)
    picked = {"store_id": "s-1", "product_id": "p-1", "started_at": at(0)}
    for number in range(choices.between(1, 4, "picks")):
        yield _list(ShoppingListItemPicked, id, "active", quantity=number, **picked, **at_work)
    yield _list(ShoppingListCompleted, id, "completed", shortages=(), **at_work)
    if ending == "paid early":
        yield _order(OrderPaid, id, "approved", paid=True)
        yield _invoice(InvoicePaid, id, "paid")
        yield _order(OrderReadied, id, "ready", paid=True, ready=True, shortages=())
    else:
        yield _order(OrderReadied, id, "ready", ready=True, shortages=())
        yield _invoice(InvoicePaid, id, "paid")
        yield _order(OrderPaid, id, "ready", ready=True, paid=True)
    yield _order(OrderCompleted, id, "completed", ready=True, paid=True)


def robot(id: str, choices: Choices) -> Story:
    """A robot that comes, works and goes."""
    yield a_robot(id)
    for _ in range(choices.between(1, 6, "lists")):
        yield a_robot(id, BotCameOnline, "idle")
        yield a_robot(id, BotAssigned, "active", "o-1")
        if choices.chance(0.3, "silent"):
            yield a_robot(id, BotWentOffline, "offline")
        else:
            yield a_robot(id, BotFinished, "idle")


def store(id: str, choices: Choices) -> Story:
    """A store that opens and is renamed."""
    yield _store(StoreCreated, id, "Volt", participating=False)
    yield _store(StoreParticipationToggled, id, "Volt", participating=True)
    for number in range(choices.between(0, 3, "names")):
        yield _store(StoreRebranded, id, f"Volt {number}", participating=True)


STORIES: dict[str, Callable[[str, Choices], Story]] = {"order": order, "robot": robot, "store": store}


def a_robot(id: str, kind: type[Any] = BotRegistered, status: str = "offline", list_id: str | None = None) -> Message:
    made: Message = kind(bot_id=id, name=f"Ajax of {id}", status=status, list_id=list_id)
    return made


def _order(kind: type[Any], id: str, status: str, **more: Any) -> Message:
    state = {
        "order_id": id,
        "customer_id": "customer-1",
        "payment_id": f"p-{id}",
        "items": (ITEM,),
        "total": 700,
        "status": status,
        "ready": False,
        "paid": False,
        "shopping_list_id": None if status in ("pending", "rejected") else id,
        "created_at": at(0),
    }
    made: Message = kind(**state | more)
    return made


def _list(kind: type[Any], id: str, status: str, **more: Any) -> Message:
    state = {"shopping_list_id": id, "order_id": id, "status": status, "stops": (STOP,), "bot_id": None}
    made: Message = kind(**state | {"assignment": 0, "by_staff": False} | more)
    return made


def _invoice(kind: type[Any], id: str, status: str, **more: Any) -> Message:
    state = {"invoice_id": id, "order_id": id, "payment_id": f"p-{id}", "amount": 700, "status": status}
    made: Message = kind(**state | more)
    return made


def _payment(kind: type[Any], id: str, status: str, **more: Any) -> Message:
    state = {"payment_id": f"p-{id}", "customer_id": "customer-1", "order_id": id, "status": status}
    money = {"authorized": 700, "captured": 0, "released": 0, "refunded": 0}
    made: Message = kind(**state | money | more)
    return made


def _store(kind: type[Any], id: str, name: str, *, participating: bool) -> Message:
    made: Message = kind(store_id=id, name=name, location="Floor 0", participating=participating)
    return made
