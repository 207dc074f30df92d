"""One connection of a client: packets arrive in order, each way, until it is cut."""

from collections.abc import Callable, Sequence
from typing import Protocol

from tests.simulation.iot.packets import Publication, Will
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import World

AT_ONCE = (0.0, 0.2)  # seconds until an end learns of a cut by the network's word
SILENT = 1.5  # of a keep-alive: when the broker gives up a client without packets


class Peer(Protocol):
    """The client's end."""

    def received(self, publication: Publication) -> None:
        """A message arrived."""

    def acknowledged(self, number: str) -> None:
        """The broker has a message."""

    def lost(self, connection: "Connection") -> None:
        """The connection ended."""


class BrokerEnd(Protocol):
    """The broker's end."""

    def subscribe(self, connection: "Connection", patterns: Sequence[str]) -> None:
        """The client subscribed."""

    def disconnect(self, connection: "Connection") -> None:
        """The client ended the connection in order."""

    def published(self, connection: "Connection", publication: Publication) -> bool:
        """The client published; whether that is acknowledged."""

    def received_by_client(self, connection: "Connection", number: str) -> None:
        """The client acknowledged."""

    def ended(self, connection: "Connection", reason: str) -> None:
        """The connection ended, for one of the reasons of lifecycle events."""


class Connection:
    """One connection. cut: no packet passes any more, whether or not an end knows it already.

    version: of its lifecycle events.
    """

    def __init__(
        self, world: World, client: str, principal: str, peer: Peer, broker: BrokerEnd, keep_alive: float
    ) -> None:
        self._world = world
        self._peer, self._broker = peer, broker
        self._keep_alive = keep_alive
        self.client = client
        self.principal = principal
        self.session = world.number("session")
        self.version = 0
        self.will: Will | None = None
        self.cut = False
        self.open_at_broker = True
        self._up_us = self._down_us = 0

    def publish_up(self, publication: Publication) -> None:
        """Send a message to the broker, and its acknowledgement back."""
        self._up(lambda: self._arrived_up(publication), f"{self.client} publishes")

    def send_down(self, publication: Publication) -> None:
        """Send a message to the client, and its acknowledgement back."""
        self._down(lambda: self._arrived_down(publication), f"{self.client} receives")

    def subscribe_up(self, patterns: Sequence[str]) -> None:
        """Send a subscription to the broker."""
        self._up(lambda: self._broker.subscribe(self, patterns), f"{self.client} subscribes")

    def disconnect_up(self) -> None:
        """Send a DISCONNECT behind all that was sent."""
        self._up(lambda: self._broker.disconnect(self), f"{self.client} disconnects")

    def _arrived_up(self, publication: Publication) -> None:
        if self._broker.published(self, publication):
            self._down(lambda: self._peer.acknowledged(publication.number), f"{self.client} is acknowledged")

    def _arrived_down(self, publication: Publication) -> None:
        self._peer.received(publication)
        self._up(lambda: self._broker.received_by_client(self, publication.number), f"{self.client} acknowledges")

    def _up(self, arrive: Callable[[], None], where: str) -> None:
        self._up_us = self._pass(self._up_us, arrive, where)

    def _down(self, arrive: Callable[[], None], where: str) -> None:
        self._down_us = self._pass(self._down_us, arrive, where)

    def _pass(self, behind_us: int, arrive: Callable[[], None], where: str) -> int:
        """Have a packet arrive after those before it, unless the connection is cut before; when it arrives."""
        world = self._world
        if not self.cut and world.faults.strikes("connection cut", where):
            self.break_off()
        seconds = world.choices.seconds(0.005, 0.05, "network")
        at_us = max(behind_us + 1, world.scheduler.now_us + int(seconds * SECOND))
        if not self.cut:
            world.scheduler.call_at(at_us, lambda: None if self.cut else arrive())
        return at_us

    def delay(self, seconds: float) -> None:
        """Have no packet reach either end before so many seconds have passed."""
        until = self._world.scheduler.now_us + int(seconds * SECOND)
        self._up_us, self._down_us = max(self._up_us, until), max(self._down_us, until)

    def break_off(self) -> None:
        """Cut it: each end learns of it at once, or when it misses the other."""
        if self.cut:
            return
        self.cut = True
        world = self._world
        for tell, what in ((self._tell_broker, "the broker"), (self._tell_client, "the client")):
            seconds = world.choices.seconds(*AT_ONCE, "when it is told")
            if world.faults.strikes("cut unnoticed", f"{self.client} {what}"):
                seconds = world.choices.seconds(1.0, SILENT * self._keep_alive, "until it misses the other")
            world.scheduler.call_in(seconds, tell)

    def close(self, reason: str, *, tell_client: bool) -> None:
        """End it from one side: a DISCONNECT, a takeover, or an operator."""
        self.cut = True
        if tell_client:
            self._world.scheduler.call_in(self._world.choices.seconds(*AT_ONCE, "when it is told"), self._tell_client)
        self._end_at_broker(reason)

    def _tell_broker(self) -> None:
        self._end_at_broker("CONNECTION_LOST")

    def _tell_client(self) -> None:
        self._peer.lost(self)

    def _end_at_broker(self, reason: str) -> None:
        if self.open_at_broker:
            self.open_at_broker = False
            self._broker.ended(self, reason)
