"""What makes the depot look for pairs of lists and robots: one by one, in a queue of its own."""

from events.depot import BotCameOnline, BotFinished, BotState, LookAgain, ShoppingListAvailable
from functions.depot import dispatch, views
from functions.kernel.messaging.inbox import Inbox

inbox = Inbox("depot", queue=dispatch.QUEUE, fifo=True)
inbox.include(views.waiting)


@inbox.on(ShoppingListAvailable)
def list_available(event: ShoppingListAvailable) -> None:
    dispatch.look(list_id=event.shopping_list_id)


@inbox.on(BotCameOnline, BotFinished)
def bot_idle(event: BotState) -> None:
    dispatch.look(bot_id=event.bot_id)


@inbox.on(LookAgain)
def look_again(reminder: LookAgain) -> None:
    dispatch.look(list_id=reminder.list_id, looks=reminder.looks, bucket=reminder.bucket)
