"""What insights consumes: all that its read models are made of, which is every message on the bus."""

from events.insights import SumsDue
from functions.insights import rollup, views
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

WINDOW = 5  # seconds that reports and timelines may be behind: so an order's messages come together (docs/adr/0056)

inbox = Inbox("insights", uses=Uses(rows=("get", "query", "delete")), window=WINDOW)
inbox.include(views.projection)
inbox.schedule(SumsDue, "rate(1 minute)")


@inbox.on(SumsDue)
def sums_due(tick: SumsDue) -> None:
    rollup.roll_up()
