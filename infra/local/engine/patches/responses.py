"""The engine's HTTP server: a response is written to the socket at once.

The server writes the head of a response, its body and its end each by itself, and waits each time until the socket has
taken it. Now the head waits for what follows it, and an end without bytes is not written.
"""

import importlib
import weakref
from typing import Any

from infra.local.engine.seams import Seams


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
