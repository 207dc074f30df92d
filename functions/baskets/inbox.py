"""What the baskets service consumes: the events that feed its copies, and the tick that has it abandon baskets."""

from events.baskets import UntouchedBasketsDue
from functions.baskets import service
from functions.baskets.views import projection
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

WINDOW = 5  # seconds that copies may be behind; of what has none the owner is asked (docs/adr/0059)

inbox = Inbox("baskets", window=WINDOW, uses=Uses(streams="commit", indexes=("untouched",)))
inbox.include(projection)
inbox.schedule(UntouchedBasketsDue, "rate(1 minute)")


@inbox.on(UntouchedBasketsDue)
def untouched_baskets_due(tick: UntouchedBasketsDue) -> None:
    service.abandon_untouched()
