"""Use cases of orders."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from events.ordering import UnpaidOrdersDue
from events.queries import FindProduct
from functions.kernel.domain.errors import InvalidError, NotFoundError, RefusedError
from functions.kernel.domain.sizes import must_fit
from functions.kernel.eventstore.repository import Repository
from functions.kernel.messaging.queries import Ask
from functions.kernel.messaging.sweep import sweep
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.observe import Alarm
from functions.ordering import views
from functions.ordering.domain import Caller, Cancelled, NothingFound, Order, Rejected
from functions.ordering.items import Item, Shortage, Wanted
from functions.ordering.publish import publishes

orders = Repository(Order, publishes, owner=lambda order: order.customer_id)
find_product = Ask(FindProduct)
UNDOING = {event.__name__ for event in (Rejected, NothingFound, Cancelled)}
order_not_expired = Alarm("OrderNotExpired", UnpaidOrdersDue.about.name)


def order(order_id: str) -> Order:
    """An order as it is now. Raises NotFoundError."""
    return orders.get(order_id)


def reason(order_id: str) -> str | None:
    """Why an order was rejected or cancelled; None where it was not.

    Read from the oldest event on: only requests that change nothing follow an order's end, and these without limit.
    """
    ends = (event for commit in orders.history(order_id) for event in commit.events if event.name in UNDOING)
    return next((event.data["reason"] for event in ends), None)


def place(order_id: str, customer_id: str, payment_id: str, items: Sequence[Item]) -> None:
    """Create the order of a basket that was checked out, once: its id is the basket's."""
    orders.create(order_id, lambda order: order.create(customer_id, payment_id, items, clock.stamp()))


def place_by_staff(customer_id: str, payment_id: str, wanted: Sequence[Wanted]) -> str:
    """Create an order at the catalogue's prices and return its id.

    Raises InvalidError, NotFoundError for a product that its store does not sell, UnavailableError.
    """
    order_id = context.current().new_id()

    def decide(order: Order) -> None:
        order.create(customer_id, payment_id, _catalogued(wanted), clock.stamp())
        must_fit(order.items, "the order")

    orders.create(order_id, decide)
    return order_id


def approve(order_id: str, shopping_list_id: str) -> None:
    """Approve the order: every service accepted it. Raises NotFoundError, RefusedError."""
    orders.change(order_id, lambda order: order.approve(shopping_list_id, clock.stamp()))


def reject(order_id: str, reason: str) -> None:
    """Reject the order: a service refused it. Raises NotFoundError, RefusedError."""
    orders.change(order_id, lambda order: order.reject(reason))


def cancel(order_id: str, reason: str, by: Caller) -> None:
    """Cancel the order. Raises NotFoundError, RefusedError."""
    orders.change(order_id, lambda order: order.cancel(reason, by))


def expire(order_id: str) -> None:
    """Cancel the order if it has been ready and unpaid for ORDER_UNPAID seconds (24 hours). Raises NotFoundError."""
    order = orders.change(order_id, lambda order: order.expire(clock.now(), _longest_unpaid()))
    if not order.awaits_payment:
        views.drop(order_id, orders.last_change(order_id))


def expire_unpaid() -> None:
    """Cancel all orders that have been ready and unpaid for ORDER_UNPAID seconds (24 hours)."""
    sweep(views.ready_since(clock.now() - _longest_unpaid()), expire, order_not_expired)


def make_ready(order_id: str, shopping_list_id: str, shortages: tuple[Shortage, ...]) -> None:
    """Make the order ready, without the shortages: its shopping list was completed. Raises NotFoundError."""
    _change_unless_refused(order_id, lambda order: order.make_ready(shopping_list_id, shortages, clock.stamp()))


def lose_list(order_id: str, shopping_list_id: str) -> None:
    """Cancel the order: its shopping list was cancelled. Raises NotFoundError."""
    _change_unless_refused(order_id, lambda order: order.lose_list(shopping_list_id))


def mark_paid(order_id: str) -> None:
    """Mark the order as paid, which completes a ready one: its invoice was paid. Raises NotFoundError."""
    _change_unless_refused(order_id, lambda order: order.pay())


def _longest_unpaid() -> timedelta:
    return timedelta(seconds=float(runtime.current().setting("ORDER_UNPAID")))


def _change_unless_refused(order_id: str, decide: Callable[[Order], None]) -> None:
    """Apply a fact from another service. An order that has ended refuses it: that is no error and changes nothing."""
    with suppress(RefusedError):
        orders.change(order_id, decide)


def _catalogued(wanted: Iterable[Wanted]) -> Iterator[Item]:
    """Each item as the catalogue has it; the owner is asked once for each product."""
    known: dict[str, Item] = {}
    for item in wanted:
        if not (item.store_id.strip() and item.product_id.strip()):
            raise InvalidError("the store id and the product id cannot be blank")
        if item.product_id not in known:
            known[item.product_id] = _from_catalogue(item.product_id)
        yield item.priced(known[item.product_id])


def _from_catalogue(product_id: str) -> Item:
    try:
        found = find_product(product_id=product_id)
    except NotFoundError:
        raise NotFoundError("product was not located") from None
    return Item(found.store_id, product_id, found.store_name, found.name, found.price, quantity=0)
