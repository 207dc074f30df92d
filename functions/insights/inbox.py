"""What insights consumes: all that its read models are made of, which is every message on the bus."""

from events.insights import SumsDue
from functions.insights import rollup, views
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

inbox = Inbox("insights", uses=Uses(rows=("get", "query", "delete")))
inbox.include(views.projection)
inbox.schedule(SumsDue, "rate(1 minute)")


@inbox.on(SumsDue)
def sums_due(tick: SumsDue) -> None:
    rollup.roll_up()
