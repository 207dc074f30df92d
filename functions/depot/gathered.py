"""The queue of the read model, whose messages are gathered: no command and no robot's connection waits behind them."""

from events.depot import BotRetired
from functions.depot import views
from functions.kernel.messaging.inbox import Inbox

WINDOW = 1  # seconds that lists and robots may be behind, as the staff's boards are (docs/adr/0059)

inbox = Inbox("depot", queue="gathered", window=WINDOW)
inbox.include(views.projection)


@inbox.on(BotRetired)
def bot_retired(event: BotRetired) -> None:
    views.forget_heartbeats(event.bot_id)
