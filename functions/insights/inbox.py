"""What insights consumes: what its stages need, what begins a flow of an order, and what is about no order."""

from events.insights import SumsDue
from events.registry import Kind, language
from functions.insights import rollup, views
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

WINDOW = 5  # seconds that reports and timelines may be behind: so an order's messages come together (docs/adr/0056)

inbox = Inbox("insights", uses=Uses(rows=("get", "query", "delete")), window=WINDOW)
inbox.include(views.projection)
inbox.schedule(SumsDue, "rate(1 minute)")
# The release before took every message on the bus.
inbox.drain(*(one for one in language().values() if one.about.kind is not Kind.TIMER and one not in inbox.messages))


@inbox.on(SumsDue)
def sums_due(tick: SumsDue) -> None:
    rollup.roll_up()
