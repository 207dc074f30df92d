"""What the baskets service hears: the events that feed its copies, and that it is time to look for idle baskets."""

from events.baskets import UntouchedBasketsDue
from functions.baskets import service
from functions.baskets.views import projection
from functions.kernel.messaging.inbox import Inbox

inbox = Inbox("baskets")
inbox.include(projection)
inbox.schedule(UntouchedBasketsDue, "rate(1 minute)")


@inbox.on(UntouchedBasketsDue)
def untouched_baskets_due(tick: UntouchedBasketsDue) -> None:
    service.abandon_untouched()
