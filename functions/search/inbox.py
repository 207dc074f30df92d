"""What search consumes: the events that its read models are made of."""

from functions.kernel.messaging.inbox import Inbox
from functions.search import views

inbox = Inbox("search")
inbox.include(views.projection)
