"""What insights consumes: all that its read models are made of, which is every message on the bus."""

from events.customers import CustomerErased
from functions.insights import views
from functions.insights.models import timeline
from functions.kernel.messaging.inbox import Again, Inbox
from functions.kernel.runtime.uses import Uses

inbox = Inbox("insights", uses=Uses(rows=("get", "count")))
inbox.include(views.projection)


@inbox.on(CustomerErased)
def customer_erased(event: CustomerErased) -> None:
    if not timeline.forget(event.customer_id):
        raise Again(0)
