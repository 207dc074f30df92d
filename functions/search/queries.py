"""The queries that search answers to other services."""

from events.queries import FindOrdersOf, HeldFound
from functions.kernel.messaging import held
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses
from functions.search import views
from functions.search.service import NEWEST, OLDEST

queries = Queries("search", uses=Uses(rows=("query", "get_many")))


@queries.on(FindOrdersOf)
def find_orders_of(query: FindOrdersOf) -> HeldFound:
    partition = views.pointers_of("customer", query.customer_id)
    found = views.by_pointers([partition], OLDEST, query.after or NEWEST, query.limit + 2)
    places = ((views.position(order), order) for order in found)
    return held.page(((place, order) for place, order in places if place != query.after), query.limit)
