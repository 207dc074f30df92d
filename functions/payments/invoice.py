"""An invoice: what is owed for an order."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies, upcasts

AdjustmentReason = Literal["short_pick", "cancelled"]


@dataclass(frozen=True)
class Billed(DomainEvent):
    """customer_id: whose order it is for; earlier code did not keep it."""

    payment_id: str
    amount: int
    customer_id: str = ""


@dataclass(frozen=True)
class Adjusted(DomainEvent):
    """`amount`, in cents, is what is owed now: less than before."""

    version: ClassVar[int] = 2

    amount: int
    reason: AdjustmentReason


@upcasts(Adjusted, from_version=1)
def _reason_by_amount(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 gave no reason; only a cancellation reduced a paid invoice to 0."""
    return {**data, "reason": "short_pick" if data["amount"] else "cancelled"}


@dataclass(frozen=True)
class Paid(DomainEvent):
    pass


@dataclass(frozen=True)
class Cancelled(DomainEvent):
    """customer_id: as in Billed."""

    payment_id: str
    customer_id: str = ""


@dataclass
class Invoice(Aggregate):
    """pending → paid or cancelled; its id is the order's. amount: what is owed, in cents; it never rises.

    A short pick reduces it, before or after it was paid; a cancellation reduces a paid one to 0. customer_id: whose
    order it is for, which need not be whose payment that order names; "" where that is not known.
    """

    status: str = ""
    payment_id: str = ""
    amount: int = 0
    customer_id: str = ""

    def create_or_reduce(self, payment_id: str, amount: int, customer_id: str) -> None:
        """Create it with what its order owes, or reduce it to that; a higher amount changes nothing."""
        if self.is_new:
            self.record(Billed(payment_id, amount, customer_id))
        elif amount < self.amount:
            self.record(Adjusted(amount, "short_pick"))

    def pay(self) -> None:
        """Record that what is owed was captured. Raises RefusedError unless it is pending."""
        self.must_be("pending")
        self.record(Paid())

    def cancel(self, payment_id: str, customer_id: str) -> None:
        """Nothing is owed any more. A paid one stays paid, with amount 0; a new one is recorded as cancelled.

        So an approval that arrives after the cancellation creates nothing.
        """
        if self.status == "paid":
            if self.amount > 0:
                self.record(Adjusted(0, "cancelled"))
        elif self.status != "cancelled":
            self.record(Cancelled(payment_id, customer_id))

    @applies(Billed)
    def _billed(self, event: Billed) -> None:
        self.status = "pending"
        self.payment_id = event.payment_id
        self.amount = event.amount
        self.customer_id = event.customer_id

    @applies(Adjusted)
    def _adjusted(self, event: Adjusted) -> None:
        self.amount = event.amount

    @applies(Paid)
    def _paid(self, event: Paid) -> None:
        self.status = "paid"

    @applies(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        self.status = "cancelled"
        self.payment_id = event.payment_id
        self.amount = 0
        self.customer_id = event.customer_id or self.customer_id
