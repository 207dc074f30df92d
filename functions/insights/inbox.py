"""What insights consumes: all that its read models are made of, which is every message on the bus."""

from functions.insights import views
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses

inbox = Inbox("insights", uses=Uses(rows=("get", "count")))
inbox.include(views.projection)
