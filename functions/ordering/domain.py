"""An order: what a customer ordered, from its checkout to its completion or its end before that."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError, RefusedError
from functions.ordering.items import Item, Shortage, must_be_orderable, without

Caller = Literal["customer", "staff", "system"]


@dataclass(frozen=True)
class Created(DomainEvent):
    customer_id: str
    payment_id: str
    items: tuple[Item, ...]
    at: str


@dataclass(frozen=True)
class Approved(DomainEvent):
    shopping_list_id: str


@dataclass(frozen=True)
class Rejected(DomainEvent):
    reason: str


@dataclass(frozen=True)
class CollectedEarly(DomainEvent):
    """A shopping list was completed before the order knew which list is its own."""

    shopping_list_id: str
    shortages: tuple[Shortage, ...]


@dataclass(frozen=True)
class ListLost(DomainEvent):
    """A shopping list was cancelled before the order knew which list is its own."""

    shopping_list_id: str


@dataclass(frozen=True)
class Readied(DomainEvent):
    shortages: tuple[Shortage, ...]
    at: str


@dataclass(frozen=True)
class NothingFound(DomainEvent):
    reason: str


@dataclass(frozen=True)
class Paid(DomainEvent):
    pass


@dataclass(frozen=True)
class Completed(DomainEvent):
    pass


@dataclass(frozen=True)
class Cancelled(DomainEvent):
    reason: str
    by: Caller


@dataclass
class Order(Aggregate):
    """pending → approved → ready → completed, or → rejected, or → cancelled. `status` is the published word.

    items: without what robots could not find. ready, paid: whether that has happened, whatever came later.
    collected_early: the shortages of lists completed while the order was pending, by list. lost_lists: those cancelled
    meanwhile. Times are RFC 3339.
    """

    status: str = ""
    customer_id: str = ""
    payment_id: str = ""
    items: tuple[Item, ...] = ()
    shopping_list_id: str | None = None
    ready: bool = False
    paid: bool = False
    created_at: str = ""
    readied_at: str | None = None
    collected_early: dict[str, tuple[Shortage, ...]] = field(default_factory=dict)
    lost_lists: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """The sum of its items, in cents."""
        return sum(item.price * item.quantity for item in self.items)

    def create(self, customer_id: str, payment_id: str, items: Iterable[Item], at: str) -> None:
        """Place it. Raises InvalidError."""
        if not self.is_new:
            return
        if not customer_id.strip():
            raise InvalidError("the customer id cannot be blank")
        if not payment_id.strip():
            raise InvalidError("the payment id cannot be blank")
        ordered = tuple(items)
        must_be_orderable(ordered)
        self.record(Created(customer_id, payment_id, ordered, at))

    def approve(self, shopping_list_id: str, at: str) -> None:
        """Everyone accepted it; the list is its own. Raises RefusedError when it is rejected or cancelled."""
        if self.status in ("approved", "ready", "completed"):
            return
        self.must_be("pending")
        self.record(Approved(shopping_list_id))
        if shopping_list_id in self.collected_early:
            self._take(self.collected_early[shopping_list_id], at)
        elif shopping_list_id in self.lost_lists:
            self.lose_list(shopping_list_id)

    def reject(self, reason: str) -> None:
        """Somebody refused it. Accepted too when it has ended; raises RefusedError once it is approved."""
        if self.status in ("rejected", "cancelled"):
            return
        self.must_be("pending")
        self.record(Rejected(reason))

    def make_ready(self, shopping_list_id: str, shortages: tuple[Shortage, ...], at: str) -> None:
        """A list's items are at the depot, all but the shortages, by which the order is reduced.

        While it is pending this is noted: its approval says whether the list is its own. Raises RefusedError when
        it has ended, or for another order's list.
        """
        if self.status == "pending":
            if shopping_list_id not in self.collected_early:
                self.record(CollectedEarly(shopping_list_id, shortages))
            return
        if self.ready and shopping_list_id == self.shopping_list_id:
            return
        self.must_be("approved", "ready")
        if shopping_list_id != self.shopping_list_id:
            raise RefusedError(f"the shopping list {shopping_list_id} is not this order's")
        self._take(shortages, at)

    def lose_list(self, shopping_list_id: str) -> None:
        """A list was cancelled: an order cannot become ready without its own, and the system calls it off.

        While it is pending this is noted: its approval says whether the list is its own. Raises RefusedError when
        it has ended.
        """
        if self.status == "pending":
            if shopping_list_id not in self.lost_lists:
                self.record(ListLost(shopping_list_id))
            return
        self.must_be("approved", "ready")
        if shopping_list_id == self.shopping_list_id:
            self.cancel("its shopping list was cancelled", by="system")

    def pay(self) -> None:
        """Its invoice was paid. Raises RefusedError when it has ended unpaid."""
        if self.paid:
            return
        self.must_be("pending", "approved", "ready")
        self.record(Paid())
        self._complete_when_done()

    def cancel(self, reason: str, by: Caller) -> None:
        """Call it off, `by` customer, staff or system. Raises RefusedError.

        A customer may until it is ready, the others until it is completed.
        """
        if self.status == "cancelled":
            return
        self.must_be("pending", "approved", *(() if by == "customer" else ("ready",)))
        self.record(Cancelled(reason, by))

    @property
    def awaits_payment(self) -> bool:
        """Whether all that it lacks is to be paid."""
        return self.status == "ready" and not self.paid

    def expire(self, now: datetime, unpaid: timedelta) -> None:
        """Call it off by the system if it has been ready and unpaid for so long; otherwise leave it as it is.

        Who asks goes by an index that may be behind, so an order that was paid, or has ended, is no error.
        """
        if self.awaits_payment and self.readied_at and now - datetime.fromisoformat(self.readied_at) >= unpaid:
            hours = unpaid / timedelta(hours=1)
            self.cancel(f"the order was not paid within {hours:g} hours of being ready", by="system")

    def _take(self, shortages: tuple[Shortage, ...], at: str) -> None:
        if not without(self.items, shortages):
            self.record(NothingFound("nothing of the order was found"))
            return
        self.record(Readied(shortages, at))
        self._complete_when_done()

    def _complete_when_done(self) -> None:
        if self.status == "ready" and self.paid:
            self.record(Completed())

    @applies(Created)
    def _created(self, event: Created) -> None:
        self.status = "pending"
        self.customer_id = event.customer_id
        self.payment_id = event.payment_id
        self.items = event.items
        self.created_at = event.at

    @applies(Approved)
    def _approved(self, event: Approved) -> None:
        self.status = "approved"
        self.shopping_list_id = event.shopping_list_id

    @applies(Rejected)
    def _rejected(self, event: Rejected) -> None:
        self.status = "rejected"

    @applies(CollectedEarly)
    def _collected_early(self, event: CollectedEarly) -> None:
        self.collected_early = {**self.collected_early, event.shopping_list_id: event.shortages}

    @applies(ListLost)
    def _list_lost(self, event: ListLost) -> None:
        self.lost_lists += (event.shopping_list_id,)

    @applies(Readied)
    def _readied(self, event: Readied) -> None:
        self.status = "ready"
        self.ready = True
        self.readied_at = event.at
        self.items = without(self.items, event.shortages)

    @applies(NothingFound)
    def _nothing_found(self, event: NothingFound) -> None:
        self.status = "cancelled"
        self.items = ()

    @applies(Paid)
    def _paid(self, event: Paid) -> None:
        self.paid = True

    @applies(Completed)
    def _completed(self, event: Completed) -> None:
        self.status = "completed"

    @applies(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        self.status = "cancelled"
