"""The dispatcher's FIFO queue, worked on by one function at a time: a look at what waits follows each batch.

The projection makes the rows of what begins to wait; the events need no more than that.
"""

from collections.abc import Sequence

from events.depot import LookAgain, WaitingListsDue
from events.registry import Timer
from functions.depot import matching, views
from functions.kernel.messaging.inbox import Handled, Inbox
from functions.kernel.runtime.uses import Uses

inbox = Inbox(
    "depot",
    queue=matching.QUEUE,
    fifo=True,
    uses=Uses(streams="commit", rows=("query", "delete"), indexes=("by_status",)),
)
inbox.include(views.waiting)


@inbox.on(WaitingListsDue, LookAgain)
def check_due(timer: Timer) -> None:
    matching.correct_rows()


@inbox.after_a_batch
def match(handled: Sequence[Handled]) -> None:
    matching.match()
