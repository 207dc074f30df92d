"""The rows of the staff's boards: which message makes which row, and where it is shown.

Each row has one source stream, whose version gates it and is in its data, too. A row that leaves its board says when,
and is kept for some time after that: whoever looks at its order sees it, and an older message that comes late finds it.

The row of an order or a list that ended moves beside its board. A stub stays in its place, with its version and the
time at which it leaves, so that snapshots read little of what left. The row is written before its stub: whoever finds
the stub finds the row.
"""

from dataclasses import replace
from datetime import timedelta
from functools import singledispatch
from typing import Any

from pydantic import BaseModel

from events.depot import (
    BotAssigned,
    BotCameOnline,
    BotFinished,
    BotRegistered,
    BotRetired,
    BotState,
    BotWentOffline,
    ShoppingListAssigned,
    ShoppingListAvailable,
    ShoppingListCancelled,
    ShoppingListCompleted,
    ShoppingListCreated,
    ShoppingListItemPicked,
    ShoppingListStarted,
    ShoppingListState,
)
from events.envelope import Metadata
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderPaid,
    OrderReadied,
    OrderRejected,
    OrderState,
)
from events.payments import (
    InvoiceAdjusted,
    InvoiceCancelled,
    InvoiceCreated,
    InvoicePaid,
    InvoiceState,
    PaymentConfirmed,
    PaymentRefunded,
    PaymentState,
    PaymentVoided,
)
from events.registry import Message
from events.stores import StoreCreated, StoreParticipationToggled, StoreRebranded, StoreState
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection
from functions.kernel.runtime import clock
from functions.kernel.runtime.views import Row
from functions.live import topics
from functions.live.rows import InvoiceRow, ListRow, OrderRow, PaymentRow, RobotRow, StoreRow
from functions.live.topics import Key, Place

SHOWN_AFTER_ITS_END = timedelta(minutes=10)  # an order
# A message that may pass is tried for 8 hours, one that is newer than the code for a day (kernel/messaging/retry.py).
KEPT_AFTER_LEAVING = timedelta(hours=26)
PAYMENTS_KEPT = timedelta(days=30)  # after their last message: no board has them, so nothing reads past them

ENDED_ORDER = ("completed", "rejected", "cancelled")
STUB = "moved"  # no row has a field of this name
OPEN_LIST = ("pending", "available", "assigned", "active")

projection = Projection(View("boards", partitions=("board ", "ended ")))


@projection.on(OrderCreated, OrderApproved, OrderRejected, OrderReadied, OrderPaid, OrderCancelled, OrderCompleted)
def order_row(event: OrderState, metadata: Metadata) -> list[Row]:
    """An order's row; none where the same commit completes the order as well, which its next event shows."""
    if event.status == "ready" and event.paid:
        return []
    ended = event.status in ENDED_ORDER
    data = OrderRow(
        order_id=event.order_id,
        customer_id=event.customer_id,
        payment_id=event.payment_id,
        status=event.status,
        ready=event.ready,
        paid=event.paid,
        total=event.total,
        lines=len(event.items),
        quantity=sum(item.quantity for item in event.items),
        created_at=event.created_at,
        approved_at=event.approved_at,
        readied_at=event.readied_at,
        ended_at=metadata.time if ended else None,
        reason=event.reason if isinstance(event, OrderRejected | OrderCancelled) else None,
        cancelled_by=event.by if isinstance(event, OrderCancelled) else None,
        leaves_at=_later(metadata.time, SHOWN_AFTER_ITS_END) if ended else None,
    )
    return _moving(_row(topics.key("orders", event.order_id), data, metadata, data.leaves_at))


@projection.on(
    ShoppingListCreated,
    ShoppingListAvailable,
    ShoppingListAssigned,
    ShoppingListStarted,
    ShoppingListItemPicked,
    ShoppingListCompleted,
    ShoppingListCancelled,
)
def list_row(event: ShoppingListState, metadata: Metadata) -> list[Row]:
    started = event.started_at if isinstance(event, ShoppingListItemPicked) else None
    items = [item for stop in event.stops for item in stop.items]
    data = ListRow(
        list_id=event.shopping_list_id,
        order_id=event.order_id,
        status=event.status,
        bot_id=event.bot_id,
        assignment=event.assignment,
        by_staff=event.by_staff,
        stops=len(event.stops),
        quantity=sum(item.quantity for item in items),
        picked=sum(item.picked for item in items),
        since=started or metadata.time,
        leaves_at=None if event.status in OPEN_LIST else metadata.time,
    )
    return _moving(_row(topics.key("lists", event.shopping_list_id), data, metadata, data.leaves_at))


