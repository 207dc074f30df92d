"""API Gateway's WebSocket API: connections, their limits, and posts to them.

A frame of a page is given to the function of its route, each in an invocation of its own: frames that follow each other
are handled side by side. A post is answered once it is taken; posts may overtake each other on their way. No function
is told of the end of a connection, for the API has no route for that. Limits:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from collections.abc import Callable
from typing import Any, Protocol

from tests.simulation.containers import Function
from tests.simulation.scheduler import SECOND, Promise
from tests.simulation.sdk import Wire, World, client_error

LONGEST, IDLE = 7_200, 600  # seconds of a connection, and without anything in either direction
FRAME, MESSAGE = 32_768, 131_072  # bytes
INTEGRATION_TIMEOUT = 29.0
ARN = "arn:aws:execute-api:eu-central-1:123456789012:socket/live/$connect"
FAILED = '{"message": "Internal server error", "connectionId":"%s", "requestId":"%s"}'
LATE_POST, LATE_FRAME = 3.0, 8.0


class Browser(Protocol):
    """The page's end of a connection."""

    def opened(self) -> None:
        """It opened, with the subprotocol that was offered first."""

    def closed(self) -> None:
        """It was closed, or could not be opened."""

    def received(self, text: str) -> None:
        """A text came."""


class Connection:
    """One connection.

    is_open: as the gateway knows it. is_dead: nothing passes any more. is_left: the page has closed it, or knows that
    it was closed.
    """

    def __init__(self, gateway: "SocketGateway", id: str, browser: Browser) -> None:
        self.id = id
        self.browser = browser
        self.told: dict[str, Any] = {}
        self.is_open = self.is_dead = self.is_left = False
        self.active_us = 0
        self.arrives_us = 0
        self._gateway = gateway

    def send(self, text: str) -> None:
        """Send a text; those of a connection arrive in their order."""
        self._gateway.take(self, lambda: self._gateway.arrive(self, text))

    def close(self) -> None:
        """Close it: the page hears of it no more."""
        self.is_left = True
        self._gateway.take(self, lambda: self._gateway.end(self, "closed by the page"))


