"""The queries that notifications answers to other services."""

from functools import partial

from events.queries import (
    FindSkippedTexts,
    FindTextMessages,
    FindTextsTo,
    HeldFound,
    MessagesFound,
    SkippedTextsFound,
)
from functions.kernel.messaging import held, order_messages
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime import ids, runtime
from functions.kernel.runtime.side_by_side import results
from functions.kernel.runtime.uses import Uses
from functions.notifications import service, views
from functions.notifications.domain import Notification

queries = Queries("notifications", uses=Uses(streams="load", rows=("query",)))


@queries.on(FindTextsTo)
def find_texts_to(query: FindTextsTo) -> HeldFound:
    return held.page(views.texts_to(query.customer_id, query.after), query.limit)


@queries.on(FindSkippedTexts)
def find_skipped_texts(query: FindSkippedTexts) -> SkippedTextsFound:
    ids = list(dict.fromkeys(query.order_ids))
    jobs = [partial(service.skipped, id, kind) for id in ids for kind in service.KINDS]
    found = [text for text in results(runtime.current().side_by_side(jobs)) if text]
    texts = {id: tuple(text for text in found if text["order_id"] == id) for id in ids}
    return SkippedTextsFound(texts={id: of_order for id, of_order in texts.items() if of_order})


@queries.on(FindTextMessages)
def find_text_messages(query: FindTextMessages) -> MessagesFound:
    streams = [Notification.stream(ids.derive(query.order_id, kind)) for kind in service.KINDS]
    return order_messages.page(streams, query.after)
