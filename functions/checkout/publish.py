"""What the checkout service publishes: the saga's commands, and the reminder to itself that ends its watch."""

import math
from collections.abc import Callable
from dataclasses import asdict

from events.checkout import (
    ApproveOrder,
    AuthorizeCustomer,
    CancelShoppingList,
    ConfirmPayment,
    CreateShoppingList,
    InitiateShopping,
    RejectOrder,
    SagaWatchEnds,
    VoidPayment,
)
from events.registry import Command
from events.shapes import LineItem
from functions.checkout.domain import CreateOrderSaga
from functions.kernel.domain.saga_events import StepSent, UndoSent, WatchSet
from functions.kernel.eventstore.publish import Publisher, Reminder
from functions.kernel.runtime import clock

publishes = Publisher("checkout")

_commands: dict[str, Callable[[CreateOrderSaga], Command]] = {
    "AuthorizeCustomer": lambda saga: AuthorizeCustomer(order_id=saga.id, customer_id=saga.customer_id),
    "CreateShoppingList": lambda saga: CreateShoppingList(
        order_id=saga.id, items=tuple(LineItem(**asdict(item)) for item in saga.items)
    ),
    "ConfirmPayment": lambda saga: ConfirmPayment(
        order_id=saga.id, payment_id=saga.payment_id, customer_id=saga.customer_id, amount=saga.total
    ),
    "InitiateShopping": lambda saga: InitiateShopping(order_id=saga.id),
    "ApproveOrder": lambda saga: ApproveOrder(order_id=saga.id, shopping_list_id=saga.id),
    "RejectOrder": lambda saga: RejectOrder(order_id=saga.id, reason=saga.reason),
    "CancelShoppingList": lambda saga: CancelShoppingList(order_id=saga.id),
    "VoidPayment": lambda saga: VoidPayment(order_id=saga.id, payment_id=saga.payment_id, customer_id=saga.customer_id),
}


@publishes(StepSent)
@publishes(UndoSent)
def command(saga: CreateOrderSaga, event: StepSent | UndoSent) -> Command:
    return _commands[saga.request(event.step).command](saga)


@publishes.reminder(WatchSet)
def watch_ends(saga: CreateOrderSaga, event: WatchSet) -> Reminder:
    left = (clock.read(event.until) - clock.now()).total_seconds()
    return Reminder(SagaWatchEnds(order_id=saga.id, until=event.until), after=max(0, math.ceil(left)))
