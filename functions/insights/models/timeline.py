"""The timeline: the messages of every flow, and of every order.

An order's messages are in the commits of their owners, which are asked when someone looks. Here are a small row for
each flow that a message about an order began, and the messages that are about no order: docs/adr/0058.

The key of a message's row is its flow, time and id, so a redelivered message finds its own row. Nothing personal is in
a message, nor in a row: what the first versions of customers' events held is dropped when they are read.
"""

from typing import Any

from events.baskets import BasketAbandoned, BasketCancelled, BasketCheckedOut, BasketStarted, BasketState
from events.customers import (
    CustomerDisabled,
    CustomerEnabled,
    CustomerErased,
    CustomerLanguageChanged,
    CustomerRegistered,
    CustomerSmsChanged,
    OneTimeCodeRequested,
)
from events.depot import (
    BotCameOnline,
    BotRegistered,
    BotRetired,
    BotWentOffline,
    ShoppingListCancelled,
    ShoppingListCompleted,
    ShoppingListItemPicked,
    ShoppingListStarted,
    ShoppingListState,
)
from events.envelope import Metadata
from events.fleet import RobotConnected, RobotDisconnected
from events.ordering import OrderApproved, OrderCancelled, OrderRejected
from events.payments import InvoicePaid, PaymentAuthorized, PaymentVoided
from events.registry import Message
from events.stores import (
    ProductAdded,
    ProductPriceChanged,
    ProductRebranded,
    ProductRemoved,
    StoreCreated,
    StoreParticipationToggled,
    StoreRebranded,
)
from functions.kernel.domain.errors import NotFoundError, RefusedError
from functions.kernel.messaging import order_messages
from functions.kernel.messaging.order_messages import SHOWN, Messages, Page, position
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Stamp, Wire
from functions.kernel.runtime import runtime
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.views import Row

BEFORE = "person"  # in rows of earlier code: where the texts of a customer's event were, which are empty in the row
MOST_ORDERS = 20  # of one flow: each is asked of six services

# What is about no order. A payment is authorized before there is one, and voided where there never is.
KEPT: tuple[type[Message], ...] = (
    *(BotCameOnline, BotRegistered, BotRetired, BotWentOffline, RobotConnected, RobotDisconnected),
    *(CustomerDisabled, CustomerEnabled, CustomerErased, CustomerLanguageChanged, CustomerRegistered),
    *(CustomerSmsChanged, OneTimeCodeRequested, PaymentAuthorized, PaymentVoided),
    *(ProductAdded, ProductPriceChanged, ProductRebranded, ProductRemoved),
    *(StoreCreated, StoreParticipationToggled, StoreRebranded),
)
# What a request about an order, or a sweep, says first: of a list that may be each time.
FIRST: tuple[type[Message], ...] = (
    *(BasketStarted, BasketCheckedOut, BasketCancelled, BasketAbandoned, OrderCancelled, InvoicePaid),
    *(ShoppingListStarted, ShoppingListItemPicked, ShoppingListCompleted, ShoppingListCancelled),
)

projection = Projection(View("timeline", partitions=("flow ", "orders in ", "lists of "), by_order=("orders in ",)))
api = Api("insights")


@projection.on(*KEPT)
def message_row(message: Message, metadata: Metadata) -> Row | None:
    if getattr(message, "order_id", None):  # a payment's, in whose stream it is found
        return None
    data = metadata.model_dump(include=set(SHOWN)) | {"data": message.model_dump(mode="json")}
    return Row(_flow(metadata.correlation_id), position(data), data)


@projection.on(*FIRST)
def flow_row(message: Message, metadata: Metadata) -> list[Row]:
    """The row that makes a flow the order's; and one for a list that staff made, which has an id of its own."""
    order_id: str = message.basket_id if isinstance(message, BasketState) else getattr(message, "order_id", "")
    made = [] if metadata.causation_id else [_of_order(order_id, metadata)]
    if isinstance(message, ShoppingListState) and message.by_staff:
        made.append(Row(_lists_of(order_id), message.shopping_list_id, {"list_id": message.shopping_list_id}))
    return made


@projection.on(OrderApproved, OrderRejected)
def decided_row(message: OrderApproved | OrderRejected, metadata: Metadata) -> Row | None:
    """The same for a flow that no basket began: staff placed the order, or resumed its saga."""
    if read(_orders_in(metadata.correlation_id), f"Basket#{message.order_id}"):
        return None
    return _of_order(message.order_id, metadata)


def _of_order(order_id: str, metadata: Metadata) -> Row:
    return Row(_orders_in(metadata.correlation_id), metadata.stream, {"order_id": order_id})


