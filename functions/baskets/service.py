"""The use cases of baskets. Copies are read inside the decision, so that a repeated request does not need them."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from events.baskets import UntouchedBasketsDue
from functions.baskets import views
from functions.baskets.domain import Basket, Product
from functions.baskets.publish import publishes
from functions.kernel.domain.errors import InvalidError, NotFoundError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.messaging import known_customers
from functions.kernel.messaging.sweep import sweep
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.ownership import must_be
from functions.kernel.runtime.side_by_side import results

baskets = Repository(Basket, publishes, owner=lambda basket: basket.customer_id)
basket_not_abandoned = Alarm("BasketNotAbandoned", UntouchedBasketsDue.about.name)


def start(customer_id: str) -> str:
    """Start a basket for a customer and return its id.

    Raises ForbiddenError for a customer other than the caller, InvalidError, NotFoundError for an unknown customer.
    """
    must_be(customer_id)
    return baskets.create(context.current().new_id(), lambda basket: _start(basket, customer_id)).id


def start_with(customer_id: str, wanted: Sequence[tuple[str, int]]) -> str:
    """Start a basket that holds quantities of products (by their ids), in one commit, and return its id.

    Raises as `start` and `add_items` do.
    """
    must_be(customer_id)

    def decide(basket: Basket) -> None:
        _start(basket, customer_id)
        _add(basket, wanted)

    return baskets.create(context.current().new_id(), decide).id


def basket(basket_id: str) -> Basket:
    """A basket as it is now. Raises NotFoundError."""
    return baskets.get(basket_id)


def add_item(basket_id: str, product_id: str, quantity: int) -> None:
    """Add a quantity of a product. Raises NotFoundError, RefusedError, InvalidError, UnavailableError."""
    add_items(basket_id, [(product_id, quantity)])


def add_items(basket_id: str, wanted: Sequence[tuple[str, int]]) -> None:
    """Add quantities of products, by their ids, in one commit: all of them or none.

    Raises NotFoundError, RefusedError, InvalidError, UnavailableError.
    """
    baskets.change(basket_id, lambda basket: _add(basket, wanted))


def product(product_id: str) -> Product:
    """A product as it is in the catalogue. Raises InvalidError, NotFoundError, UnavailableError."""
    _must_name(product_id)
    found = views.product(product_id)
    if found is None:
        raise NotFoundError("product was not located")
    return found


def remove_item(basket_id: str, product_id: str, quantity: int) -> None:
    """Remove a quantity of a product. Raises NotFoundError for an unknown basket, RefusedError, InvalidError."""
    _must_name(product_id)
    baskets.change(basket_id, lambda basket: basket.remove_item(product_id, quantity, clock.stamp()))


def cancel(basket_id: str) -> None:
    """Cancel a basket. Raises NotFoundError, RefusedError."""
    baskets.change(basket_id, lambda basket: basket.cancel())


def check_out(basket_id: str, payment_id: str) -> None:
    """Order the items of a basket. Raises NotFoundError, RefusedError, InvalidError."""
    baskets.change(basket_id, lambda basket: basket.check_out(payment_id))


def abandon(basket_id: str) -> None:
    """Abandon a basket if it was untouched for too long, and write its row either way. Raises NotFoundError."""
    basket = baskets.change(basket_id, lambda basket: basket.abandon(clock.now(), _untouched()))
    views.write_row(basket, None if basket.status == "open" else baskets.last_change(basket_id))


def abandon_untouched() -> None:
    """Abandon all baskets that were untouched for too long: 30 minutes, unless the stage sets another time."""
    sweep(views.untouched_since(clock.now() - _untouched()), abandon, basket_not_abandoned)


def _start(basket: Basket, customer_id: str) -> None:
    basket.start(customer_id, clock.stamp())
    if not known_customers.knows(customer_id):
        raise NotFoundError("customer was not located")


def _add(basket: Basket, wanted: Sequence[tuple[str, int]]) -> None:
    ids = list(dict.fromkeys(id for id, _ in wanted))
    found = dict(zip(ids, results(runtime.current().side_by_side([partial(product, id) for id in ids])), strict=True))
    participating_only = runtime.current().setting("REQUIRE_PARTICIPATION") == "1"
    items = [(found[id], quantity) for id, quantity in wanted]
    basket.add_items(items, clock.stamp(), participating_only=participating_only)


def _untouched() -> timedelta:
    return timedelta(seconds=float(runtime.current().setting("BASKET_UNTOUCHED")))


def _must_name(product_id: str) -> None:
    if not product_id.strip():
        raise InvalidError("the product id cannot be blank")
