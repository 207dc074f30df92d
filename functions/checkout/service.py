"""What one can do with the sagas of orders."""

from collections.abc import Callable, Sequence
from typing import Any

from events.checkout import SagaMoved, StepTimedOut
from functions.checkout import views
from functions.checkout.domain import CreateOrderSaga, Item
from functions.checkout.publish import publishes, standing
from functions.kernel.domain.saga import TRIES, Parked, StepSent
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import clock
from functions.kernel.runtime.observe import Alarm

sagas = Repository(CreateOrderSaga, publishes)
saga_parked = Alarm("SagaParked", StepTimedOut.about.name)
saga_keeps_retrying = Alarm("SagaInsists", StepTimedOut.about.name)


def start(order_id: str, customer_id: str, payment_id: str, items: Sequence[Item], total: int) -> None:
    """Begin to get an order accepted; `total` in cents."""
    _hear(order_id, lambda saga: saga.take_order(customer_id, payment_id, tuple(items), total, clock.stamp()))


def answer(order_id: str, reply: str, reason: str = "") -> None:
    """Note a reply by its name."""
    _hear(order_id, lambda saga: saga.answer(reply, clock.stamp(), reason))


def refuse_approval(order_id: str, status: str) -> None:
    """Note that an order cannot be approved."""
    _hear(order_id, lambda saga: saga.approval_refused(status, clock.stamp()))


def refuse_rejection(order_id: str, status: str) -> None:
    """Note that an order cannot be rejected."""
    _hear(order_id, lambda saga: saga.rejection_refused(status, clock.stamp()))


def call_off(order_id: str) -> None:
    """Note that an order was cancelled."""
    _hear(order_id, lambda saga: saga.call_off("the order was cancelled", clock.stamp()))


def time_out(order_id: str, step: int, attempt: int, compensating: bool) -> None:
    """Note that a try may have gone without an answer."""
    saga = _hear(order_id, lambda saga: saga.time_out(step, attempt, compensating, clock.stamp()))
    about = {"order_id": saga.id, "command": saga.awaited.command, "attempt": saga.attempt}
    for event in saga.changes:
        if isinstance(event, Parked):
            saga_parked.ring(**about)
        elif isinstance(event, StepSent) and event.attempt > TRIES:
            saga_keeps_retrying.ring(**about)


def resume(order_id: str) -> None:
    """Let a parked saga go on. Raises NotFoundError, RefusedError."""
    sagas.change(order_id, lambda saga: saga.resume(clock.stamp()))


def saga(order_id: str) -> SagaMoved:
    """Where a saga stands. Raises NotFoundError."""
    return standing(sagas.get(order_id))


def list_sagas(
    status: str | None, limit: int, after: dict[str, Any] | None
) -> tuple[list[SagaMoved], dict[str, Any] | None]:
    """A page of sagas, and where the next begins (None at the end). A page may be short when sagas have just moved."""
    rows, following = views.sagas(status, limit, after)
    found = [_latest(row) for row in rows]
    return [saga for saga in found if status in (None, saga.status)], following


def _latest(row: SagaMoved) -> SagaMoved:
    """Where a running saga is, its stream says: it moves on in no time, and a row for each move would cost more."""
    return standing(sagas.load(row.order_id).aggregate) if row.status == "running" else row


def _hear(order_id: str, decide: Callable[[CreateOrderSaga], None]) -> CreateOrderSaga:
    """Let a saga take a message; what is said to a saga that is not there is for it to ignore, too."""
    return sagas.create(order_id, decide)
