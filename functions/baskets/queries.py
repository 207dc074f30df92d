"""The queries that baskets answers to other services."""

from dataclasses import asdict
from typing import Any

from events.queries import FindBasketMessages, FindBasketsOf, HeldFound, MessagesFound
from functions.baskets import service, views
from functions.baskets.domain import Basket
from functions.kernel.messaging import held, order_messages
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses

queries = Queries("baskets", uses=Uses(streams="load", rows=("query",)))


@queries.on(FindBasketsOf)
def find_baskets_of(query: FindBasketsOf) -> HeldFound:
    found = views.baskets_of(query.customer_id, query.after)
    baskets = ((place, service.baskets.find(id)) for place, id in found)  # none where a stream is gone
    return held.page(((place, _held(basket) if basket else None) for place, basket in baskets), query.limit)


@queries.on(FindBasketMessages)
def find_basket_messages(query: FindBasketMessages) -> MessagesFound:
    return order_messages.page([Basket.stream(query.order_id)], query.after)


def _held(basket: Basket) -> dict[str, Any]:
    return {
        "id": basket.id,
        "status": basket.status,
        "payment_id": basket.payment_id,
        "items": [asdict(line) for line in basket.lines],
        "total": basket.total,
        "touched_at": basket.touched_at,
    }