def of_flow(correlation_id: str, limit: int, after: str | None) -> Page:
    """The messages of a flow behind a position, or from the first one on, at most `limit`.

    Raises UnavailableError, and RefusedError where the flow is of too many orders.
    """
    orders = sorted({row["order_id"] for row in rows(_orders_in(correlation_id))})
    if len(orders) > MOST_ORDERS:
        raise RefusedError(f"the flow is of {len(orders)} orders: ask for the timeline of each", "too_many")
    found: Messages = {}
    for order_id in orders:
        of_order = _whole(order_id)
        found |= {at: one for at, one in of_order.items() if one["correlation_id"] == correlation_id}
    return _with_kept(found, correlation_id, limit, after)


def of_order(order_id: str, limit: int, after: str | None) -> Page:
    """The same of all messages of an order (a basket has its order's id). Raises UnavailableError."""
    return order_messages.sliced(_whole(order_id), limit, after)


def kept_around(correlation_id: str, time: str, before: int, after: int) -> list[dict[str, Any]]:
    """Up to so many messages of a flow that are about no order, before a time, and after it."""
    kept = [_as_of_now(row) for row in rows(_flow(correlation_id))]
    return order_messages.around(kept, time, before, after)


def _whole(order_id: str) -> Messages:
    """What was published about an order. Raises UnavailableError where an owner does not answer."""
    found = order_messages.find(order_id, [row["list_id"] for row in rows(_lists_of(order_id))])
    return order_messages.without_reminders(found.whole())


def _with_kept(found: Messages, correlation_id: str, limit: int, after: str | None) -> Page:
    """A page of some messages and of those that are kept of a flow.

    Two more than the page are read: the message at `after` itself, and one of the next page, to know whether there is
    one. Behind the end of what was read, there may be more.
    """
    kept = runtime.current().views.query(_flow(correlation_id), first=after, limit=limit + 2)
    merged = found | {position(row): _as_of_now(row) for row in kept.rows}
    if kept.after:
        end = position(kept.rows[-1])
        merged = {at: one for at, one in merged.items() if at <= end}
    page = order_messages.sliced(merged, limit, after)
    if page.messages and page.last is None and kept.after:
        return Page(page.messages, position(page.messages[-1]))
    return page


def _as_of_now(message: dict[str, Any]) -> dict[str, Any]:
    """A message of a row, also of earlier code: what is personal had a place of its own there, and is not shown."""
    if BEFORE not in message:
        return message
    kept = {name: value for name, value in message["data"].items() if value != ""}
    return {name: value for name, value in message.items() if name != BEFORE} | {"data": kept}


def _flow(correlation_id: str) -> str:
    return f"flow {correlation_id}"


def _orders_in(correlation_id: str) -> str:
    return f"orders in {correlation_id}"


def _lists_of(order_id: str) -> str:
    return f"lists of {order_id}"


class MessageShape(Wire):
    id: str
    name: str
    time: Stamp
    source: str
    stream: str
    correlation_id: str
    causation_id: str | None
    actor: str
    data: dict[str, Any]


class TimelineAnswer(PagedAnswer):
    messages: list[MessageShape]


@api.get("/api/insights/timeline/{correlationId}", may=[STAFF], errors=[409])
def get_flow(correlation_id: str, params: Paged) -> TimelineAnswer:
    """Show the messages of one flow, oldest first.

    Of a flow that a request about an order began, those in the order's streams; of another, those that are about no
    order. 503 while an owner of the order's streams does not answer.
    """
    purpose = f"flow {correlation_id}"
    return _timeline(of_flow(correlation_id, params.limit, _after(params, purpose)), purpose)


@api.get("/api/insights/orders/{id}/timeline", may=[STAFF])
def get_order_timeline(id: str, params: Paged) -> TimelineAnswer:
    """Show the messages of every flow of one order, oldest first, as the commits of its streams hold them.

    Answers that changed nothing, and what is in robots' streams, are not among them. 503 while an owner does not
    answer.
    """
    purpose = f"flows of {id}"
    return _timeline(of_order(id, params.limit, _after(params, purpose)), purpose)


def _after(params: Paged, purpose: str) -> str | None:
    token = paging.read(params.next, purpose)
    return token["after"] if token else None


def _timeline(found: Page, purpose: str) -> TimelineAnswer:
    if not found.messages:
        raise NotFoundError("there are no messages in this timeline")
    return TimelineAnswer(
        messages=[MessageShape(**message) for message in found.messages],
        next=paging.sign({"after": found.last} if found.last else None, purpose),
    )
