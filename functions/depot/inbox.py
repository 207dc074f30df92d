"""What the depot hears: the saga's commands, the end of orders, what feeds its read models, and its own reminders."""

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
from functions.depot import dispatch, lease, service, views
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
    # There is nothing to refuse: where there is no more to cancel, all that was asked for is so.
    refused=lambda command, error: ShoppingListCancellationAccepted(order_id=command.order_id),
)
def cancel_shopping_list(command: CancelShoppingList) -> None:
    service.call_off(command.order_id)


@inbox.on(OrderCancelled, OrderRejected)
def order_ended(event: OrderState) -> None:
    service.call_off(event.order_id)


@inbox.on(LookAgain)
def look_again(reminder: LookAgain) -> None:
    dispatch.forward(reminder)


@inbox.on(LeaseEnds)
def lease_ends(reminder: LeaseEnds) -> None:
    if lease.goes_on(reminder):
        return
    rest = service.end_lease(reminder.bot_id, reminder.session)
    if rest:
        lease.look_again(reminder, rest)
