"""Reconciliation: each night, compare the money of orders with their invoices, payments and the provider's statement.

What counts as a difference is decided in difference.py.

A run goes through the orders page by page and sends a message for each order. So an order that cannot be compared is
retried and dead-lettered by itself, and a message that is delivered twice changes nothing the second time. How far a
run has come is a row. A first message makes it go on for some seconds, and a schedule each minute until its end.

Days on which no tick came are compared with the next night's. So is, once more, the day of an order whose end comes
after the night of that day: by a run, which has a pace, as a republish of history brings many such ends at once.

No page sends the next: Lambda stops a function that a chain of its own messages invokes more than about 16 times
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from math import ceil
from typing import Any

from events.payments import OrderReconciliationDue, ReconciliationPageDue
from events.registry import Timer
from functions.kernel.domain.errors import InvalidError, NotFoundError, UnavailableError
from functions.kernel.eventstore import codec
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import budget, clock, context, runtime
from functions.kernel.runtime.side_by_side import outcome, results
from functions.payments import service, views
from functions.payments.difference import ENDED, Difference, Found, Order, Reason, compare, compare_statement, is_own
from functions.payments.domain import Payment
from functions.payments.invoice import Invoice
from functions.payments.publish import publishes
from functions.payments.runs import Asked, Reconciliation
from functions.payments.views import Run

MISSED_DAYS = 7  # how far back a night makes up for nights on which no tick came
SECONDS = 5  # for each run in a minute, and less where the worker has less left
HOUR = 2  # UTC: when a night's runs begin
MARGIN = timedelta(minutes=1)  # more than a worker takes from an order's row to the next line of its handler
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

differences = Repository(Difference, publishes)
reconciliations = Repository(Reconciliation, publishes)


def begin(time: str, day: str | None = None) -> None:
    """Begin to compare the orders that ended on a day, are unfinished, or have an open difference: a run for each.

    Once for each tick or Idempotency-Key: the commit carries a first message for each run. time: when this was asked
    for (RFC 3339). day: as in 2030-01-31; when left out, the day before `time`, and those before it that no tick was
    for. Raises InvalidError for a malformed day.
    """
    days = _days_until(clock.read(time).date() - timedelta(days=1)) if day is None else [_read_day(day)]
    asked = reconciliations.create(
        context.current().new_id(),
        lambda reconciliation: reconciliation.begin([one.isoformat() for one in days], time),
    )
    for event in asked.changes:  # a run whose message is lost goes on by its row
        if isinstance(event, Asked):
            views.record_run(Run(orders=event.orders, day=event.day, time=event.time))
    if day is None:  # a repeated request began what it asked for then, and nothing now
        views.record_reconciled(date.fromisoformat(asked.day))


def _days_until(last: date) -> list[date]:
    """The days to compare in a night: the last, and those before it that no tick was for."""
    reconciled = views.reconciled()
    missed = (last - reconciled).days - 1 if reconciled else 0
    return [last - timedelta(days=back) for back in range(min(max(0, missed), MISSED_DAYS), -1, -1)]


def compare_late_end() -> None:
    """Where an order's end comes after the night of its day, have that day compared once more, in the next night.

    However many ends of a day come so, also such that came before, it is one run.
    """
    message, night = context.current().message, _night_after(clock.now() + MARGIN)
    if message and clock.read(message.time).date() < (night - timedelta(days=1)).date():
        views.record_run(Run(orders="ended", day=message.time[:10], time=clock.stamp(night)))


def _night_after(moment: datetime) -> datetime:
    """When the runs of the next night begin."""
    night = moment.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return night if night > moment else night + timedelta(days=1)


def go_on_from(page: ReconciliationPageDue) -> None:
    """Go on with the run of a page, which earlier code may have begun, unless another invocation has meanwhile."""
    run = Run(orders=page.orders, day=page.day, time=page.time, after=page.after)
    if views.record_run(run) or run in views.runs():
        _go_on(run)


def go_on() -> None:
    """Go on with the runs that are due and have not come to their end, the one that has come the least far first.

    As many as there is time for: the others are the first of the next minute. One that fails does not stop the others;
    then what the first of them raised is raised.
    """
    due = (run for run in views.runs() if clock.read(run.time) <= clock.now())
    results([outcome(partial(_go_on, run)) for run in sorted(due, key=lambda run: run.pages)])


def _go_on(run: Run | None) -> None:
    """Send a message for each order, page by page. What is left after some seconds is left to the next tick.

    A page is begun only while there is time for it, as it would be sent again as a whole.
    """
    begun = clock.now()
    while run and (clock.now() - begun).total_seconds() < SECONDS and budget.left() >= budget.MESSAGE:
        found, after = views.orders_to_compare(run.orders, run.day, clock.read(run.time), run.after)
        for order_id in found:
            _send(OrderReconciliationDue(order_id=order_id, time=run.time))
        following = replace(run, after=after, pages=run.pages + 1) if after else None
        if not (views.record_run(following) if following else views.end_run(run)):
            return  # another invocation is further
        run = following


def reconcile_order(order_id: str, asked_at: str) -> int:
    """Compare one order's money and record the differences; `asked_at`: when this was first asked for (RFC 3339).

    A difference is not recorded while its order, invoice or payment has changed within RECONCILE_AFTER seconds (3600):
    the rest may be under way. Returns the seconds after which to compare again, 0 when the result was recorded. Then
    what was requested of the provider and is not made is asked for again, in case its reminder was lost or given up.
    Raises NotFoundError, UnavailableError.
    """
    copied = views.order(order_id)
    if copied is None:
        raise NotFoundError(f"there is no order {order_id}")
    order = copied if copied.status in ENDED else _as_ordering_has_it(copied)
    invoice = service.invoices.load(order_id).aggregate
    payment = service.payments.load(order.payment_id).aggregate
    if order.status in ENDED and copied.status not in ENDED:  # its end is what the rest would be compared with
        reasons: tuple[Reason, ...] = (Reason("order_not_heard", order.total, copied.total),)
    else:
        reasons = tuple(compare(order, invoice, payment))
    if is_own(order, payment):
        reasons += tuple(compare_statement(payment, service.refunds_made(payment), service.ask().statement(payment.id)))
    changes = [order.moved_at, *_last_changes(invoice, payment)]
    wait = _seconds_until_settled(changes)
    if reasons and wait:
        return wait
    _record(order, reasons)
    _remind(payment)
    return 0


def recheck(order_id: str) -> None:
    """Compare one order's money now, and have its voids and refunds made that were not.

    Raises NotFoundError for an order without a difference, UnavailableError.
    """
    payment_id = differences.get(order_id).payment_id
    if reconcile_order(order_id, clock.stamp()):
        _remind(service.payments.load(payment_id).aggregate)


def difference(order_id: str) -> Difference:
    """A difference as it is now. Raises NotFoundError."""
    return differences.get(order_id)


def list_differences(
    status: str | None, limit: int, after: dict[str, Any] | None
) -> tuple[list[Difference], dict[str, Any] | None]:
    """A page of differences, of one status or all, and where the next begins; of one status the oldest first."""
    page = views.differences(status, limit, after)
    return [codec.from_data(Difference, row) for row in page.rows], page.after


def _as_ordering_has_it(copied: Order) -> Order:
    """An order that has not ended, as far as is known here, as it is now. Raises NotFoundError, UnavailableError."""
    found = views.find_order(order_id=copied.id)
    if found.paid is None or found.changed_at is None:
        raise UnavailableError("ordering does not yet say whether an order is paid, and when it changed")
    return replace(copied, status=found.status, total=found.total, paid=found.paid, moved_at=found.changed_at)


def _record(order: Order, reasons: tuple[Reason, ...]) -> None:
    if not reasons and differences.find(order.id) is None:
        return
    recorded = differences.create(
        order.id, lambda difference: difference.update(order.payment_id, reasons, clock.stamp())
    )
    for event in recorded.changes:
        if isinstance(event, Found):
            service.money_differs.ring(order_id=order.id, reasons=[reason.kind for reason in reasons])


def _remind(payment: Payment) -> None:
    for reminder in service.not_made(payment):
        _send(reminder)


def _last_changes(invoice: Invoice, payment: Payment) -> Sequence[str]:
    """When an invoice and a payment last changed; nothing for one that does not exist."""
    store = runtime.current().store
    newest = [next(store.backwards(one.stream(one.id), page=1), None) for one in (invoice, payment)]
    return [commit.time for commit in newest if commit]


def _seconds_until_settled(changes: Sequence[str]) -> int:
    unchanged_for = timedelta(seconds=int(runtime.current().setting("RECONCILE_AFTER")))
    left = max(clock.read(moment) for moment in changes) + unchanged_for - clock.now()
    return max(0, ceil(left.total_seconds()))


def _read_day(text: str) -> date:
    try:
        if not DAY.fullmatch(text):  # Python takes 20300131 and 2030-W05-4 too
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidError("day: must be a day such as 2030-01-31") from None


def _send(timer: Timer) -> None:
    runtime.current().queue.send(reminder_body(timer, context.current()))
