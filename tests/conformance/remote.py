"""A robot over MQTT, of any maker: how the kit reaches it, and prepares it for each case."""

import queue
import ssl
import time
import uuid
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from events.vda5050.instant_actions import InstantAction
from events.vda5050.text import read
from events.vda5050.topics import Kind, Topics
from tests.conformance.gateway import MODELS, PlayedGateway, Stop
from tests.conformance.kit import FailedError
from tests.conformance.links import Arrived, Unhandled

FROM_ROBOT = (Kind.STATE, Kind.CONNECTION, Kind.FACTSHEET, Kind.VISUALIZATION)
KEPT_WITHIN = 5.0  # seconds in which a broker delivers what it keeps to a new subscription
EXPIRY = 60  # seconds: what a robot does not take in time must not reach it in a later case
BETWEEN = ("depot", "parking-1", "parking-2", "parking-3", "parking-4")  # where cases may begin

# Cases that need a hand at the robot or its connection, or a look at its will.
BY_HAND = {
    "leaves_a_last_will",
    "says_goodbye",
    "is_online_again_after_a_cut",
    "goes_on_while_cut_off",
    "keeps_its_order_over_a_restart",
    "hands_nothing_over_while_cut_off",
    "refuses_orders_in_manual_mode",
    "gives_its_order_up_in_manual_mode",
    "keeps_its_order_in_intervened_mode",
    "waits_with_a_retriable_action_that_failed",
    "tries_an_action_again",
    "gives_an_action_up",
    "fails_an_action_that_is_not_retriable",
    "cancels_an_order_that_waits_for_a_retry",
}


class Message(NamedTuple):
    """What came from the broker; retain: it was kept there before the subscription."""

    topic: str
    payload: bytes
    retain: bool


class Transport(Protocol):
    """A connection to a broker. Times are seconds on its clock."""

    def now(self) -> float:
        """The time."""
        ...

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1."""
        ...

    def subscribe(self, topic: str) -> None:
        """Subscribe, again where it is: the broker then delivers what it keeps."""
        ...

    def next(self, seconds: float) -> Message | None:
        """The next message; None when none comes in that time."""
        ...


ASKED_AGAIN = 3  # times


@dataclass(frozen=True)
class Address:
    """A broker and the kit's own credentials there. url: mqtts://host:port, or mqtt:// without TLS."""

    url: str
    cert: str | None = None
    key: str | None = None
    ca: str | None = None


