"""What insights hears: whatever its read models are made of, which is everything that is said on the bus."""

from functions.insights import views
from functions.kernel.messaging.inbox import Inbox

inbox = Inbox("insights")
inbox.include(views.projection)
