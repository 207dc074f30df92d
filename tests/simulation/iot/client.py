"""A client's end: it connects, sends again what was not acknowledged, and comes back after cuts, as paho-mqtt does."""

from collections.abc import Callable, Sequence
from typing import Protocol

from clients.robot.client import ACKNOWLEDGED_WITHIN, LONGEST_TAKING, SESSION, TAKEN_WITHIN
from tests.simulation.iot.broker import Broker
from tests.simulation.iot.connection import SILENT, Connection
from tests.simulation.iot.packets import Publication, Will
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import World

ON_RESUMING = 0.05  # seconds until a process that goes on learns that its connection is gone
FIRST_BACK_OFF, LONGEST_BACK_OFF = 1.0, 30.0


class Device(Protocol):
    """What uses the client."""

    def connected(self) -> None:
        """The connection is there, and its subscriptions are on their way."""

    def disconnected(self) -> None:
        """The connection ended."""

    def received(self, topic: str, payload: bytes) -> None:
        """A message arrived."""

    def acknowledged(self, topic: str, sent_us: int) -> None:
        """The broker has what was published then."""


class MqttClient:
    """One client in one process; what it has not sent goes with the process."""

    def __init__(
        self,
        world: World,
        broker: Broker,
        device: Device,
        client: str,
        certificate: str,
        subscriptions: Sequence[str],
        will: Callable[[], Will | None] = lambda: None,
        keep_alive: float = 30.0,
        kept: float = SESSION,
    ) -> None:
        self._world, self._broker, self._device = world, broker, device
        self.client = client
        self._certificate = certificate
        self._subscriptions = list(subscriptions)
        self._will = will
        self._keep_alive, self._kept = keep_alive, kept
        self._connection: Connection | None = None
        self._unacknowledged: dict[str, Publication] = {}
        self._back_off = FIRST_BACK_OFF
        self._attempt = 0
        self._wanted = False
        self._away_until_us = 0
        self.refused = 0

    @property
    def is_connected(self) -> bool:
        """Whether it believes to be connected."""
        return self._connection is not None

    @property
    def connection(self) -> Connection | None:
        """The connection, as far as it knows."""
        return self._connection

    def start(self) -> None:
        """Connect, and again after every cut."""
        self._wanted = True
        self._connect_in(0.0)

    def stop(self) -> None:
        """Send DISCONNECT, and stay away."""
        self._wanted = False
        if self._connection:
            connection, self._connection = self._connection, None
            connection.disconnect_up()

    def crash(self) -> None:
        """End with the process: what was not acknowledged is lost, and the network tells the broker."""
        self._wanted = False
        self._unacknowledged.clear()
        if self._connection:
            connection, self._connection = self._connection, None
            connection.break_off()

    def leave_network(self, seconds: float) -> None:
        """Have no network for so long."""
        self._away_until_us = self._world.scheduler.now_us + int(seconds * SECOND)
        if self._connection:
            self._connection.break_off()

    def suspend(self, seconds: float) -> None:
        """Neither answer nor ping for so long, as a process that stands still; the broker gives up a silent one."""
        connection, patience = self._connection, SILENT * self._keep_alive
        if connection is None:
            return
        if seconds < patience:
            connection.delay(seconds)
            return

        def give_up() -> None:
            if connection.open_at_broker:
                connection.close("MQTT_KEEP_ALIVE_TIMEOUT", tell_client=False)

        connection.delay(seconds)
        self._world.scheduler.call_in(patience, give_up)
        self._world.scheduler.call_in(seconds + ON_RESUMING, lambda: self.lost(connection))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1: again after every cut, until it is acknowledged.

        A retained message is published again on its connection alone, as the shipped client does: the next begins with
        another.
        """
        now = self._world.scheduler.now_us
        publication = Publication(self._world.number("publication"), topic, payload, self.client, now, retain)
        self._unacknowledged[publication.number] = publication
        if self._connection and retain:
            self._publish_until_taken(self._connection, publication, TAKEN_WITHIN)
        elif self._connection:
            self._connection.publish_up(publication)
            self._expect_acknowledgement(self._connection, publication)

    def _publish_until_taken(self, connection: Connection, publication: Publication, pause: float) -> None:
        if connection is self._connection and publication.number in self._unacknowledged:
            connection.publish_up(publication)
            longer = min(2 * pause, LONGEST_TAKING)
            self._world.scheduler.call_in(pause, lambda: self._publish_until_taken(connection, publication, longer))

    def _expect_acknowledgement(self, connection: Connection, publication: Publication) -> None:
        """Take a connection for dead on which no acknowledgement comes, as the shipped client does."""

        def look() -> None:
            if connection.cut and publication.number in self._unacknowledged:
                self.lost(connection)

        self._world.scheduler.call_in(ACKNOWLEDGED_WITHIN, look)

    def received(self, publication: Publication) -> None:
        """A message arrived."""
        if self._wanted:
            self._world.history.record(
                "mqtt",
                client=self.client,
                what="delivered",
                number=publication.number,
                topic=publication.topic,
                payload=publication.payload.decode("utf-8", "replace"),
                sent_us=publication.at_us,
                expires_us=publication.expires_us,
            )
            self._device.received(publication.topic, publication.payload)

    def acknowledged(self, number: str) -> None:
        """The broker has a message."""
        publication = self._unacknowledged.pop(number, None)
        if publication and not publication.retain:
            self._back_off = FIRST_BACK_OFF
        if publication and self._wanted:
            self._device.acknowledged(publication.topic, publication.at_us)

    def lost(self, connection: Connection) -> None:
        """The connection ended: come back."""
        if connection is self._connection:
            self._connection = None
            self._device.disconnected()
            if self._wanted:
                self._connect_in(self._next_back_off())

    def _next_back_off(self) -> float:
        seconds = self._world.choices.seconds(self._back_off / 2, self._back_off, "back-off of a client")
        self._back_off = min(2 * self._back_off, LONGEST_BACK_OFF)
        return seconds

    def _connect_in(self, seconds: float) -> None:
        self._attempt += 1
        attempt = self._attempt

        def connect() -> None:
            if attempt == self._attempt and self._wanted and self._connection is None:
                self._connect()

        self._world.scheduler.call_in(seconds + self._world.choices.seconds(0.02, 0.2, "handshake"), connect)

    def _connect(self) -> None:
        if self._world.scheduler.now_us < self._away_until_us:
            self._connect_in(self._next_back_off())
            return
        accepted = self._broker.connect(
            self,
            self.client,
            self._certificate,
            will=self._will(),
            keep_alive=self._keep_alive,
            kept=self._kept,
        )
        if accepted is None:
            self.refused += 1
            self._world.history.record("mqtt", client=self.client, what="refused")
            self._connect_in(self._next_back_off())
            return
        connection, _ = accepted
        self._connection = connection
        connection.subscribe_up(self._subscriptions)
        self._unacknowledged = {each: one for each, one in self._unacknowledged.items() if not one.retain}
        for publication in list(self._unacknowledged.values()):
            connection.publish_up(publication)
        self._device.connected()
