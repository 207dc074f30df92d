"""Sessions: what a client has subscribed to, and the messages of QoS 1 that it has not acknowledged.

https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-persistent-sessions: with MQTT 5 a session outlives
its connection by the interval that CONNECT names, which is 0 where it names none; what is published meanwhile is
stored, and sent at 10 messages a second at most when the client is back. An expired message is not sent
(https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_Publish.html).
"""

from tests.simulation.iot.connection import Connection
from tests.simulation.iot.packets import Publication, matches
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import World

BETWEEN_STORED = SECOND // 10
AT_ONCE = 100  # unacknowledged messages to one client (https://docs.aws.amazon.com/general/latest/gr/iot-core.html)


class Session:
    """One session of a client. connection: the one that serves it now. unacknowledged: in the order of arrival.

    kept: seconds for which it outlasts a connection, as the CONNECT of that asked for.
    """

    def __init__(self, world: World, client: str) -> None:
        self._world = world
        self.client = client
        self.filters: set[str] = set()
        self.connection: Connection | None = None
        self.kept = 0.0
        self.ends_us = 0
        self.unacknowledged: dict[str, Publication] = {}

    @property
    def is_over(self) -> bool:
        """Whether it has expired."""
        return self.connection is None and self._world.scheduler.now_us >= self.ends_us

    def wants(self, topic: str) -> bool:
        """Whether the client has subscribed to a topic."""
        return any(matches(pattern, topic) for pattern in self.filters)

    def take(self, publication: Publication) -> None:
        """Keep a message until it is acknowledged, and send it where there is a connection; maybe late, maybe twice."""
        world = self._world
        if len(self.unacknowledged) < AT_ONCE:
            self.unacknowledged[publication.number] = publication
        seconds = world.choices.seconds(0.001, 0.01, "broker")
        if world.faults.strikes("delivery late", publication.topic):
            seconds = world.choices.seconds(0.5, 70.0, "delivery late")
        self._send_in(seconds, publication)
        if world.faults.strikes("delivery twice", publication.topic):
            self._send_in(seconds + world.choices.seconds(0.01, 20.0, "delivery twice"), publication, again=True)

    def resume(self, connection: Connection, kept: float) -> None:
        """Serve a new connection: what was not acknowledged is sent again, and what was stored is sent."""
        self.connection, self.kept = connection, kept
        for number, publication in enumerate(list(self.unacknowledged.values())):
            self._send_in(number * BETWEEN_STORED / SECOND, publication)

    def leave(self) -> None:
        """The connection has ended."""
        self.connection, self.ends_us = None, self._world.scheduler.now_us + int(self.kept * SECOND)

    def acknowledged(self, number: str) -> None:
        """The client has a message."""
        self.unacknowledged.pop(number, None)

    def _send_in(self, seconds: float, publication: Publication, *, again: bool = False) -> None:
        self._world.scheduler.call_in(seconds, lambda: self._send(publication, again=again))

    def _send(self, publication: Publication, *, again: bool) -> None:
        if publication.is_over(self._world.scheduler.now_us):
            if self.unacknowledged.pop(publication.number, None):
                self._world.history.record("mqtt", client=self.client, what="expired", number=publication.number)
        elif self.connection and (again or publication.number in self.unacknowledged):
            self.connection.send_down(publication)
