"""The engine's HTTP server: a response is written to the socket at once, and a connection that rests stays open.

The server writes the head of a response, its body and its end each by itself, and waits each time until the socket has
taken it. Now the head waits for what follows it, and an end without bytes is not written.

The engine has it close a connection that rested for 75 s, which loses a request that is sent at that moment. So do
AWS's endpoints, and the SDK tries again; tests and deploys on the engine try each call once, so that what fails shows.
"""

import importlib
import weakref
from typing import Any

from infra.local.engine.seams import Seams

RESTS = 24 * 3_600.0  # seconds: longer than a mall runs


def apply() -> None:
    seams = Seams("responses")
    server, h11 = importlib.import_module("hypercorn.protocol.h11"), importlib.import_module("h11")
    seams.need(server, "RawData")
    heads: weakref.WeakKeyDictionary[Any, bytes] = weakref.WeakKeyDictionary()

    async def send_at_once(protocol: Any, event: Any) -> None:
        try:
            data = protocol.connection.send(event)
        except h11.LocalProtocolError:
            if protocol.connection.their_state != h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            heads[protocol] = data
        elif data := heads.pop(protocol, b"") + data:
            await protocol.send(server.RawData(data=data))

    seams.replace(server.H11Protocol, "_send_h11_event", send_at_once)
    seams.replace(importlib.import_module("hypercorn.config").Config, "keep_alive_timeout", always(RESTS))


def always(value: float) -> property:
    """A setting that keeps its value: the engine sets its own after the patches."""

    def keep(_: object, __: float) -> None:
        """What the engine sets is not taken."""

    return property(lambda _: value, keep)
