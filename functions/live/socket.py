"""The staff's stream: the frames of a client."""

from functions.kernel.rest.socket import Connection, Socket, UnreadableFrameError
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.uses import Uses
from functions.live import service
from functions.live.frames import PROTOCOL, Error, Ping, Subscribe, Unsubscribe
from functions.live.push import connections
from functions.live.service import AGAIN

socket = Socket(
    "live",
    protocol=PROTOCOL,
    may=[STAFF],
    uses=Uses(rows=("get", "get_many", "query", "put", "delete"), ports=(connections,)),
)


@socket.failed
def failed(connection: Connection, error: Exception) -> None:
    unreadable = isinstance(error, UnreadableFrameError)
    frame = Error(code="unreadable", message=str(error)) if unreadable else Error(code="unavailable", message=AGAIN)
    service.refuse(connection.id, frame)


@socket.on(Subscribe)
def subscribe(connection: Connection, frame: Subscribe) -> None:
    service.subscribe(connection.id, connection.caller, frame.topics, packed=frame.packed)


@socket.on(Unsubscribe)
def unsubscribe(connection: Connection, frame: Unsubscribe) -> None:
    service.unsubscribe(connection.id, [unwanted.topic for unwanted in frame.topics])


@socket.on(Ping)
def ping(connection: Connection, frame: Ping) -> None:
    service.ping(connection.id, frame.id, frame.positions)
