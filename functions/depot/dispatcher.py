"""The dispatcher's FIFO queue, which works one message at a time: each triggers a run of matching.match."""

from events.depot import BotCameOnline, BotFinished, BotState, LookAgain, ShoppingListAvailable
from functions.depot import matching, views
from functions.kernel.messaging.inbox import Inbox

inbox = Inbox("depot", queue=matching.QUEUE, fifo=True)
inbox.include(views.waiting)


@inbox.on(ShoppingListAvailable)
def list_available(event: ShoppingListAvailable) -> None:
    matching.match(list_id=event.shopping_list_id)


@inbox.on(BotCameOnline, BotFinished)
def bot_idle(event: BotState) -> None:
    matching.match(bot_id=event.bot_id)


@inbox.on(LookAgain)
def next_match_due(reminder: LookAgain) -> None:
    matching.match(list_id=reminder.list_id, runs=reminder.looks, bucket=reminder.bucket)
