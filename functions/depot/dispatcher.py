"""The dispatcher's FIFO queue, worked on by one function at a time: a look at what waits follows each batch.

The projection makes the rows of what begins to wait; the events need no more than that.
"""

from events.depot import LookAgain, WaitingListsDue
from events.registry import Timer
from functions.depot import matching, views
from functions.kernel.messaging.inbox import Inbox

inbox = Inbox("depot", queue=matching.QUEUE, fifo=True)
inbox.include(views.waiting)


@inbox.on(WaitingListsDue, LookAgain)
def check_due(timer: Timer) -> None:
    matching.correct_rows()


@inbox.after_a_batch
def match() -> None:
    matching.match()
