"""What the stores service hears: its own events, which feed its lists."""

from functions.kernel.messaging.inbox import Inbox
from functions.stores.views import projection

inbox = Inbox("stores")
inbox.include(projection)
