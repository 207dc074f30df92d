"""The query that checkout answers to other services."""

from events.queries import FindSagaMessages, MessagesFound
from functions.checkout.domain import CreateOrderSaga
from functions.kernel.messaging import order_messages
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses

queries = Queries("checkout", uses=Uses(streams="load"))


@queries.on(FindSagaMessages)
def find_saga_messages(query: FindSagaMessages) -> MessagesFound:
    return order_messages.page([CreateOrderSaga.stream(query.order_id)], query.after)
