"""The dispatcher's FIFO queue, which works one message at a time: each triggers a run of matching.match."""

from events.depot import BotCameOnline, BotFinished, BotState, LookAgain, ShoppingListAvailable, WaitingListsDue
from events.registry import Timer
from functions.depot import matching, views
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

inbox = Inbox(
    "depot",
    queue=matching.QUEUE,
    fifo=True,
    uses=Uses(streams="commit", rows=("query", "delete"), indexes=("by_status",)),
)
inbox.include(views.waiting)


@inbox.on(ShoppingListAvailable)
def list_available(event: ShoppingListAvailable) -> None:
    matching.match()


@inbox.on(BotCameOnline, BotFinished)
def bot_idle(event: BotState) -> None:
    matching.match()


@inbox.on(WaitingListsDue, LookAgain)
def check_due(timer: Timer) -> None:
    matching.correct_rows()
    matching.match()