@projection.on(BotRegistered, BotCameOnline, BotWentOffline, BotAssigned, BotFinished, BotRetired)
def robot_row(event: BotState, metadata: Metadata) -> Row:
    data = RobotRow(
        bot_id=event.bot_id,
        name=event.name,
        status=event.status,
        list_id=event.list_id,
        since=metadata.time,
        leaves_at=metadata.time if isinstance(event, BotRetired) else None,
    )
    return _row(topics.key("robots", event.bot_id), data, metadata, data.leaves_at)


@projection.on(InvoiceCreated, InvoiceAdjusted, InvoicePaid, InvoiceCancelled)
def invoice_row(event: InvoiceState, metadata: Metadata) -> Row:
    data = InvoiceRow(
        order_id=event.order_id,
        payment_id=event.payment_id,
        amount=event.amount,
        status=event.status,
        since=metadata.time,
        leaves_at=None if event.status == "pending" else metadata.time,
    )
    return _row(topics.key("invoices", event.invoice_id), data, metadata, data.leaves_at)


@projection.on(StoreCreated, StoreParticipationToggled, StoreRebranded)
def store_row(event: StoreState, metadata: Metadata) -> Row:
    data = StoreRow(
        store_id=event.store_id, name=event.name, location=event.location, participating=event.participating
    )
    return _row(topics.key("stores", event.store_id), data, metadata)


@projection.on(PaymentConfirmed, PaymentVoided, PaymentRefunded)
def payment_row(event: PaymentState, metadata: Metadata) -> Row | None:
    """The row of an order's payment; none for one that serves no order."""
    if event.order_id is None:
        return None
    data = PaymentRow(
        payment_id=event.payment_id,
        status=event.status,
        authorized=event.authorized,
        captured=event.captured,
        released=event.released,
        refunded=event.refunded,
    )
    return _row(topics.payment_key(event.order_id), data, metadata, metadata.time, PAYMENTS_KEPT)


@singledispatch
def places(message: Message) -> list[Place]:
    """Where the row that a message makes is shown."""
    raise TypeError(f"{message.about.name} is shown nowhere")


@places.register
def _order_places(event: OrderState) -> list[Place]:
    return [topics.place("orders", event.order_id), topics.of_order(event.order_id, "order")]


@places.register
def _list_places(event: ShoppingListState) -> list[Place]:
    """A list that staff made has another id than its order, which has one of its own."""
    id = event.shopping_list_id
    return [topics.place("lists", id), *([topics.of_order(id, "list")] if id == event.order_id else [])]


@places.register
def _robot_places(event: BotState) -> list[Place]:
    return [topics.place("robots", event.bot_id)]


@places.register
def _invoice_places(event: InvoiceState) -> list[Place]:
    return [topics.place("invoices", event.invoice_id), topics.of_order(event.order_id, "invoice")]


@places.register
def _store_places(event: StoreState) -> list[Place]:
    return [topics.place("stores", event.store_id)]


@places.register
def _payment_places(event: PaymentState) -> list[Place]:
    return [topics.of_order(event.order_id, "payment")] if event.order_id else []


def row_of(message: Message, metadata: Metadata) -> Row | None:
    """The row that a message makes, if one, at its place on its board, which has its version."""
    [maker] = projection.makers[type(message)]
    made = maker(message, metadata) or []
    rows = [made] if isinstance(made, Row) else made
    return replace(rows[-1], data=rows[0].data) if rows else None


def has_left(data: dict[str, Any]) -> bool:
    """Whether a row has left its board."""
    leaves_at = data.get("leavesAt")
    return leaves_at is not None and clock.read(leaves_at) <= clock.now()


def has_moved(data: dict[str, Any]) -> bool:
    """Whether this is a stub, and the row is beside its board."""
    return STUB in data


def _moving(row: Row) -> list[Row]:
    """A row of a board; one that leaves it beside the board, and then its stub."""
    if row.expires is None:
        return [row]
    assert row.data is not None
    stub = {"leavesAt": row.data["leavesAt"], "version": row.data["version"], STUB: True}
    partition, sort = topics.beside(Key(row.partition, row.sort))
    return [replace(row, partition=partition, sort=sort), replace(row, data=stub)]


def _row(
    key: Key, data: BaseModel, metadata: Metadata, leaves_at: str | None = None, kept: timedelta = KEPT_AFTER_LEAVING
) -> Row:
    expires = int((clock.read(leaves_at) + kept).timestamp()) if leaves_at else None
    content = {**data.model_dump(mode="json", by_alias=True), "version": metadata.stream_version}
    return Row(*key, content, expires=expires)


def _later(time: str, by: timedelta) -> str:
    return clock.stamp(clock.read(time) + by)
