"""What live consumes: the events of which the boards are made; what changed is appended once for a batch."""

from collections.abc import Sequence

from functions.kernel.messaging.inbox import Handled, Inbox
from functions.kernel.runtime.uses import Uses
from functions.live import service
from functions.live.push import connections
from functions.live.views import projection

WINDOW = 1  # seconds that a board may be behind: of what happens at once there is one post (docs/adr/0056)

inbox = Inbox("live", window=WINDOW, uses=Uses(rows=("get", "get_many", "query", "delete"), ports=(connections,)))
inbox.include(projection)


@inbox.after_a_batch
def append(handled: Sequence[Handled]) -> None:
    service.append(handled)
