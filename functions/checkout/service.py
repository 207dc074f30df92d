"""Use cases of the sagas of orders."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from events.checkout import SagaMoved, SagasDue, StepTimedOut
from functions.checkout import views
from functions.checkout.domain import CreateOrderSaga, Item
from functions.checkout.publish import publishes, saga_moved
from functions.kernel.domain.saga import TRIES, Parked, StepSent
from functions.kernel.eventstore.repository import Repository
from functions.kernel.messaging.sweep import sweep
from functions.kernel.runtime import clock, observe, runtime
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.side_by_side import results

sagas = Repository(CreateOrderSaga, publishes)
saga_parked = Alarm("SagaParked", StepTimedOut.about.name)
saga_keeps_retrying = Alarm("SagaKeepsRetrying", StepTimedOut.about.name)
sagas_left_running = Alarm("SagasNotTimedOut", SagasDue.about.name)

LATE = timedelta(seconds=60)  # a reminder that is later than this after its timeout counts as lost; both count once


def start(order_id: str, customer_id: str, payment_id: str, items: Sequence[Item], total: int) -> None:
    """Begin the saga of an order; `total` in cents."""
    _decide(order_id, lambda saga: saga.take_order(customer_id, payment_id, tuple(items), total, clock.stamp()))


def answer(order_id: str, reply: str, reason: str = "") -> None:
    """Take a reply, by its name."""
    _decide(order_id, lambda saga: saga.answer(reply, clock.stamp(), reason))


def approval_refused(order_id: str, status: str) -> None:
    """Compensate: the order, in this status, cannot be approved."""
    _decide(order_id, lambda saga: saga.approval_refused(status, clock.stamp()))


def rejection_refused(order_id: str, status: str) -> None:
    """Complete if the order, in this status, was approved; otherwise wait for the next try of its rejection."""
    _decide(order_id, lambda saga: saga.rejection_refused(status, clock.stamp()))


def cancel(order_id: str) -> None:
    """Compensate, or never begin: the order was cancelled."""
    _decide(order_id, lambda saga: saga.cancel("the order was cancelled", clock.stamp()))


def time_out(order_id: str, step: int, attempt: int, compensating: bool) -> None:
    """Take the timeout of a try: retry, compensate, or park the saga. Parking and a fourth try or later ring alarms."""
    _ring(_decide(order_id, lambda saga: saga.time_out(step, attempt, compensating, clock.stamp())))


def time_out_overdue() -> int:
    """Time out each saga whose latest try is long past its timeout: its reminder was lost. Returns how many it read."""
    begun = clock.now() - _step_timeout() - LATE
    return sweep(views.running_since(begun), _time_out_if_overdue, sagas_left_running)


def resume(order_id: str) -> None:
    """Resume a saga that is parked, or whose latest try is past its timeout. Raises NotFoundError, RefusedError."""
    _ring(sagas.change(order_id, lambda saga: saga.resume(clock.stamp(), overdue=_overdue(saga) > timedelta())))


def saga(order_id: str) -> SagaMoved:
    """Where a saga stands. Raises NotFoundError."""
    return saga_moved(sagas.get(order_id))


def list_sagas(
    status: str | None, limit: int, after: dict[str, Any] | None
) -> tuple[list[SagaMoved], dict[str, Any] | None]:
    """A page of sagas, and where the next begins (None at the end).

    A page of one status may be short: sagas that have just left the status are left out. Those that run are read side
    by side: a page of 100 takes as long as four reads.
    """
    rows, following = views.sagas(status, limit, after)
    found = results(runtime.current().side_by_side([partial(_latest, row) for row in rows]))
    return [saga for saga in found if status in (None, saga.status)], following


def _latest(row: SagaMoved) -> SagaMoved:
    """A saga as it is now. A running one is read from its stream: a row for each of its steps would cost more."""
    return saga_moved(sagas.load(row.order_id).aggregate) if row.status == "running" else row


def _decide(order_id: str, decide: Callable[[CreateOrderSaga], None]) -> CreateOrderSaga:
    """Let a saga decide on a message, also one that does not exist yet: it ignores what is not for it."""
    return sagas.create(order_id, decide)


def _time_out_if_overdue(order_id: str) -> None:
    saga = sagas.load(order_id).aggregate
    if saga.status != "running":
        views.update(saga_moved(saga), saga.version)
    elif _overdue(saga) > LATE:
        observe.logger().warning("a saga's reminder was lost", extra={"order_id": order_id})
        time_out(order_id, saga.step, saga.attempt, saga.compensating)


def _overdue(saga: CreateOrderSaga) -> timedelta:
    """For how long the latest try of a running saga is past its timeout; negative before. Its latest commit sent it."""
    latest = next(runtime.current().store.backwards(saga.stream(saga.id), page=1))
    return clock.now() - clock.read(latest.time) - timedelta(seconds=saga.timeout(int(_step_timeout().total_seconds())))


def _step_timeout() -> timedelta:
    return timedelta(seconds=int(runtime.current().setting("STEP_TIMEOUT")))


def _ring(saga: CreateOrderSaga) -> None:
    about = {"order_id": saga.id, "command": saga.awaited.command, "attempt": saga.attempt}
    for event in saga.changes:
        if isinstance(event, Parked):
            saga_parked.ring(**about)
        elif isinstance(event, StepSent) and event.attempt > TRIES:
            saga_keeps_retrying.ring(**about)
