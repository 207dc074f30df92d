"""Robots: whether they are online, on which list they work, and how they prove who they are."""

from dataclasses import dataclass
from typing import ClassVar

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError


@dataclass(frozen=True)
class Registered(DomainEvent):
    name: str


@dataclass(frozen=True)
class CameOnline(DomainEvent):
    pass


@dataclass(frozen=True)
class WentOffline(DomainEvent):
    """gave_back: the list that it lost by that; earlier code did not keep it."""

    gave_back: str = ""


@dataclass(frozen=True)
class TookList(DomainEvent):
    """assignment: the list's number of it; earlier code did not keep it."""

    list_id: str
    assignment: int = 0


@dataclass(frozen=True)
class Finished(DomainEvent):
    pass


@dataclass(frozen=True)
class TokensRevoked(DomainEvent):
    """Tokens of the generations before are not valid any more."""

    is_a_step: ClassVar[bool] = False  # an idle robot goes on waiting for a list, and keeps its place

    generation: int


@dataclass(frozen=True)
class Connected(DomainEvent):
    """It is connected to the robots' stream. stream_version: of its stream at the fleet, which says so."""

    is_a_step: ClassVar[bool] = False

    stream_version: int


@dataclass(frozen=True)
class Disconnected(DomainEvent):
    """Its connection to the robots' stream has ended. stream_version: of its stream at the fleet, which says so."""

    is_a_step: ClassVar[bool] = False

    stream_version: int


@dataclass(frozen=True)
class Retired(DomainEvent):
    """It has left the mall for good."""


@dataclass
class Bot(Aggregate):
    """offline → idle → active → idle → …, and offline from either; retired from each of them, for good.

    list_id: the list that it works on now; assignment: the list's number of that, 0 without one. session: how many
    times it has come online; nothing here reads it. generation: of the tokens that are valid; a robot is registered
    with the first. stream_version: of its stream at the fleet, what its connection was last told by; 0: it was never on
    the robots' stream. is_cut: whether its connection ended while it was at work.
    """

    snapshot_schema: ClassVar[int] = 4  # the third knew neither assignments nor how a robot is connected

    status: str = ""
    name: str = ""
    list_id: str | None = None
    assignment: int = 0
    session: int = 0
    generation: int = 1
    stream_version: int = 0
    is_cut: bool = False

    @property
    def is_online(self) -> bool:
        """Whether it is idle or at work."""
        return self.status in ("idle", "active")

    @property
    def has_stream(self) -> bool:
        """Whether it has ever been on the robots' stream."""
        return self.stream_version > 0

    def register(self, name: str) -> None:
        """Register it, once. Raises InvalidError."""
        if not name.strip():
            raise InvalidError("the bot name cannot be blank")
        if self.is_new:
            self.record(Registered(name))

    def come_online(self) -> None:
        """It is online: idle if it was offline, else as before. Raises RefusedError once it is retired."""
        self.must_be_in_service()
        if self.status == "offline":
            self.record(CameOnline())

    def go_offline(self) -> None:
        """It is offline, without a list. Raises RefusedError once it is retired."""
        self.must_be_in_service()
        if self.status != "offline":
            self.record(WentOffline(self.list_id or ""))

    def connect(self, stream_version: int) -> None:
        """It is connected to the robots' stream, and so online; what is older than what was told changes nothing."""
        if self.status != "retired" and stream_version > self.stream_version:
            self.record(Connected(stream_version))
            self.come_online()

    def disconnect(self, stream_version: int) -> None:
        """Its connection has ended: offline if it was idle. At work it may be back before its lease ends."""
        if self.status != "retired" and stream_version > self.stream_version:
            self.record(Disconnected(stream_version))
            if self.status == "idle":
                self.record(WentOffline())

    def assign(self, list_id: str, assignment: int) -> None:
        """Assign it a list, under the list's number of that. Raises RefusedError unless it is idle."""
        self.must_be("idle")
        self.record(TookList(list_id, assignment))

    def finish(self) -> None:
        """It is done with its list: idle, or offline if its connection has ended meanwhile. Raises RefusedError."""
        self.must_be("active")
        is_cut = self.is_cut
        self.record(Finished())
        if is_cut:
            self.record(WentOffline())

    def call_off(self) -> None:
        """Its list was cancelled: it is free. Raises RefusedError.

        One that has a stream may hold goods, which it puts back first: it is offline until the fleet says that it can
        take a list, so that the list that has waited longest does not wait for it.
        """
        self.finish()
        if self.has_stream and self.is_online:
            self.record(WentOffline())

    def retire(self) -> None:
        """It leaves for good, without a list. Nothing but its events is left of it."""
        if self.status != "retired":
            self.record(Retired())

    def must_be_in_service(self) -> None:
        """Raises RefusedError once it is retired."""
        self.must_be("offline", "idle", "active")

    def revoke_tokens(self) -> None:
        """Make its tokens invalid: those that are issued from now on have the next generation. Raises RefusedError."""
        self.must_be_in_service()
        self.record(TokensRevoked(self.generation + 1))

    @applies(Connected)
    def _connected(self, event: Connected) -> None:
        self.stream_version = event.stream_version
        self.is_cut = False

    @applies(Disconnected)
    def _disconnected(self, event: Disconnected) -> None:
        self.stream_version = event.stream_version
        self.is_cut = self.status == "active"

    @applies(Retired)
    def _retired(self, event: Retired) -> None:
        self.status = "retired"
        self._without_a_list()

    @applies(TokensRevoked)
    def _tokens_revoked(self, event: TokensRevoked) -> None:
        self.generation = event.generation

    @applies(Registered)
    def _registered(self, event: Registered) -> None:
        self.status = "offline"
        self.name = event.name

    @applies(CameOnline)
    def _came_online(self, event: CameOnline) -> None:
        self.status = "idle"
        self.session += 1

    @applies(WentOffline)
    def _went_offline(self, event: WentOffline) -> None:
        self.status = "offline"
        self._without_a_list()

    @applies(TookList)
    def _took_list(self, event: TookList) -> None:
        self.status = "active"
        self.list_id = event.list_id
        self.assignment = event.assignment

    @applies(Finished)
    def _finished(self, event: Finished) -> None:
        self.status = "idle"
        self._without_a_list()

    def _without_a_list(self) -> None:
        self.list_id = None
        self.assignment = 0
        self.is_cut = False
