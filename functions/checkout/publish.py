"""What the checkout service publishes: the saga's commands, and its reminders to itself."""

from collections.abc import Callable
from dataclasses import asdict
from typing import cast

from events.checkout import (
    ApproveOrder,
    AuthorizeCustomer,
    CancelShoppingList,
    ConfirmPayment,
    CreateShoppingList,
    InitiateShopping,
    RejectOrder,
    SagaMoved,
    SagaStatus,
    StepTimedOut,
    VoidPayment,
)
from events.registry import Command
from events.shapes import LineItem
from functions.checkout.domain import CreateOrderSaga
from functions.kernel.domain.aggregate import DomainEvent
from functions.kernel.domain.saga import Compensated, Completed, Parked, Resumed, Started, StepSent, Stopped, UndoSent
from functions.kernel.eventstore.publish import Publisher, Reminder
from functions.kernel.runtime import runtime

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
def command(saga: CreateOrderSaga, event: DomainEvent) -> Command:
    return _commands[saga.awaited.command](saga)


@publishes.reminder(StepSent)
@publishes.reminder(UndoSent)
def timeout(saga: CreateOrderSaga, event: DomainEvent) -> Reminder:
    step_timeout = int(runtime.current().setting("STEP_TIMEOUT"))
    timed_out = StepTimedOut(order_id=saga.id, step=saga.step, attempt=saga.attempt, compensating=saga.compensating)
    return Reminder(timed_out, after=saga.timeout(step_timeout))


@publishes.reminder(Started)
@publishes.reminder(Parked)
@publishes.reminder(Resumed)
@publishes.reminder(Completed)
@publishes.reminder(Compensated)
@publishes.reminder(Stopped)
def status_changed(saga: CreateOrderSaga, event: DomainEvent) -> Reminder:
    return Reminder(saga_moved(saga), after=0)


def saga_moved(saga: CreateOrderSaga) -> SagaMoved:
    """Where a saga stands, as its list and the API show it."""
    return SagaMoved(
        order_id=saga.id,
        status=cast(SagaStatus, saga.status),
        step=saga.step,
        compensating=saga.compensating,
        since=saga.since,
        reason=saga.obstacle or saga.reason,
    )
