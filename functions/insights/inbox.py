"""What insights hears: everything that is said on the bus."""

from functions.insights import views
from functions.kernel.inbox import Inbox

inbox = Inbox("insights")
inbox.include(views.timeline)
inbox.include(views.sales)
