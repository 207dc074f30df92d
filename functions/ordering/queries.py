"""The queries of other services that the ordering service answers."""

from functools import partial

from events.queries import FindOrder, FindOrderMessages, FindReasons, MessagesFound, OrderFound, ReasonsFound
from functions.kernel.messaging import order_messages
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime import runtime
from functions.kernel.runtime.side_by_side import results
from functions.kernel.runtime.uses import Uses
from functions.ordering import service
from functions.ordering.domain import Order

queries = Queries("ordering", uses=Uses(streams="load"))


@queries.on(FindOrder)
def find_order(query: FindOrder) -> OrderFound:
    order = service.order(query.order_id)
    latest = next(runtime.current().store.backwards(order.stream(order.id), page=1))
    return OrderFound(
        order_id=order.id,
        customer_id=order.customer_id,
        status=order.status,
        total=order.total,
        paid=order.paid,
        changed_at=latest.time,
        version=order.version,
    )


@queries.on(FindReasons)
def find_reasons(query: FindReasons) -> ReasonsFound:
    ids = list(dict.fromkeys(query.order_ids))
    found = results(runtime.current().side_by_side([partial(service.reason, id) for id in ids]))
    return ReasonsFound(reasons={id: reason for id, reason in zip(ids, found, strict=True) if reason is not None})


@queries.on(FindOrderMessages)
def find_order_messages(query: FindOrderMessages) -> MessagesFound:
    return order_messages.page([Order.stream(query.order_id)], query.after)
