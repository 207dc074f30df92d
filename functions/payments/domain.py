"""Payments and invoices: the money that a customer had authorized, and what is owed of it for an order.

- A short pick lowers what is owed: the invoice is reduced to the order's new total, and never rises again. What was
  captured beyond it is refunded.
- A refund is made exactly once. The commit that lowers what is owed also requests the refund, under the payment's next
  number, and schedules a reminder. Its handler asks the provider under an id that is derived from payment and number,
  then records the refund as made. A crash in between only repeats the request, and the provider pays an id once.
- An order that is cancelled or rejected owes nothing: its payment is voided or, if it was captured, refunded.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies, upcasts
from functions.kernel.domain.errors import InvalidError, NotFoundError, RefusedError

AdjustmentReason = Literal["short_pick", "cancelled"]


@dataclass(frozen=True)
class Refund:
    """An amount, in cents, to pay back to the customer; `made`: whether the provider has paid it."""

    amount: int
    made: bool = False


@dataclass(frozen=True)
class Authorized(DomainEvent):
    customer_id: str
    amount: int


@dataclass(frozen=True)
class Confirmed(DomainEvent):
    order_id: str


@dataclass(frozen=True)
class Voided(DomainEvent):
    pass


@dataclass(frozen=True)
class Captured(DomainEvent):
    """`amount`, in cents, of what was authorized was captured; the rest was released."""

    amount: int


@dataclass(frozen=True)
class RefundRequested(DomainEvent):
    """`amount`, in cents, is to be refunded; `number` counts the payment's refunds, from 1."""

    number: int
    amount: int


@dataclass(frozen=True)
class Refunded(DomainEvent):
    number: int
    amount: int


@dataclass
class Payment(Aggregate):
    """authorized → confirmed → settled → refunded (wholly), or → voided before anything was captured.

    All amounts are in cents. refunds: those that were requested, by number from 1; a refund that was requested is
    never requested again, and stays until the provider has paid it.
    """

    status: str = ""
    customer_id: str = ""
    order_id: str | None = None
    authorized: int = 0
    captured: int = 0
    released: int = 0
    refunds: tuple[Refund, ...] = ()

    @property
    def refunded(self) -> int:
        """What the provider has paid back."""
        return sum(refund.amount for refund in self.refunds if refund.made)

    @property
    def kept(self) -> int:
        """What was captured and is not to be refunded."""
        return self.captured - sum(refund.amount for refund in self.refunds)

    def authorize(self, customer_id: str, amount: int) -> None:
        """Authorize an amount of a customer's money. Raises InvalidError."""
        if not self.is_new:
            return
        if not customer_id.strip():
            raise InvalidError("the customer id cannot be blank")
        if amount <= 0:
            raise InvalidError("the payment amount must be greater than zero")
        self.record(Authorized(customer_id, amount))

    def confirm(self, order_id: str, customer_id: str, amount: int) -> None:
        """Bind it to one order of its customer, which it must cover. Raises RefusedError with the reason."""
        if customer_id != self.customer_id:
            raise RefusedError("the payment is another customer's", self.status)
        if self.order_id not in (None, order_id):
            raise RefusedError("the payment serves another order", self.status)
        self.must_be("authorized", "confirmed", "settled")
        if amount > self.authorized:
            raise RefusedError("the payment does not cover the order", self.status)
        if self.order_id is None:
            self.record(Confirmed(order_id))

    def void(self, order_id: str, customer_id: str) -> None:
        """Release it for an order that was cancelled or rejected.

        A payment that serves another order, is another customer's, or was captured stays as it is.
        """
        own = customer_id == self.customer_id if self.order_id is None else order_id == self.order_id
        if own and self.status in ("authorized", "confirmed"):
            self.record(Voided())

    def capture(self, order_id: str, amount: int) -> None:
        """Capture what is owed for its order, and release the rest. Raises RefusedError."""
        if self.order_id not in (None, order_id):
            raise RefusedError("the payment serves another order", self.status)
        self.must_be("confirmed")
        if amount > self.authorized:
            raise RefusedError("the payment does not cover the order", self.status)
        self.record(Captured(amount))

    def refund_beyond(self, order_id: str, owed: int) -> None:
        """Request the refund of what was captured, and not yet refunded, beyond what its order owes."""
        beyond = self.kept - owed
        if self.order_id == order_id and beyond > 0:
            self.record(RefundRequested(len(self.refunds) + 1, beyond))

    def refund(self, number: int) -> Refund:
        """A requested refund by its number. Raises NotFoundError."""
        if not 1 <= number <= len(self.refunds):
            raise NotFoundError(f"the payment has no refund {number}")
        return self.refunds[number - 1]

    def refund_made(self, number: int) -> None:
        """Record that the provider has paid a refund. Raises NotFoundError for one that was not requested."""
        refund = self.refund(number)
        if not refund.made:
            self.record(Refunded(number, refund.amount))

    @applies(Authorized)
    def _authorized(self, event: Authorized) -> None:
        self.status = "authorized"
        self.customer_id = event.customer_id
        self.authorized = event.amount

    @applies(Confirmed)
    def _confirmed(self, event: Confirmed) -> None:
        self.status = "confirmed"
        self.order_id = event.order_id

    @applies(Voided)
    def _voided(self, event: Voided) -> None:
        self.status = "voided"
        self.released = self.authorized

    @applies(Captured)
    def _captured(self, event: Captured) -> None:
        self.status = "settled"
        self.captured = event.amount
        self.released = self.authorized - event.amount

    @applies(RefundRequested)
    def _refund_requested(self, event: RefundRequested) -> None:
        self.refunds += (Refund(event.amount),)

    @applies(Refunded)
    def _refunded(self, event: Refunded) -> None:
        place = event.number - 1
        made = replace(self.refunds[place], made=True)
        self.refunds = (*self.refunds[:place], made, *self.refunds[place + 1 :])
        if self.refunded == self.captured:
            self.status = "refunded"


@dataclass(frozen=True)
class Billed(DomainEvent):
    payment_id: str
    amount: int


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
    payment_id: str


@dataclass
class Invoice(Aggregate):
    """pending → paid or cancelled; its id is the order's. amount: what is owed, in cents; it never rises.

    A short pick reduces it, before or after it was paid; a cancellation reduces a paid one to 0.
    """

    status: str = ""
    payment_id: str = ""
    amount: int = 0

    def create_or_reduce(self, payment_id: str, amount: int) -> None:
        """Create it with what its order owes, or reduce it to that; a higher amount changes nothing."""
        if self.is_new:
            self.record(Billed(payment_id, amount))
        elif amount < self.amount:
            self.record(Adjusted(amount, "short_pick"))

    def pay(self) -> None:
        """Record that what is owed was captured. Raises RefusedError unless it is pending."""
        self.must_be("pending")
        self.record(Paid())

    def cancel(self, payment_id: str) -> None:
        """Nothing is owed any more. A paid one stays paid, with amount 0; a new one is recorded as cancelled.

        So an approval that arrives after the cancellation creates nothing.
        """
        if self.status == "paid":
            if self.amount > 0:
                self.record(Adjusted(0, "cancelled"))
        elif self.status != "cancelled":
            self.record(Cancelled(payment_id))

    @applies(Billed)
    def _billed(self, event: Billed) -> None:
        self.status = "pending"
        self.payment_id = event.payment_id
        self.amount = event.amount

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
