"""What the checkout service consumes: orders, the replies to its commands, and its own timers."""

from typing import get_args

from events.checkout import SagaMoved, SagasDue, SagaWatchEnds, StepTimedOut
from events.customers import CustomerAuthorized, CustomerRefused
from events.depot import (
    ShoppingInitiated,
    ShoppingListAccepted,
    ShoppingListCancellationAccepted,
    ShoppingListRefused,
    ShoppingRefused,
)
from events.ordering import (
    OrderApprovalAccepted,
    OrderApprovalRefused,
    OrderCancelled,
    OrderCreated,
    OrderRejectionAccepted,
    OrderRejectionRefused,
)
from events.payments import PaymentAccepted, PaymentRefused, PaymentVoidAccepted
from functions.checkout import service, views
from functions.checkout.domain import Item
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

Acceptance = (
    CustomerAuthorized
    | ShoppingListAccepted
    | PaymentAccepted
    | ShoppingInitiated
    | OrderApprovalAccepted
    | OrderRejectionAccepted
    | ShoppingListCancellationAccepted
    | PaymentVoidAccepted
)
Refusal = CustomerRefused | ShoppingListRefused | PaymentRefused | ShoppingRefused

inbox = Inbox("checkout", uses=Uses(streams="commit", rows=("query", "delete"), indexes=("sagas",)))
inbox.include(views.projection)
inbox.schedule(SagasDue, "rate(1 minute)")


@inbox.on(OrderCreated)
def order_created(event: OrderCreated) -> None:
    items = [Item(**dict(item)) for item in event.items]
    service.start(event.order_id, event.customer_id, event.payment_id, items, event.total)


@inbox.on(OrderCancelled)
def order_cancelled(event: OrderCancelled) -> None:
    service.cancel(event.order_id)


@inbox.on(*get_args(Acceptance))
def accepted(reply: Acceptance) -> None:
    service.answer(reply.order_id, type(reply).about.name)


@inbox.on(*get_args(Refusal))
def refused(reply: Refusal) -> None:
    service.answer(reply.order_id, type(reply).about.name, reply.reason)


@inbox.on(OrderApprovalRefused)
def approval_refused(reply: OrderApprovalRefused) -> None:
    service.approval_refused(reply.order_id, reply.status)


@inbox.on(OrderRejectionRefused)
def rejection_refused(reply: OrderRejectionRefused) -> None:
    service.rejection_refused(reply.order_id, reply.status)


@inbox.on(SagaWatchEnds)
def watch_ends(timer: SagaWatchEnds) -> None:
    service.watch_ended(timer.order_id, timer.until)


@inbox.on(SagasDue)
def sagas_due(tick: SagasDue) -> None:
    service.look_after_all()


@inbox.on(StepTimedOut)
def step_timed_out(timer: StepTimedOut) -> None:
    service.time_out(timer.order_id, timer.step, timer.attempt, timer.compensating)


@inbox.on(SagaMoved)
def saga_moved(timer: SagaMoved) -> None:
    service.take_over(timer.order_id)
