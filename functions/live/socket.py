"""The staff's stream: connections, and the frames of a client."""

from functions.kernel.rest.socket import Connection, Socket
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.uses import Uses
from functions.live.frames import PROTOCOL, Ping, Subscribe, Unsubscribe
from functions.live.push import connections

socket = Socket(
    "live",
    protocol=PROTOCOL,
    may=[STAFF],
    uses=Uses(rows=("get", "get_many", "query", "put", "delete"), ports=(connections,)),
)


@socket.opened
def opened(connection: Connection) -> None: ...


@socket.closed
def closed(connection: Connection) -> None: ...


@socket.on(Subscribe)
def subscribe(connection: Connection, frame: Subscribe) -> None: ...


@socket.on(Unsubscribe)
def unsubscribe(connection: Connection, frame: Unsubscribe) -> None: ...


@socket.on(Ping)
def ping(connection: Connection, frame: Ping) -> None: ...
