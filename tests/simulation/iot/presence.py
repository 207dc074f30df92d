"""Lifecycle events: the broker tells, on topics of its own, of each connection that begins and ends.

https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html: they may come out of order and twice; the
events of one connection have one version, which grows with the next connection of a client id, may skip values, and
begins again at 0 when the client was not connected for about an hour; their timestamp may be off by two minutes.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.iot.rules import BEGIN_MS
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import World

FORGOTTEN = 3_600 * SECOND
INACCURATE = 120_000  # milliseconds
CONNECTED, DISCONNECTED = "connected", "disconnected"


@dataclass(slots=True)
class _Known:
    version: int
    ended_us: int = 0  # 0 while it is connected


class Presence:
    """The versions of all clients' connections. publish: takes a topic and a payload to the rules.

    in_flight: how many events are on their way.
    """

    def __init__(self, world: World, publish: Callable[[str, bytes], None]) -> None:
        self._world = world
        self._publish = publish
        self._known: dict[str, _Known] = {}
        self.in_flight = 0

    def begins(self, client: str, session: str, principal: str) -> int:
        """Tell of a new connection; its version."""
        now, known = self._world.scheduler.now_us, self._known.get(client)
        if known is None or (known.ended_us and now - known.ended_us > FORGOTTEN):
            known = self._known[client] = _Known(0)
        else:
            known.version += self._world.choices.pick((1, 1, 1, 2), "version of a connection")
            known.ended_us = 0
        self._tell(CONNECTED, client, session, principal, known.version, {"ipAddress": "192.0.2.7"})
        return known.version

    def ends(self, client: str, session: str, principal: str, version: int, reason: str) -> None:
        """Tell that a connection has ended. reason: one of the words of the documentation."""
        known = self._known[client]
        if known.version == version:
            known.ended_us = self._world.scheduler.now_us
        by_client = reason == "CLIENT_INITIATED_DISCONNECT"
        more = {"clientInitiatedDisconnect": by_client, "disconnectReason": reason}
        self._tell(DISCONNECTED, client, session, principal, version, more)

    def _tell(
        self, kind: str, client: str, session: str, principal: str, version: int, more: dict[str, object]
    ) -> None:
        world = self._world
        error = world.choices.between(-INACCURATE, INACCURATE, "an approximate time")
        event = {
            "clientId": client,
            "timestamp": BEGIN_MS + world.scheduler.now_us // 1000 + error,
            "eventType": kind,
            "sessionIdentifier": session,
            "principalIdentifier": principal,
            "versionNumber": version,
            **more,
        }
        world.history.record(
            "presence", client=client, event=kind, version=version, reason=more.get("disconnectReason")
        )
        payload = json.dumps(event).encode()
        topic = f"$aws/events/presence/{kind}/{client}"
        for _ in range(2 if world.faults.strikes("presence twice", topic) else 1):
            seconds = world.choices.seconds(0.01, 0.3, "presence")
            if world.faults.strikes("presence late", topic):
                seconds = world.choices.seconds(1.0, 90.0, "presence late")
            self.in_flight += 1
            world.scheduler.call_in(seconds, lambda: self._arrive(topic, payload))

    def _arrive(self, topic: str, payload: bytes) -> None:
        self.in_flight -= 1
        self._publish(topic, payload)
