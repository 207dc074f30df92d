"""A payment: the money that a customer had authorized, of which an order's invoice is paid.

- What is captured beyond what is owed (a short pick lowers it, a cancellation makes it 0) is refunded.
- An order that is cancelled or rejected owes nothing: its payment is voided or, if it was captured, refunded. A payment
  that no order took is voided too, a day after its authorization (PAYMENT_UNCONFIRMED).
- A refund and a void follow a commit, and are made exactly once. The commit requests it and carries a reminder, whose
  handler asks the provider under a derived id, then records it as made. A crash in between only repeats the request.
- Authorizing and capturing come before their commit, under derived ids too (service.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies, upcasts
from functions.kernel.domain.errors import InvalidError, NotFoundError, RefusedError


@dataclass(frozen=True)
class Refund:
    """An amount, in cents, to pay back to the customer; `made`: whether the provider has paid it."""

    amount: int
    made: bool = False


@dataclass(frozen=True)
class Statement:
    """What a provider did of one payment, in cents; all 0 for one that it does not know.

    held: what it holds, authorized and neither captured nor released. captured: what was captured and not undone by a
    void. refunds: those that were paid, by request id.
    """

    held: int = 0
    captured: int = 0
    refunds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Authorized(DomainEvent):
    """The provider holds `amount`, in cents, of the customer's money. `at`: RFC 3339."""

    version: ClassVar[int] = 2

    customer_id: str
    amount: int
    at: str


@upcasts(Authorized, from_version=1)
def _without_provider(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 gave no time: no provider was asked to authorize, and none holds anything."""
    return {**data, "at": ""}


@dataclass(frozen=True)
class Abandoned(DomainEvent):
    """The provider may have been asked to authorize it, and no commit followed: it is never to be used.

    A void is requested by this.
    """


@dataclass(frozen=True)
class Confirmed(DomainEvent):
    order_id: str


@dataclass(frozen=True)
class Voided(DomainEvent):
    """Nothing of it is to be captured. If the provider holds it, a void is requested by this."""


@dataclass(frozen=True)
class VoidMade(DomainEvent):
    """The provider holds nothing of it any more."""


@dataclass(frozen=True)
class Captured(DomainEvent):
    """The provider captured `amount`, in cents, of what was authorized, and released the rest."""

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

    All amounts are in cents. authorized_at: when (RFC 3339); empty for one from before providers authorized, of which
    none holds anything. to_void: a void was requested, and is not made yet. refunds: those that were requested, by
    number from 1; a refund that was requested is never requested again, and stays until the provider has paid it.
    """

    snapshot_schema: ClassVar[int] = 2

    status: str = ""
    customer_id: str = ""
    order_id: str | None = None
    authorized: int = 0
    captured: int = 0
    released: int = 0
    refunds: tuple[Refund, ...] = ()
    authorized_at: str = ""
    to_void: bool = False

    @property
    def refunded(self) -> int:
        """What the provider has paid back."""
        return sum(refund.amount for refund in self.refunds if refund.made)

    @property
    def kept(self) -> int:
        """What was captured and is not to be refunded."""
        return self.captured - sum(refund.amount for refund in self.refunds)

    @property
    def is_known_to_provider(self) -> bool:
        """Whether the provider was asked to authorize it."""
        return bool(self.authorized_at)

    def authorize(self, customer_id: str, amount: int, at: str) -> None:
        """Authorize an amount of a customer's money. Raises InvalidError, and RefusedError for an abandoned one."""
        if not self.is_new:
            if not self.customer_id:
                raise RefusedError("this payment was given up meanwhile: make a new one", self.status)
            return
        if not customer_id.strip():
            raise InvalidError("the customer id cannot be blank")
        if amount <= 0:
            raise InvalidError("the payment amount must be greater than zero")
        self.record(Authorized(customer_id, amount, at))

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

    def expire(self, now: datetime, unconfirmed: timedelta) -> None:
        """Void it if it has served no order for that long since its authorization; otherwise change nothing.

        The caller found it in an index that may be behind. A new one is abandoned: its authorization was never stored.
        """
        if self.is_new:
            self.record(Abandoned())
        elif self.status == "authorized" and self._is_as_old_as(unconfirmed, now):
            self.record(Voided())

    def void_made(self) -> None:
        """Record that the provider holds nothing of it any more."""
        if self.to_void:
            self.record(VoidMade())

    def must_cover(self, order_id: str, amount: int) -> None:
        """Raises RefusedError unless so much of it can be captured for an order."""
        if self.order_id not in (None, order_id):
            raise RefusedError("the payment serves another order", self.status)
        self.must_be("confirmed")
        if amount > self.authorized:
            raise RefusedError("the payment does not cover the order", self.status)

    def capture(self, order_id: str, amount: int) -> None:
        """Record that so much was captured for its order, and the rest released. Raises RefusedError."""
        self.must_cover(order_id, amount)
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

    def _is_as_old_as(self, age: timedelta, now: datetime) -> bool:
        return self.is_known_to_provider and now - datetime.fromisoformat(self.authorized_at) >= age

    @applies(Authorized)
    def _authorized(self, event: Authorized) -> None:
        self.status = "authorized"
        self.customer_id = event.customer_id
        self.authorized = event.amount
        self.authorized_at = event.at

    @applies(Abandoned)
    def _abandoned(self, event: Abandoned) -> None:
        self.status = "voided"
        self.to_void = True

    @applies(Confirmed)
    def _confirmed(self, event: Confirmed) -> None:
        self.status = "confirmed"
        self.order_id = event.order_id

    @applies(Voided)
    def _voided(self, event: Voided) -> None:
        self.status = "voided"
        self.released = self.authorized
        self.to_void = self.is_known_to_provider

    @applies(VoidMade)
    def _void_made(self, event: VoidMade) -> None:
        self.to_void = False

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
