"""The public events of the baskets service."""

from typing import Any

from events.baskets import BasketAbandoned, BasketCancelled, BasketCheckedOut, BasketStarted
from events.shapes import LineItem
from functions.baskets.domain import Abandoned, Basket, Cancelled, CheckedOut, Started
from functions.kernel.eventstore.publish import Publisher

publishes = Publisher("baskets")


@publishes(Started)
def basket_started(basket: Basket, event: Started) -> BasketStarted:
    return BasketStarted(**_state(basket))


@publishes(Cancelled)
def basket_cancelled(basket: Basket, event: Cancelled) -> BasketCancelled:
    return BasketCancelled(**_state(basket))


@publishes(CheckedOut)
def basket_checked_out(basket: Basket, event: CheckedOut) -> BasketCheckedOut:
    return BasketCheckedOut(**_state(basket), payment_id=event.payment_id)


@publishes(Abandoned)
def basket_abandoned(basket: Basket, event: Abandoned) -> BasketAbandoned:
    return BasketAbandoned(**_state(basket))


def _state(basket: Basket) -> dict[str, Any]:
    return {
        "basket_id": basket.id,
        "customer_id": basket.customer_id,
        "status": basket.status,
        "items": tuple(LineItem(**vars(line)) for line in basket.lines),
        "total": basket.total,
    }
