"""The WebSocket edge: from an event of API Gateway's WebSocket API to the handlers that a service registers.

An event names a connection and a route: `$connect`, or `$default` with a frame, a text that is read by its `action`.
The answer to `$connect` opens the connection or refuses it. Nothing else is answered by what `handle` returns: what a
client is to read is posted to its connection. There is no `$disconnect`, which AWS tells on best effort: a post finds
out that a connection has ended (410).
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from functions.kernel.rest.caller import socket_caller
from functions.kernel.runtime import context, observe
from functions.kernel.runtime.context import Caller, Context
from functions.kernel.runtime.uses import NOTHING, Uses

FRAME_BYTES = 32_768  # of a frame, both ways: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html

F = TypeVar("F", bound=BaseModel)


@dataclass(frozen=True)
class Connection:
    """One connection of a client, and who has it."""

    id: str
    caller: Caller


class UnreadableFrameError(Exception):
    """A text that is no frame of the protocol."""


class Socket:
    """What a service's socket.py registers: the handlers of frames, by their `action`.

    protocol: the one subprotocol that is answered. may: the roles that may connect. uses: what the handlers call, of
    which the permissions of the function are made.
    """

    def __init__(self, service: str, *, protocol: str, may: Sequence[str], uses: Uses = NOTHING) -> None:
        self.service = service
        self.protocol = protocol
        self.may = tuple(may)
        self.uses = uses
        self._frames: dict[str, tuple[type[BaseModel], Callable[[Connection, Any], object]]] = {}
        self._failed: list[Callable[[Connection, Exception], object]] = []

    @property
    def frames(self) -> list[type[BaseModel]]:
        """The frames that it reads, by their actions."""
        return [self._frames[action][0] for action in sorted(self._frames)]

    def failed(self, handler: Callable[[Connection, Exception], object]) -> Callable[[Connection, Exception], object]:
        """Register what to do when a frame cannot be read (UnreadableFrameError) or its handler failed."""
        self._failed.append(handler)
        return handler

    def on(self, frame: type[F]) -> Callable[[Callable[[Connection, F], object]], Callable[[Connection, F], object]]:
        """Register the handler of a frame; its field `action` has one literal."""
        (action,) = get_args(frame.model_fields["action"].annotation)

        def register(handler: Callable[[Connection, F], object]) -> Callable[[Connection, F], object]:
            self._frames[action] = (frame, handler)
            return handler

        return register

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Handle one event of the WebSocket API. Only `$connect` is refused: 403 for another role.

        What fails later is told by a frame: an answer that is no success would be an "Internal server error" to the
        client, without a word of what failed.
        """
        requested = event["requestContext"]
        connection = Connection(requested["connectionId"], socket_caller(event))
        with context.within(Context(caller=connection.caller, actor=connection.caller.actor)):
            if requested["routeKey"] == "$connect":
                return self._open(connection)
            try:
                frame, work = self._read(event.get("body") or "")
                work(connection, frame)
            except Exception as error:
                if not isinstance(error, UnreadableFrameError):
                    observe.log_error("a frame failed", error)
                for handler in self._failed:
                    handler(connection, error)
            return {"statusCode": 200}

    def _open(self, connection: Connection) -> dict[str, Any]:
        if not connection.caller.has(*self.may):
            return {"statusCode": 403}
        return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": self.protocol}}

    def _read(self, body: str) -> tuple[BaseModel, Callable[[Connection, Any], object]]:
        """The frame in a text, and its handler. Raises UnreadableFrameError."""
        try:
            content = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise UnreadableFrameError("a frame is a JSON object") from error
        if not isinstance(content, dict):
            raise UnreadableFrameError("a frame is a JSON object")
        action = content.get("action")
        if not isinstance(action, str) or action not in self._frames:
            raise UnreadableFrameError(f"`action` is one of {', '.join(sorted(self._frames))}")
        frame, work = self._frames[action]
        try:
            return frame.model_validate(content), work
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise UnreadableFrameError(f"{place}: {first['msg']}") from error
