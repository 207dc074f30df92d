"""The use cases of baskets. Copies are read inside the decision, so that a repeated request does not need them."""

from datetime import timedelta

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

baskets = Repository(Basket, publishes, owner=lambda basket: basket.customer_id)
basket_not_abandoned = Alarm("BasketNotAbandoned", UntouchedBasketsDue.about.name)


def start(customer_id: str) -> str:
    """Start a basket for a customer and return its id.

    Raises ForbiddenError for a customer other than the caller, InvalidError, NotFoundError for an unknown customer.
    """
    must_be(customer_id)

    def decide(basket: Basket) -> None:
        basket.start(customer_id, clock.stamp())
        if not known_customers.knows(customer_id):
            raise NotFoundError("customer was not located")

    return baskets.create(context.current().new_id(), decide).id


def basket(basket_id: str) -> Basket:
    """A basket as it is now. Raises NotFoundError."""
    return baskets.get(basket_id)


def add_item(basket_id: str, product_id: str, quantity: int) -> None:
    """Add a quantity of a product. Raises NotFoundError, RefusedError, InvalidError, UnavailableError."""
    participating_only = runtime.current().setting("REQUIRE_PARTICIPATION") == "1"
    baskets.change(
        basket_id,
        lambda basket: basket.add_item(
            product(product_id), quantity, clock.stamp(), participating_only=participating_only
        ),
    )


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


def _untouched() -> timedelta:
    return timedelta(seconds=float(runtime.current().setting("BASKET_UNTOUCHED")))


def _must_name(product_id: str) -> None:
    if not product_id.strip():
        raise InvalidError("the product id cannot be blank")
