"""What surrounds reconciliation in tests: a clock, and a night's run from its tick to what it has found."""

from datetime import UTC, datetime, timedelta

from events.payments import DifferenceCleared, DifferenceFound, Reason, ReconciliationDue
from events.queries import OrderFound
from functions.kernel.runtime import clock
from tests.support.runtime import Sent
from tests.unit.payments.till import Till, cancelled

TOLD_AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)  # when the orders of the till say that they moved
NIGHT = datetime(2026, 3, 15, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOT_PAID_BACK = Reason(kind="payment_balance", expected=0, found=1699)


class Watch:
    """What time it is in a test."""

    def __init__(self) -> None:
        self.now = TOLD_AT


def work(till: Till) -> list[Sent]:
    """Hand the service what it sends itself until nothing is left but what is put off; that."""
    put_off: list[Sent] = []
    till.relay()
    while till.queue.sent:
        till.remind()
        put_off += [sent for sent in till.queue.sent if sent.delay]
        till.queue.sent = [sent for sent in till.queue.sent if not sent.delay]
    return put_off


def reconcile(till: Till, watch: Watch, now: datetime = NIGHT) -> list[Sent]:
    """A night's run; what of it is put off. What it said about differences is heard by the service."""
    watch.now = now
    assert till.hear(ReconciliationDue(time=clock.stamp(now)))
    put_off = work(till)
    hear_differences(till)
    return put_off


def hear_differences(till: Till) -> None:
    """Let the service hear what it said of differences, as its own queue would bring it."""
    for version, message in enumerate(differences(till), start=1):
        till.hear(message, id=f"difference-{version}", stream_version=version)


def differences(till: Till) -> list[DifferenceFound | DifferenceCleared]:
    return [message for message in till.said if isinstance(message, DifferenceFound | DifferenceCleared)]


def names(till: Till) -> list[str]:
    return [type(message).about.name for message in differences(till)]


def refund_refused(till: Till) -> str:
    """The id of a payment whose refund, of 16.99, the provider refused."""
    payment_id = till.paid()
    till.hear(cancelled(payment_id), stream_version=9)
    till.bank.fails = "refuse"
    till.remind()
    till.bank.fails = ""
    till.dead_letters.sent.clear()
    return payment_id


def known_to_ordering(till: Till, status: str, total: int, order_id: str = "order-1") -> None:
    till.owners.answers[order_id] = OrderFound(
        order_id=order_id, customer_id="ada", status=status, total=total, version=3
    )
