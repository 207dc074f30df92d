"""Use cases of the sagas of orders."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from events.checkout import SagasDue, SagaWatchEnds
from functions.checkout import views
from functions.checkout.domain import CreateOrderSaga, Item
from functions.checkout.publish import publishes
from functions.checkout.views import Awaited, Standing
from functions.kernel.domain.saga import TRIES, Moment
from functions.kernel.domain.saga_events import Parked, Resumed, StepSent
from functions.kernel.eventstore.repository import Repository
from functions.kernel.messaging.sweep import sweep
from functions.kernel.runtime import clock, observe, runtime
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.side_by_side import results

sagas = Repository(CreateOrderSaga, publishes)
saga_parked = Alarm("SagaParked", SagaWatchEnds.about.name)
saga_keeps_retrying = Alarm("SagaKeepsRetrying", SagaWatchEnds.about.name)
sagas_left_running = Alarm("SagasNotTimedOut", SagasDue.about.name)

LATE = timedelta(seconds=60)  # a watch that is later than this after its end counts as lost; both count once

Decide = Callable[[CreateOrderSaga, Moment], None]


def start(order_id: str, customer_id: str, payment_id: str, items: Sequence[Item], total: int) -> None:
    """Begin the saga of an order; `total` in cents. Where it has begun, write its mark or row if it is missing."""
    saga = _decide(order_id, lambda saga, now: saga.take_order(customer_id, payment_id, tuple(items), total, now))
    if saga.status == "running" and not saga.changes:
        views.mark(saga)


def answer(order_id: str, reply: str, reason: str = "") -> None:
    """Take a reply, by its name."""
    _decide(order_id, lambda saga, now: saga.answer(reply, now, reason))


def approval_refused(order_id: str, status: str) -> None:
    """Compensate: the order, in this status, cannot be approved."""
    _decide(order_id, lambda saga, now: saga.approval_refused(status, now))


def rejection_refused(order_id: str, status: str) -> None:
    """Complete if the order, in this status, was approved; otherwise wait for the next try of its rejection."""
    _decide(order_id, lambda saga, now: saga.rejection_refused(status, now))


def cancel(order_id: str) -> None:
    """Compensate, or never begin: the order was cancelled."""
    _decide(order_id, lambda saga, now: saga.cancel("the order was cancelled", now))


def watch_ended(order_id: str, until: str) -> None:
    """The watch of a saga ended: retry, compensate, or park it. Parking and a fourth try or later ring alarms."""
    _look(order_id, lambda saga, now: saga.watch_ended(until, now))


def time_out(order_id: str, step: int, attempt: int, compensating: bool) -> None:
    """Take the timeout of one try, which earlier code sent, as the end of a watch."""
    _look(order_id, lambda saga, now: saga.time_out(step, attempt, compensating, now))


def look_after_all() -> int:
    """Do what a watch would have done that was lost, and show what was not shown. Returns how many sagas it read."""
    sweep(views.running_without_marks(), _replace, sagas_left_running)
    begun = clock.now() - timedelta(seconds=_moment().step_timeout) - LATE
    return sweep(views.marked_since(begun), _look_after, sagas_left_running)


def take_over(order_id: str) -> None:
    """Write the mark or the row of a saga of earlier code.

    An ended or parked one of which that code wrote the rows keeps them: the one that is in the index shows it.
    """
    saga = sagas.load(order_id).aggregate
    if saga.status == "running":
        views.mark(saga)
    elif not saga.is_new:
        _show(saga)


def resume(order_id: str) -> None:
    """Resume a saga that is parked, or has a try that is overdue. Raises NotFoundError, RefusedError.

    The schedule removes the mark of one that is parked by that.
    """
    saga = sagas.change(order_id, _marked(lambda saga, now: saga.resume(now)))
    _ring(saga)
    views.show(saga)


def saga(order_id: str) -> tuple[Standing, list[Awaited]]:
    """Where a saga stands, and what it waits for. Raises NotFoundError."""
    found = sagas.get(order_id)
    return views.standing(found), views.awaited(found)


def list_sagas(
    status: str | None, limit: int, after: dict[str, Any] | None
) -> tuple[list[Standing], dict[str, Any] | None]:
    """A page of sagas, and where the next begins (None at the end).

    A page of one status may be short: sagas that have another by now are left out. Those that have not ended are read
    side by side: a page of 100 takes as long as four reads.
    """
    rows, following = views.sagas(status, limit, after)
    found = results(runtime.current().side_by_side([partial(_latest, row, status) for row in rows]))
    shown = [saga for row, saga in zip(rows, found, strict=True) if _is_shown(row, saga, status)]
    return shown, following


def _latest(row: Standing, status: str | None) -> Standing:
    """A saga as it is now. One that runs is read from its stream: a row for each step would cost more.

    So is each of the list of those that wait for staff: an index may be behind.
    """
    if row.status == "running" or status == "parked":
        return views.standing(sagas.load(row.order_id).aggregate)
    return row


def _is_shown(row: Standing, saga: Standing, status: str | None) -> bool:
    """Whether a row shows its saga, as it is now, in the list of a status.

    One that was parked again has a row of this time; that of earlier code, under another key, says when it was first.
    """
    return status in (None, saga.status) and (status != "parked" or row.since == saga.since)


def _decide(order_id: str, decide: Decide) -> CreateOrderSaga:
    """Let a saga decide on a message, also one that does not exist yet: it ignores what is not for it."""
    saga = sagas.create(order_id, _marked(decide))
    if saga.status not in ("", "running") or any(isinstance(event, Resumed) for event in saga.changes):
        _show(saga)
    return saga


def _look(order_id: str, decide: Decide) -> CreateOrderSaga:
    """Let a saga decide by the time alone. The watch of one that has ended finds all written, and writes nothing."""
    saga = sagas.create(order_id, _marked(decide))
    _ring(saga)
    if saga.status == "running" or saga.changes:
        _show(saga)
    return saga


def _marked(decide: Decide) -> Callable[[CreateOrderSaga], None]:
    """The decision as of now. A saga that did not run is marked before the commit, whose messages may all be lost."""
    now = _moment()

    def decide_now(saga: CreateOrderSaga) -> None:
        ran = saga.status == "running"
        decide(saga, now)
        if saga.changes and not ran:
            views.mark(saga)

    return decide_now


def _show(saga: CreateOrderSaga) -> None:
    views.show(saga)
    if saga.status != "running":
        views.unmark(saga.id, saga.runs_since)


def _replace(order_id: str) -> None:
    """Take over a saga that earlier code shows as running, and remove what shows it so."""
    take_over(order_id)
    views.remove_earlier_row(order_id)


def _look_after(marked: tuple[str, str]) -> None:
    order_id, runs_since = marked
    saga = sagas.load(order_id).aggregate
    if (saga.status, saga.runs_since) != ("running", runs_since):
        if not saga.is_new:
            views.show(saga)
        views.unmark(order_id, runs_since)
    elif saga.due < clock.stamp(clock.now() - LATE):
        observe.logger().warning("a saga's watch was lost", extra={"order_id": order_id})
        _look(order_id, lambda saga, now: saga.look(now))


def _moment() -> Moment:
    return Moment(clock.stamp(), int(runtime.current().setting("STEP_TIMEOUT")))


def _ring(saga: CreateOrderSaga) -> None:
    for event in saga.changes:
        if isinstance(event, Parked):
            [undo] = saga.awaited
            saga_parked.ring(order_id=saga.id, command=saga.request(undo.step).command, attempt=undo.attempt)
        elif isinstance(event, StepSent) and event.attempt > TRIES:
            command = saga.request(event.step).command
            saga_keeps_retrying.ring(order_id=saga.id, command=command, attempt=event.attempt)