class SocketGateway:
    """One WebSocket API. socket, authorizer: its functions. in_flight: how much is on its way."""

    def __init__(self, world: World, socket: Function, authorizer: Function) -> None:
        self._world, self._socket, self._authorizer = world, socket, authorizer
        self.connections: dict[str, Connection] = {}
        self.in_flight = 0

    def connect(self, browser: Browser, protocols: list[str]) -> Connection:
        """Begin a connection; the browser is told how that ends."""
        connection = Connection(self, self._world.number("connection"), browser)
        self._later(self._latency(), lambda: self._world.scheduler.spawn(self._open, connection, protocols))
        return connection

    def take(self, connection: Connection, work: Callable[[], object]) -> None:
        """Do something when what a page sends now arrives."""
        now = self._world.scheduler.now_us
        connection.arrives_us = max(now + int(self._latency() * SECOND), connection.arrives_us + 1)
        self._later((connection.arrives_us - now) / SECOND, work)

    def arrive(self, connection: Connection, text: str) -> None:
        """A frame of a page is here."""
        world = self._world
        if connection.is_dead or not connection.is_open or self._is_cut(connection):
            return
        number = world.number("frame")
        world.history.record("frame", id=number, connection=connection.id, text=text)
        if len(text.encode()) > FRAME:
            self.end(connection, "1009: a frame is too large")
            return
        connection.active_us = world.scheduler.now_us
        for _ in range(2 if world.faults.strikes("frame twice", number) else 1):
            late = world.faults.strikes("frame late", number)
            seconds = world.choices.seconds(0.05, LATE_FRAME, "frame late") if late else 0.0
            self._later(seconds, lambda: world.scheduler.spawn(self._handle, connection, number, text))

    def post(self, connection_id: str, text: str, by: str) -> None:
        """Take a text for a connection. Raises ClientError, GoneException where it is not open."""
        world, size = self._world, len(text.encode())
        connection = self.connections.get(connection_id)
        if connection is None or not connection.is_open:
            world.history.record("gone", connection=connection_id, container=by)
            raise client_error("GoneException", "", "PostToConnection", status=410)
        number = world.number("post")
        world.history.record("posted", id=number, connection=connection_id, container=by, text=text)
        if size > MESSAGE:
            raise client_error("PayloadTooLargeException", "", "PostToConnection", status=413)
        connection.active_us = world.scheduler.now_us
        if connection.is_dead or self._is_cut(connection) or world.faults.strikes("post lost", number):
            return
        for _ in range(2 if world.faults.strikes("post twice", number) else 1):
            late = world.faults.strikes("post late", number)
            seconds = world.choices.seconds(0.05, LATE_POST, "post late") if late else self._latency()
            self._later(seconds, lambda: self._deliver(connection, text))

    def end(self, connection: Connection, why: str, *, told: bool = True) -> None:
        """End a connection. told: whether its page is."""
        if not connection.is_open:
            return
        connection.is_open = False
        del self.connections[connection.id]
        self._world.history.record("ended socket", connection=connection.id, why=why)
        if told and not connection.is_dead:
            self._later(self._latency(), lambda: self._tell_closed(connection))

    def end_all(self, why: str) -> None:
        """End all connections, and tell the pages."""
        for connection in list(self.connections.values()):
            self.end(connection, why)

    def die(self, connection: Connection) -> None:
        """Let nothing pass any more. The gateway finds that at some time; the page is not told."""
        connection.is_dead = True
        seconds = self._world.choices.seconds(0.5, IDLE, "found dead")
        self._world.scheduler.call_in(seconds, lambda: self.end(connection, "found dead"))

    def bury(self) -> None:
        """Find all dead connections now."""
        for connection in list(self.connections.values()):
            if connection.is_dead:
                self.end(connection, "found dead")

    def _open(self, connection: Connection, protocols: list[str]) -> None:
        if connection.is_left:
            return
        if self._world.faults.strikes("connection throttled", connection.id):
            self._refuse(connection, "429")
            return
        headers = {"Sec-WebSocket-Protocol": ", ".join(protocols)}
        event = {"type": "REQUEST", "methodArn": ARN, **self._event("$connect", connection), "headers": headers}
        policy = self._ask(self._authorizer, event, connection.id)
        if policy is None or policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
            self._refuse(connection, "403" if policy else "500")
            return
        connection.told = {"principalId": policy["principalId"], **policy["context"]}
        answer = self._ask(self._socket, self._event("$connect", connection), connection.id)
        status = answer["statusCode"] if answer else 500
        if status != 200:
            self._refuse(connection, str(status))
            return
        assert answer
        chosen = answer["headers"]["Sec-WebSocket-Protocol"]
        world = self._world
        connection.is_open = True
        connection.active_us = world.scheduler.now_us
        self.connections[connection.id] = connection
        world.history.record("opened", connection=connection.id, told=connection.told)
        world.scheduler.call_in(LONGEST, lambda: self.end(connection, "two hours"))
        world.scheduler.call_in(IDLE, lambda: self._look(connection))
        # A browser fails a connection that answers another subprotocol than those offered.
        told = self._tell_opened if chosen == protocols[0] else self._tell_closed
        self._later(self._latency(), lambda: told(connection))
        self._end_left(connection)

    def _end_left(self, connection: Connection) -> None:
        """End a connection that its page gave up while it was being opened."""
        if connection.is_left:
            self.end(connection, "closed by the page")

    def _refuse(self, connection: Connection, status: str) -> None:
        self._world.history.record("refused socket", connection=connection.id, status=status)
        self._later(self._latency(), lambda: self._tell_closed(connection))

    def _look(self, connection: Connection) -> None:
        """End a connection that was idle for too long."""
        if not connection.is_open:
            return
        over_us = connection.active_us + IDLE * SECOND
        if self._world.scheduler.now_us >= over_us:
            self.end(connection, "idle")
        else:
            self._world.scheduler.call_at(over_us, lambda: self._look(connection))

    def _handle(self, connection: Connection, number: str, text: str) -> None:
        event = {**self._event("$default", connection), "body": text}
        if self._ask(self._socket, event, number) is None and connection.is_open and not connection.is_dead:
            self._world.history.record("frame failed", id=number, connection=connection.id)
            self._deliver(connection, FAILED % (connection.id, number))

    def _ask(self, function: Function, event: dict[str, Any], cause: str) -> dict[str, Any] | None:
        """The answer of a function; None where it is throttled, fails or takes too long."""
        promise = Promise()
        if not function.invoke(event, [cause], lambda how, answer: promise.give((how, answer))):
            return None
        if not self._world.scheduler.wait(promise, INTEGRATION_TIMEOUT):
            return None
        how, answer = promise.value
        return answer if how == "ok" else None

    def _event(self, route: str, connection: Connection) -> dict[str, Any]:
        requested = {"routeKey": route, "connectionId": connection.id, "authorizer": connection.told}
        return {"requestContext": requested, "isBase64Encoded": False}

    def _is_cut(self, connection: Connection) -> bool:
        """Whether a connection ends right here, or passes nothing from now on."""
        faults = self._world.faults
        if faults.strikes("connection cut", connection.id):
            self.end(connection, "cut")
        elif faults.strikes("connection dead", connection.id):
            self.die(connection)
        return connection.is_dead or not connection.is_open

    def _deliver(self, connection: Connection, text: str) -> None:
        if connection.is_open and not connection.is_left and not connection.is_dead:
            connection.browser.received(text)

    def _tell_opened(self, connection: Connection) -> None:
        if not connection.is_left and not connection.is_dead:
            connection.browser.opened()

    def _tell_closed(self, connection: Connection) -> None:
        if not connection.is_left:
            connection.is_left = True
            connection.browser.closed()

    def _later(self, seconds: float, work: Callable[[], object]) -> None:
        self.in_flight += 1

        def done() -> None:
            self.in_flight -= 1
            work()

        self._world.scheduler.call_in(seconds, done)

    def _latency(self) -> float:
        return self._world.choices.seconds(0.002, 0.04, "network")


class PostingClient:
    """One container's client of API Gateway's management API."""

    def __init__(self, gateway: Callable[[], SocketGateway], wire: Wire, name: str) -> None:
        self._gateway, self._wire, self._name = gateway, wire, name

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> dict[str, Any]:
        """Post to a connection."""
        post = self._gateway().post
        self._wire.call("PostToConnection", "connections", lambda: post(ConnectionId, Data.decode(), self._name))
        return {}
