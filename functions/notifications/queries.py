"""The queries that notifications answers to other services."""

from events.queries import FindTextsTo, HeldFound
from functions.kernel.messaging import held
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses
from functions.notifications import views

queries = Queries("notifications", uses=Uses(rows=("query",)))


@queries.on(FindTextsTo)
def find_texts_to(query: FindTextsTo) -> HeldFound:
    return held.page(views.texts_to(query.customer_id, query.after), query.limit)
