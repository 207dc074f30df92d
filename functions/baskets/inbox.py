"""What the baskets service hears: the events that feed its copies."""

from functions.baskets.views import projection
from functions.kernel.inbox import Inbox

inbox = Inbox("baskets")
inbox.include(projection)
