"""A nightly reconciliation in tests: a clock, and a run from its tick to the differences that it found."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from events.payments import DifferenceCleared, DifferenceFound, Reason, ReconciliationDue
from events.queries import OrderFound
from functions.kernel.runtime import clock
from tests.support.runtime import Sent
from tests.unit.payments.till import Till, cancelled

CHANGED_AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)  # the time of the order events that the till delivers
NIGHT = datetime(2026, 3, 15, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOT_PAID_BACK = Reason(kind="payment_balance", expected=0, found=1699)


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = CHANGED_AT


def work(till: Till) -> list[Sent]:
    """Deliver what the service sends itself until only delayed messages are left; returns those."""
    delayed: list[Sent] = []
    till.relay()
    while till.queue.sent:
        till.deliver_reminders()
        delayed += [sent for sent in till.queue.sent if sent.delay]
        till.queue.sent = [sent for sent in till.queue.sent if not sent.delay]
    return delayed


def sent(till: Till, name: str) -> list[dict[str, Any]]:
    """The data of the messages of a name that wait in the queue."""
    details = [json.loads(message.body)["detail"] for message in till.queue.sent]
    return [detail["data"] for detail in details if detail["metadata"]["name"] == name]


def reconcile(till: Till, watch: Watch, now: datetime = NIGHT) -> list[Sent]:
    """Run a night's reconciliation and deliver the differences it publishes; returns the messages that it delayed."""
    watch.now = now
    assert till.deliver(ReconciliationDue(time=clock.stamp(now)))
    delayed = work(till)
    deliver_differences(till)
    return delayed


def deliver_differences(till: Till) -> None:
    """Deliver to the service the differences that it published, as its own queue would."""
    for version, message in enumerate(differences(till), start=1):
        till.deliver(message, id=f"difference-{version}", stream_version=version)


def differences(till: Till) -> list[DifferenceFound | DifferenceCleared]:
    return [message for message in till.published if isinstance(message, DifferenceFound | DifferenceCleared)]


def names(till: Till) -> list[str]:
    return [type(message).about.name for message in differences(till)]


def refund_refused(till: Till) -> str:
    """The id of a payment whose refund, of 16.99, the provider refuses until `fails` is another."""
    payment_id = till.paid()
    till.deliver(cancelled(payment_id), stream_version=9)
    till.bank.fails = "refuse"
    till.deliver_reminders()
    till.dead_letters.sent.clear()
    return payment_id


def known_to_ordering(
    till: Till, status: str, total: int, *, paid: bool = False, changed_at: datetime = CHANGED_AT
) -> None:
    """What ordering says of order-1."""
    till.owners.answers["order-1"] = OrderFound(
        order_id="order-1",
        customer_id="ada",
        status=status,
        total=total,
        paid=paid,
        changed_at=clock.stamp(changed_at),
        version=3,
    )
