"""What live consumes: the events of which the boards are made."""

from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses
from functions.live.push import connections
from functions.live.views import projection

inbox = Inbox("live", uses=Uses(rows=("get_many", "query", "put", "delete"), ports=(connections,)))
inbox.include(projection)
