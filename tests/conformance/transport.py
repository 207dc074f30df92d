"""A connection to a broker over MQTT 5, and what becomes of it: nothing of that is the robot's fault."""

import queue
import ssl
import threading
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

from tests.conformance.kit import EndedError

EXPIRY = 60  # seconds: what a robot does not take in time must not reach it in a later case
ANSWERS = 10.0  # seconds in which a broker answers
BACK = 60.0  # seconds in which a connection that was lost must be there again


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

    def lost(self) -> str:
        """Why the connection was lost since this was asked last; "" if it was not."""
        ...

    def returns(self) -> None:
        """Wait until the connection is there. Raises EndedError if it does not come back."""
        ...


@dataclass(frozen=True)
class Address:
    """Where a broker is, and how the kit proves who it is: paths of PEM files."""

    url: str
    cert: str | None = None
    key: str | None = None
    ca: str | None = None


class Paho:
    """A connection by paho-mqtt, which comes back by itself. Raises TimeoutError if it is refused or not answered."""

    CLIENT = "conformance"  # how its client ids begin

    def __init__(self, address: Address) -> None:
        self._address = address
        self._messages: queue.Queue[Message] = queue.Queue()
        self._connected: queue.Queue[str] = queue.Queue()
        self._granted: queue.Queue[tuple[int, list[ReasonCode]]] = queue.Queue()
        self._is_there = threading.Event()
        self._lost = ""
        self._topics: set[str] = set()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, f"{self.CLIENT}-{uuid.uuid4()}", protocol=mqtt.MQTTv5)
        self._client.on_message = lambda client, data, message: self._messages.put(
            Message(message.topic, message.payload, message.retain)
        )
        self._client.on_subscribe = lambda client, data, number, reasons, properties: self._granted.put(
            (number, reasons)
        )
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        parts = urlsplit(address.url)
        if parts.scheme == "mqtts":
            context = ssl.create_default_context(cafile=address.ca)
            if address.cert:
                context.load_cert_chain(address.cert, address.key)
            self._client.tls_set_context(context)
        self._client.connect(parts.hostname or "localhost", parts.port or (8883 if parts.scheme == "mqtts" else 1883))
        self._client.loop_start()
        try:
            reason = self._connected.get(timeout=ANSWERS)
        except queue.Empty:
            raise TimeoutError(f"{address.url} does not answer") from None
        if reason != "Success":
            raise TimeoutError(f"{address.url} refuses the connection: {reason}")

    def now(self) -> float:
        """A Unix time, which messages are stamped with."""
        return time.time()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 and an expiry. Raises ConnectionError if the broker does not acknowledge it."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = EXPIRY
        published = self._client.publish(topic, payload, qos=1, properties=properties)
        try:
            published.wait_for_publish(ANSWERS)
            acknowledged = published.is_published()
        except RuntimeError:  # paho's, where the connection is not there
            acknowledged = False
        if not acknowledged:
            self._lost = self._lost or f"what was published to {topic} was not acknowledged"
            raise ConnectionError(self._lost)

    def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1, also after the connection was lost. Raises EndedError if the broker refuses."""
        self._topics.add(topic)
        _, number = self._client.subscribe(topic, qos=1)
        try:
            while (answer := self._granted.get(timeout=ANSWERS))[0] != number:
                pass  # of a subscription that was made again with the connection
        except queue.Empty:
            self._lost = self._lost or "no answer"
            raise ConnectionError(f"the broker did not answer the subscription to {topic}: {self._lost}") from None
        if refused := [str(reason) for reason in answer[1] if reason.is_failure]:
            raise EndedError(
                f"the broker does not let the kit subscribe to {topic}: {refused[0]}. Check that the policy of the "
                "kit's certificate allows iot:Subscribe and iot:Receive there, and check --interface and --serial"
            )

    def next(self, seconds: float) -> Message | None:
        """Wait for a message."""
        try:
            return self._messages.get(timeout=max(seconds, 0.0)) if seconds > 0 else self._messages.get_nowait()
        except queue.Empty:
            return None

    def lost(self) -> str:
        """Why the connection was lost since this was asked last."""
        lost, self._lost = self._lost, ""
        return lost

    def returns(self) -> None:
        """Wait until the connection is there. Raises EndedError after a minute."""
        if not self._is_there.wait(BACK):
            raise EndedError(f"the kit lost its connection to {self._address.url}, and it did not come back")

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, client: mqtt.Client, data: object, flags: mqtt.ConnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        self._connected.put(str(reason))
        if not reason.is_failure:
            for topic in self._topics:
                client.subscribe(topic, qos=1)
            self._is_there.set()

    def _on_disconnect(
        self, client: mqtt.Client, data: object, flags: mqtt.DisconnectFlags, reason: ReasonCode, properties: object
    ) -> None:
        self._is_there.clear()
        self._lost = str(reason)
