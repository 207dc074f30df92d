"""An order: from its checkout to its completion, rejection or cancellation.

Who may cancel:

- its customer, while it is pending or approved, not once it is ready;
- staff, until it is completed: a ready order too;
- the system, an order of which nothing was found, whose own shopping list was cancelled, or that was ready and unpaid
  for 24 hours (ORDER_UNPAID).

A cancelled order stays cancelled: a late approval is refused. A short pick reduces the items, and with them the total.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError, RefusedError
from functions.ordering.items import Item, Shortage, added_up, must_be_orderable, without

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
    at: str | None = None  # none in events that were stored before it was there


@dataclass(frozen=True)
class Rejected(DomainEvent):
    reason: str


@dataclass(frozen=True)
class CollectedEarly(DomainEvent):
    """A shopping list was completed before the order was approved, and so knew its own list."""

    shopping_list_id: str
    shortages: tuple[Shortage, ...]


@dataclass(frozen=True)
class ListLost(DomainEvent):
    """A shopping list was cancelled before the order was approved, and so knew its own list."""

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
    """pending → approved → ready → completed; pending → rejected; pending, approved or ready → cancelled.

    items: without what robots could not find. ready, paid: whether that has happened, also after a cancellation.
    collected_early: the shortages of lists completed while the order was pending, by list. lost_lists: the lists
    cancelled while it was pending. Times are RFC 3339.
    """

    status: str = ""
    customer_id: str = ""
    payment_id: str = ""
    items: tuple[Item, ...] = ()
    shopping_list_id: str | None = None
    ready: bool = False
    paid: bool = False
    created_at: str = ""
    approved_at: str | None = None
    readied_at: str | None = None
    collected_early: dict[str, tuple[Shortage, ...]] = field(default_factory=dict)
    lost_lists: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """The sum of its items, in cents."""
        return sum(item.price * item.quantity for item in self.items)

    def create(self, customer_id: str, payment_id: str, items: Iterable[Item], at: str) -> None:
        """Create it, once. Raises InvalidError."""
        if not self.is_new:
            return
        if not customer_id.strip():
            raise InvalidError("the customer id cannot be blank")
        if not payment_id.strip():
            raise InvalidError("the payment id cannot be blank")
        ordered = added_up(items)
        must_be_orderable(ordered)
        self.record(Created(customer_id, payment_id, ordered, at))

    def approve(self, shopping_list_id: str, at: str) -> None:
        """Every service accepted it; the list is its own. Raises RefusedError when it is rejected or cancelled."""
        if self.status in ("approved", "ready", "completed"):
            return
        self.must_be("pending")
        self.record(Approved(shopping_list_id, at))
        if shopping_list_id in self.collected_early:
            self._make_ready_or_cancel(self.collected_early[shopping_list_id], at)
        elif shopping_list_id in self.lost_lists:
            self.lose_list(shopping_list_id)

    def reject(self, reason: str) -> None:
        """A service refused it. No effect when it is rejected or cancelled; raises RefusedError once it is approved."""
        if self.status in ("rejected", "cancelled"):
            return
        self.must_be("pending")
        self.record(Rejected(reason))

    def make_ready(self, shopping_list_id: str, shortages: tuple[Shortage, ...], at: str) -> None:
        """A list's items are at the depot, except the shortages, by which the items of the order are reduced.

        A pending order records this: it becomes ready when its approval names that list. When nothing was found, the
        order is cancelled. Raises RefusedError when it has ended, or for another order's list.
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
        self._make_ready_or_cancel(shortages, at)

    def lose_list(self, shopping_list_id: str) -> None:
        """A list was cancelled: without its own, the order cannot become ready, and the system cancels it.

        A pending order records this: it is cancelled when its approval names that list. Raises RefusedError when it
        has ended.
        """
        if self.status == "pending":
            if shopping_list_id not in self.lost_lists:
                self.record(ListLost(shopping_list_id))
            return
        self.must_be("approved", "ready")
        if shopping_list_id == self.shopping_list_id:
            self.cancel("its shopping list was cancelled", by="system")

    def pay(self) -> None:
        """Its invoice was paid: completes it if it is ready. Raises RefusedError when it has ended unpaid."""
        if self.paid:
            return
        self.must_be("pending", "approved", "ready")
        self.record(Paid())
        self._complete_when_done()

    def cancel(self, reason: str, by: Caller) -> None:
        """Cancel it, `by` customer, staff or system. No effect when it is cancelled already.

        A customer may while it is pending or approved, staff and the system also when it is ready. Raises RefusedError.
        """
        if self.status == "cancelled":
            return
        self.must_be("pending", "approved", *(() if by == "customer" else ("ready",)))
        self.record(Cancelled(reason, by))

    @property
    def awaits_payment(self) -> bool:
        """Whether it is ready and lacks only its payment."""
        return self.status == "ready" and not self.paid

    def expire(self, now: datetime, unpaid: timedelta) -> None:
        """Have the system cancel it if it has been ready and unpaid for that long; otherwise change nothing.

        The caller found it in an index that may be behind: an order that was paid or has ended is no error.
        """
        if self.awaits_payment and self.readied_at and now - datetime.fromisoformat(self.readied_at) >= unpaid:
            hours = unpaid / timedelta(hours=1)
            self.cancel(f"the order was not paid within {hours:g} hours of being ready", by="system")

    def _make_ready_or_cancel(self, shortages: tuple[Shortage, ...], at: str) -> None:
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
        self.approved_at = event.at
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
