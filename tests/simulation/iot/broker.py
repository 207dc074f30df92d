"""The message broker of AWS IoT Core: connections, subscriptions, retained messages, last wills, rules, presence."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.simulation.iot.connection import Connection, Peer
from tests.simulation.iot.packets import LARGEST, Publication, Will
from tests.simulation.iot.presence import Presence
from tests.simulation.iot.registry import Registry
from tests.simulation.iot.rules import TopicRule
from tests.simulation.iot.sessions import Session
from tests.simulation.outages import BROKER
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import World

LEAST_KEEP_ALIVE = 30.0  # seconds (https://docs.aws.amazon.com/general/latest/gr/iot-core.html)
# Between retained messages on a topic, wills included: the quota L-771FD74A, "Retained message inbound publish requests
# per second per topic".
BETWEEN_RETAINED = SECOND
# Which ends of a connection make the broker publish the last will
# (https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html): all but a DISCONNECT.
WITHOUT_WILL = ("CLIENT_INITIATED_DISCONNECT",)
REVOKED = (
    5.0,
    180.0,
)  # "within a few minutes" (https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html)


class Broker:
    """The broker. in_flight: how many wills are on their way. rules: those that take what is published."""

    def __init__(self, world: World, registry: Registry, rules: Sequence[TopicRule] = ()) -> None:
        self._world = world
        self.registry = registry
        self.rules = list(rules)
        self.presence = Presence(world, self._published_by_broker)
        self.retained: dict[str, Publication] = {}
        self._retained_us: dict[str, int] = {}
        self._sessions: dict[str, Session] = {}
        self._wills_in_flight = 0
        registry.on_loss = self._revoked

    @property
    def in_flight(self) -> int:
        """How many events, wills and results of rules are on their way."""
        return self.presence.in_flight + self._wills_in_flight + sum(rule.in_flight for rule in self.rules)

    def connect(
        self,
        peer: Peer,
        client: str,
        certificate: str,
        *,
        will: Will | None = None,
        clean: bool = False,
        keep_alive: float = LEAST_KEEP_ALIVE,
        kept: float = 0.0,
    ) -> tuple[Connection, bool] | None:
        """Accept a connection, and say whether a session was there; None where it is refused.

        A second connection with a client id takes over, and the first is closed. kept: for how many seconds the session
        is to outlast the connection.
        """
        principal = self.registry.may_connect(client, certificate)
        if BROKER in self._world.away or principal is None or not self._lets_connect(client, will, kept):
            return None
        session = self._sessions.get(client)
        if session and session.connection:
            session.connection.close("DUPLICATE_CLIENTID", tell_client=True)
        is_present = session is not None and not session.is_over and not clean
        if session is None or not is_present:
            session = self._sessions[client] = Session(self._world, client)
        connection = Connection(self._world, client, principal, peer, self, max(keep_alive, LEAST_KEEP_ALIVE))
        connection.will = will
        connection.version = self.presence.begins(client, connection.session, principal)
        session.resume(connection, kept)
        return connection, is_present

    def subscribe(self, connection: Connection, patterns: Sequence[str]) -> None:
        """Subscribe a client: it receives what is retained, and all that is published from now on.

        What is retained is not sent for a filter with wildcards.
        https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html
        """
        if not self._is_allowed(connection, *(("iot:Subscribe", f"topicfilter/{pattern}") for pattern in patterns)):
            return
        session = self._sessions[connection.client]
        session.filters.update(patterns)
        for topic, publication in self.retained.items():
            if topic in patterns and not publication.is_over(self._now()):
                session.take(replace(publication, number=self._world.number("retained")))

    def disconnect(self, connection: Connection) -> None:
        """A client's DISCONNECT: its will is not published."""
        if connection.open_at_broker:
            connection.close("CLIENT_INITIATED_DISCONNECT", tell_client=False)

    def published(self, connection: Connection, publication: Publication) -> bool:
        """A client published, and whether that is acknowledged; one that may not is disconnected."""
        if len(publication.payload) > LARGEST:
            connection.close("CLIENT_ERROR", tell_client=True)
            return False
        topic = f"topic/{publication.topic}"
        wanted = [("iot:Publish", topic), *([("iot:RetainPublish", topic)] if publication.retain else [])]
        return self._is_allowed(connection, *wanted) and self.accept(publication)

    def received_by_client(self, connection: Connection, number: str) -> None:
        """A client acknowledged a message."""
        session = self._sessions[connection.client]
        if session.connection is connection:
            session.acknowledged(number)

    def accept(self, publication: Publication) -> bool:
        """Retain a message if it says so, and hand it to rules and subscribers; False where it is over a quota."""
        if publication.retain and not self._is_within_rate(publication.topic):
            self._world.history.record("mqtt", what="over quota", topic=publication.topic)
            return False
        if publication.retain and publication.payload:
            self.retained[publication.topic] = publication
        elif publication.retain:
            self.retained.pop(publication.topic, None)
        for rule in self.rules:
            if rule.matches(publication.topic):
                rule.take(publication)
        for session in self._sessions.values():
            may_receive = self.registry.policy.allows(session.client, "iot:Receive", f"topic/{publication.topic}")
            if session.wants(publication.topic) and not session.is_over and may_receive:
                session.take(publication)
        return True

    def _is_within_rate(self, topic: str) -> bool:
        """Whether the last retained message on a topic came long enough ago; this one counts then."""
        now, last = self._now(), self._retained_us.get(topic)
        if last is not None and now - last < BETWEEN_RETAINED:
            return False
        self._retained_us[topic] = now
        return True

    def ended(self, connection: Connection, reason: str) -> None:
        """A connection has ended: the session stays, others are told, and the will is published, maybe late."""
        session = self._sessions[connection.client]
        if session.connection is connection:
            session.leave()
        self.presence.ends(connection.client, connection.session, connection.principal, connection.version, reason)
        if connection.will and reason not in WITHOUT_WILL:
            self._publish_will(connection.client, connection.will)

    def begin_outage(self) -> None:
        """End all connections; who connects is refused while the outage lasts."""
        for session in list(self._sessions.values()):
            if session.connection:
                session.connection.close("SERVER_ERROR", tell_client=True)

    def end(self, client: str, *, clean: bool, will: bool) -> bool:
        """Disconnect a client, and whether it was connected. clean: forget its session. will: publish its last will."""
        session = self._sessions.get(client)
        if session is None or session.connection is None:
            return False
        connection = session.connection
        connection.will = connection.will if will else None
        session.kept = 0.0 if clean else session.kept
        connection.close("API_INITIATED_DISCONNECT", tell_client=True)
        return True

    def connected(self) -> list[str]:
        """The clients that are connected, as far as the broker knows."""
        return [client for client, session in self._sessions.items() if session.connection]

    def _publish_will(self, client: str, will: Will) -> None:
        seconds = self._world.choices.seconds(0.01, 0.5, "last will")
        if self._world.faults.strikes("will late", client):
            seconds = self._world.choices.seconds(1.0, 90.0, "will late")

        def publish() -> None:
            self._wills_in_flight -= 1
            number = self._world.number("will")
            self.accept(Publication(number, will.topic, will.payload, client, self._now(), will.retain))

        self._wills_in_flight += 1
        self._after_outage(seconds, publish)

    def _after_outage(self, seconds: float, action: Callable[[], object]) -> None:
        """Act after so many seconds, or when an outage is over."""

        def act() -> None:
            if BROKER in self._world.away:
                self._after_outage(self._world.choices.seconds(1.0, 10.0, "broker is back"), action)
            else:
                action()

        self._world.scheduler.call_in(seconds, act)

    def _published_by_broker(self, topic: str, payload: bytes) -> None:
        self._after_outage(
            0.0, lambda: self.accept(Publication(self._world.number("event"), topic, payload, "", self._now()))
        )

    def _lets_connect(self, client: str, will: Will | None, kept: float) -> bool:
        """Whether the policy lets a client connect so, and publish its will.

        https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html
        """
        policy, attributes = self.registry.policy, ["PersistentConnect"] if kept else []
        if will is None:
            return policy.lets_connect(client, attributes)
        wanted = ["iot:Publish", *(["iot:RetainPublish"] if will.retain else [])]
        may_publish = all(policy.allows(client, action, f"topic/{will.topic}") for action in wanted)
        return may_publish and policy.lets_connect(client, [*attributes, "LastWill"])

    def _is_allowed(self, connection: Connection, *wanted: tuple[str, str]) -> bool:
        """Whether a client may do that to resources; one that may not is disconnected, as AWS does."""
        if all(self.registry.policy.allows(connection.client, *each) for each in wanted):
            return True
        connection.close("AUTH_ERROR", tell_client=True)
        return False

    def _revoked(self, certificate: str) -> None:
        """Disconnect, after a while, the client of a certificate that is not active any more."""

        def end() -> None:
            for session in self._sessions.values():
                if session.connection and session.connection.principal == certificate:
                    session.connection.close("AUTH_ERROR", tell_client=True)

        self._world.scheduler.call_in(self._world.choices.seconds(*REVOKED, "revoked"), end)

    def _now(self) -> int:
        return self._world.scheduler.now_us
