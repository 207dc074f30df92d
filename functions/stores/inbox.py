"""What the stores service consumes: its own events, which feed its read models."""

from functions.kernel.messaging.inbox import Inbox
from functions.stores.views import projection

inbox = Inbox("stores")
inbox.include(projection)
