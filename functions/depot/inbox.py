"""What the depot consumes: the saga's commands, ends of orders, events for its read models, and its own reminders."""

from events.checkout import CancelShoppingList, CreateShoppingList, InitiateShopping
from events.depot import (
    LeaseEnds,
    LookAgain,
    ShoppingInitiated,
    ShoppingListAccepted,
    ShoppingListCancellationAccepted,
    ShoppingListRefused,
    ShoppingRefused,
)
from events.ordering import OrderCancelled, OrderRejected, OrderState
from functions.depot import lease, matching, service, views
from functions.kernel.messaging.inbox import Inbox

inbox = Inbox("depot")
inbox.include(views.projection)


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


@inbox.on(OrderCancelled, OrderRejected)
def order_ended(event: OrderState) -> None:
    service.cancel_for_order(event.order_id)


@inbox.on(LookAgain)
def forward_to_dispatcher(reminder: LookAgain) -> None:
    matching.forward(reminder)


@inbox.on(LeaseEnds)
def lease_ends(reminder: LeaseEnds) -> None:
    if lease.is_duplicate(reminder):
        return
    seconds_left = service.end_lease(reminder.bot_id, reminder.session)
    if seconds_left:
        lease.schedule_next_check(reminder, seconds_left)
