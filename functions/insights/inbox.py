"""What insights consumes: all that its read models are made of, which is every message on the bus."""

from functions.insights import views
from functions.kernel.messaging.inbox import Inbox

inbox = Inbox("insights")
inbox.include(views.projection)