class Paho:
    """A connection by paho-mqtt, MQTT 5. Raises TimeoutError if the broker does not answer, or refuses."""

    CLIENT = "conformance"  # how its client ids begin

    def __init__(self, address: Address) -> None:
        self._messages: queue.Queue[Message] = queue.Queue()
        self._connected: queue.Queue[str] = queue.Queue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, f"{self.CLIENT}-{uuid.uuid4()}", protocol=mqtt.MQTTv5)
        self._client.on_message = lambda client, data, message: self._messages.put(
            Message(message.topic, message.payload, message.retain)
        )
        self._topics: set[str] = set()
        self._client.on_connect = self._on_connect
        parts = urlsplit(address.url)
        if parts.scheme == "mqtts":
            context = ssl.create_default_context(cafile=address.ca)
            if address.cert:
                context.load_cert_chain(address.cert, address.key)
            self._client.tls_set_context(context)
        self._client.connect(parts.hostname or "localhost", parts.port or (8883 if parts.scheme == "mqtts" else 1883))
        self._client.loop_start()
        try:
            reason = self._connected.get(timeout=10)
        except queue.Empty:
            raise TimeoutError(f"{address.url} does not answer") from None
        if reason != "Success":
            raise TimeoutError(f"{address.url} refuses the connection: {reason}")

    def now(self) -> float:
        """A Unix time, which messages are stamped with."""
        return time.time()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 and an expiry."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = EXPIRY
        self._client.publish(topic, payload, qos=1, properties=properties).wait_for_publish(10)

    def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1, also after the connection was lost."""
        self._topics.add(topic)
        self._client.subscribe(topic, qos=1)

    def next(self, seconds: float) -> Message | None:
        """Wait for a message."""
        try:
            return self._messages.get(timeout=max(seconds, 0.0)) if seconds > 0 else self._messages.get_nowait()
        except queue.Empty:
            return None

    def _on_connect(
        self, client: mqtt.Client, data: object, flags: mqtt.ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        self._connected.put(str(reason))
        for topic in self._topics:
            client.subscribe(topic, qos=1)

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()


class RemoteLink(Unhandled):
    """A robot on the other side of a broker."""

    def __init__(self, transport: Transport, topics: Topics, serial: str) -> None:
        self.serial = serial
        self._transport = transport
        self._topics = topics
        self._early: list[Arrived] = []
        self.latest: dict[Kind, Arrived] = {}
        """The latest message of each kind, which a case may need that came before it."""
        for kind in FROM_ROBOT:
            transport.subscribe(topics.of(kind, serial))

    def now(self) -> float:
        """The transport's time."""
        return self._transport.now()

    def send(self, kind: Kind, payload: bytes) -> None:
        """Publish to the robot."""
        self._transport.publish(self._topics.of(kind, self.serial), payload)

    def wait(self, seconds: float) -> list[Arrived]:
        """What arrives next."""
        if self._early:
            arrived, self._early = self._early, []
            return arrived
        message = self._transport.next(seconds)
        return [self._arrived(message)] if message else []

    def retains(self, kind: Kind) -> bool:
        """Whether a new subscription is given a message at once."""
        topic = self._topics.of(kind, self.serial)
        self._transport.subscribe(topic)
        end = self.now() + KEPT_WITHIN
        while (left := end - self.now()) > 0 and (message := self._transport.next(left)):
            if message.topic == topic and message.retain:
                return True
            self._early.append(self._arrived(message))
        return False

    def _arrived(self, message: Message) -> Arrived:
        _, kind = self._topics.parse(message.topic)
        self.latest[kind] = Arrived(kind, message.payload, message.retain, self.now())
        return self.latest[kind]


def prepared(link: RemoteLink, patience: float) -> PlayedGateway:
    """The robot as a case wants it: idle, not paused, without errors of refused orders, and near the depot.

    Raises FailedError for one that does not come that far.
    """
    gateway = PlayedGateway(link, patience, seed=None)
    _ask_for_a_state(gateway)
    state = gateway.state()
    if state.paused:
        gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE))
    if not state.idle:
        gateway.answers(gateway.instantly(InstantAction.CANCEL_ORDER), 150)
    state = gateway.until(lambda state: state.idle, "idle", 150)
    if state.last_node_id not in BETWEEN:
        gateway.does(gateway.sends(gateway.order(Stop("depot"))))
    elif state.errors:
        gateway.does(gateway.sends(gateway.order()))
    gateway.instantly(InstantAction.CLEAR_INSTANT_ACTIONS)
    gateway.until(lambda state: len(state.instant_action_states) <= 1, "no old instant actions", 30)
    if gateway.state().errors:
        raise FailedError(f"the robot has errors: {[error.error_type for error in gateway.state().errors]}")
    begun = PlayedGateway(link, patience, seed=None)
    begun.log = [(arrived, read(MODELS[kind], arrived.payload)) for kind, arrived in link.latest.items()]
    return begun


def _ask_for_a_state(gateway: PlayedGateway) -> None:
    """Ask until it answers, for one that is connecting does not listen yet; what came before is of an earlier case."""
    for asked_again in range(ASKED_AGAIN, -1, -1):
        try:
            gateway.answers(gateway.instantly(InstantAction.STATE_REQUEST), 15)
            return
        except FailedError:
            if not asked_again:
                raise
