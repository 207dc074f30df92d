"""What the depot consumes: the saga's commands, ends of orders, robots' connections, and its own reminders."""

from typing import Any

from events.checkout import CancelShoppingList, CreateShoppingList, InitiateShopping
from events.depot import (
    BotRetired,
    CollectionAccepted,
    CollectionRefused,
    LeaseEnds,
    LookAgain,
    RobotLeasesDue,
    ShoppingInitiated,
    ShoppingListAccepted,
    ShoppingListCancellationAccepted,
    ShoppingListItemPicked,
    ShoppingListRefused,
    ShoppingListStarted,
    ShoppingRefused,
    WaitingListsDue,
)
from events.envelope import Metadata
from events.fleet import ReportCollection, RobotConnected, RobotDisconnected
from events.ordering import OrderCancelled, OrderRejected, OrderState
from events.queries import FindLastHeard, FindProduct
from events.registry import Timer
from functions.depot import matching, service, stream, views
from functions.kernel.domain.errors import RefusedError
from functions.kernel.messaging.inbox import Again, Inbox
from functions.kernel.runtime import clock, context
from functions.kernel.runtime.uses import Uses

UNTIL_THE_NEXT = 45  # seconds after its tick in which a sweep looks again: later the next one is soon enough

inbox = Inbox(
    "depot",
    uses=Uses(
        streams="commit",
        rows=("get", "query", "put"),
        asks=(FindProduct, FindLastHeard),
        queues=(matching.QUEUE,),
    ),
)
inbox.include(views.projection)
inbox.move("gathered", *views.projection.makers)
inbox.drain(ShoppingListStarted, ShoppingListItemPicked)
inbox.schedule(RobotLeasesDue, "rate(1 minute)")
inbox.schedule(WaitingListsDue, "rate(1 minute)")


@inbox.answers(
    CreateShoppingList,
    accepted=lambda command: ShoppingListAccepted(order_id=command.order_id),
    refused=lambda command, error: ShoppingListRefused(order_id=command.order_id, reason=error.message),
)
def create_shopping_list(command: CreateShoppingList) -> None:
    wanted = [
        service.Wanted(item.store_id, item.product_id, item.quantity, item.store_name, item.product_name)
        for item in command.items
    ]
    service.plan_for_order(command.order_id, wanted)


@inbox.answers(
    InitiateShopping,
    accepted=lambda command: ShoppingInitiated(order_id=command.order_id),
    refused=lambda command, error: ShoppingRefused(order_id=command.order_id, reason=error.message),
)
def initiate_shopping(command: InitiateShopping) -> None:
    service.initiate(command.order_id)


@inbox.answers(
    CancelShoppingList,
    accepted=lambda command: ShoppingListCancellationAccepted(order_id=command.order_id),
    # Never refused: a list that was completed, or has nothing to cancel, needs no cancellation.
    refused=lambda command, error: ShoppingListCancellationAccepted(order_id=command.order_id),
)
def cancel_shopping_list(command: CancelShoppingList) -> None:
    service.cancel_for_order(command.order_id)


@inbox.answers(
    ReportCollection,
    accepted=lambda command: CollectionAccepted(**_named(command)),
    refused=lambda command, error: CollectionRefused(
        **_named(command), reason=error.message, has_list=not isinstance(error, RefusedError)
    ),
)
def report_collection(command: ReportCollection) -> None:
    """Its heartbeat is of when it was sent: one that waited in a queue says nothing of now."""
    picked = {(one.store_id, one.product_id): one.quantity for one in command.picked}
    stream.collect(stream.Report(**_named(command), picked=picked, done=command.done, at=clock.read(_sent().time)))


def _named(command: ReportCollection) -> dict[str, Any]:
    return command.model_dump(include={"bot_id", "list_id", "assignment"})


@inbox.on(RobotConnected)
def robot_connected(event: RobotConnected) -> None:
    stream.connected(event.bot_id, _sent().stream_version)


@inbox.on(RobotDisconnected)
def robot_disconnected(event: RobotDisconnected) -> None:
    stream.disconnected(event.bot_id, _sent().stream_version, event.last_order)


@inbox.on(BotRetired)
def bot_retired(event: BotRetired) -> None:
    views.forget_heartbeats(event.bot_id)


def _sent() -> Metadata:
    """What the envelope of the message being handled says."""
    message = context.current().message
    assert message is not None
    return message


@inbox.on(OrderCancelled, OrderRejected)
def order_ended(event: OrderState) -> None:
    service.cancel_for_order(event.order_id)


@inbox.on(WaitingListsDue, LookAgain)
def forward_to_dispatcher(timer: Timer) -> None:
    matching.forward(timer)


@inbox.on(RobotLeasesDue)
def robot_leases_due(timer: RobotLeasesDue) -> None:
    seconds = service.end_leases()
    if seconds and (clock.now() - clock.read(timer.time)).total_seconds() < UNTIL_THE_NEXT:
        raise Again(seconds)


@inbox.on(LeaseEnds)
def reminder_of_earlier_code(reminder: LeaseEnds) -> None:
    """Nothing: the schedule does what this reminder was for. It may still be in the queue, or in a commit sent anew."""
