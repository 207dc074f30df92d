"""What search hears: everything that its read models show."""

from functions.kernel.messaging.inbox import Inbox
from functions.search import views

inbox = Inbox("search")
inbox.include(views.projection)
