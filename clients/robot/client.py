"""A robot on the broker: MQTT 5 over TLS with the robot's certificate, for as long as it runs and through all cuts.

One thread for each robot, no locks: the thread reads the network until the robot's next moment, and saves the robot's
memory before it publishes what follows from it. A lost connection is followed by another after a pause that doubles
until the broker has a state, with full jitter, so that robots that were cut together do not come back together;
meanwhile the robot works on. What the disk does not take is not told either: the connection is given up, and all of it
is tried again.

A retained message that the broker does not take is published again on the same connection, for AWS limits their rate on
a topic. The last will counts, so ONLINE right after it may be too soon; another connection would publish a will again.
"""

import logging
import math
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from clients.robot.files import Files, Identity, NotSavedError
from clients.robot.machine import Publication, Robot
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind

QOS = 1  # why not the standard's 0: docs/robots.md
KEEP_ALIVE = 30  # seconds: IoT Core takes 30 to 1,200
SESSION = 3600  # seconds that the broker keeps subscriptions and messages: orders expire after 60 by themselves
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before another try, at most
# Seconds from one CONNECT to the next, of which IoT Core takes one a second of a client:
# https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
BETWEEN = 1.0
LONGEST_WAIT = 1.0  # seconds in which the thread notices that it is to end
GOODBYE_WITHIN = 2.0  # seconds
MANY = 20  # messages that the broker has not acknowledged: IoT Core takes 100 a connection
ACKNOWLEDGED_WITHIN = 10.0  # seconds for a state, or the connection is taken for dead: its keep-alive takes 45
# Seconds until a retained message that is not acknowledged is published again: at first, and after pauses that double.
# The quota of AWS is "Retained message inbound publish requests per second per topic", L-771FD74A.
TAKEN_WITHIN, LONGEST_TAKING = 2.0, 30.0
TAKEN_OVER = 0x8E  # reason code of a DISCONNECT, which IoT Core sends with its text: paho reads none without

_logger = logging.getLogger(__name__)


@dataclass
class _Retained:
    """A retained message that the broker has not acknowledged. again: when it is published again, after this pause.

    Times of `time.monotonic`, for the clock may be set.
    """

    publication: Publication
    mid: int
    again: float
    pause: float


@dataclass(frozen=True)
class _Sent:
    """When a state was sent: by the clock (a Unix time), and by `time.monotonic`."""

    time: float
    at: float


class Connected:
    """Runs one robot until it is told to end. make: makes an MQTT client, another one for each connection."""

    def __init__(
        self,
        robot: Robot,
        identity: Identity,
        files: Files,
        make: Callable[[str], Client] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._robot = robot
        self._identity = identity
        self._files = files
        self._make = make or self._with_certificate
        self._clock = clock
        self._client: Client | None = None
        self._states: dict[int, _Sent] = {}  # those that the broker has not acknowledged
        self._retained: dict[Kind, _Retained] = {}
        self._saved = -1
        self._tries = 0
        self._tried_at = -math.inf
        self._is_taken_over = False

    def run(self, ended: threading.Event) -> None:
        """Connect, and connect again, until `ended` is set; then say goodbye."""
        while not ended.is_set():
            with self._outlasting():
                self._connect()
                self._stay_connected(ended)
            if not ended.is_set():
                until = self._next_try()
                with self._outlasting():
                    self._tell(self._robot.disconnected(self._clock()))
                    self._work_on(until, ended)
                ended.wait(max(0.0, until - time.monotonic()))

    @contextmanager
    def _outlasting(self) -> Iterator[None]:
        """Outlast a connection or a disk that fails, and log which of them it was."""
        try:
            yield
        except NotSavedError as error:
            _logger.error("robot %s cannot save what it knows, and tells nothing: %s", self._identity.bot_id, error)
        except OSError as error:
            _logger.info("robot %s has no connection: %s", self._identity.bot_id, error)

    def _connect(self) -> None:
        will = self._robot.will(self._clock())
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = SESSION
        self._tried_at = time.monotonic()
        # What the last client had not sent is old: each state is the whole state.
        self._states, self._retained, self._is_taken_over = {}, {}, False
        self._client = client = self._make(self._identity.bot_id)
        client.max_inflight_messages_set(MANY)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.will_set(self._identity.topics[will.kind], to_bytes(will.message), QOS, retain=will.retain)
        client.connect(self._identity.host, self._identity.port, KEEP_ALIVE, clean_start=False, properties=session)

    def _stay_connected(self, ended: threading.Event) -> None:
        assert self._client is not None
        while self._client.loop(self._seconds_until_due()) is MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._tell(self._robot.tick(self._clock()))
            if ended.is_set():
                self._say_goodbye(self._client)
                return
            self._publish_again()
            sent = min((each.at for each in self._states.values()), default=math.inf)
            if time.monotonic() > sent + ACKNOWLEDGED_WITHIN:
                raise TimeoutError(f"the broker has not taken a state for {ACKNOWLEDGED_WITHIN:.0f} s")

    def _say_goodbye(self, client: Client) -> None:
        if self._robot.online:
            self._tell(self._robot.leaving(self._clock()))
        deadline = time.monotonic() + GOODBYE_WITHIN
        # What is closed with an answer unread is reset, and the broker may not see that it was left in order.
        while (client.want_write() or Kind.CONNECTION in self._retained) and time.monotonic() < deadline:
            if client.loop(0.01) is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                return
            self._publish_again()
        client.disconnect()

    def _on_connect(
        self, client: Client, data: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            _logger.warning("the broker refuses robot %s: %s", self._identity.bot_id, reason)
        else:
            client.subscribe([(self._identity.topics[kind], QOS) for kind in (Kind.ORDER, Kind.INSTANT_ACTIONS)])

    def _on_subscribe(
        self, client: Client, data: object, message_id: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            _logger.warning("the broker refuses the topics of robot %s: %s", self._identity.bot_id, reasons)
            client.disconnect()
            return
        self._tell(self._robot.connected(self._clock()))

    def _on_message(self, client: Client, data: object, message: MQTTMessage) -> None:
        kind = {topic: kind for kind, topic in self._identity.topics.items()}[message.topic]
        trace = dict(getattr(message.properties, "UserProperty", ())).get("traceparent", "none")
        _logger.info("robot %s is told: %s, traceparent %s", self._identity.bot_id, kind, trace)
        self._tell(self._robot.received(kind, message.payload, self._clock()))

    def _on_publish(
        self, client: Client, data: object, message_id: int, reason: ReasonCode, properties: Properties
    ) -> None:
        if reason.is_failure:
            _logger.warning("the broker does not take a message of robot %s: %s", self._identity.bot_id, reason)
        elif sent := self._states.get(message_id):
            # Each is the whole state.
            self._states = {number: each for number, each in self._states.items() if each.at > sent.at}
            self._robot.acknowledged(sent.time)
            self._tries = 0
        elif kind := next((kind for kind, one in self._retained.items() if one.mid == message_id), None):
            del self._retained[kind]
            if kind is Kind.CONNECTION:
                self._robot.announced(self._clock())

    def _on_disconnect(
        self, client: Client, data: object, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.value == TAKEN_OVER:
            self._is_taken_over = True
            what = "another program has connected as robot %s: its files may have been copied, and one of them must end"
            _logger.warning(what, self._identity.bot_id)
            self._robot.taken_over(self._clock())  # staff read no logs of robots: it says so once it is back

    def _tell(self, publications: Iterable[Publication]) -> None:
        if self._robot.revision != self._saved:
            self._files.save(self._robot.memory)
            self._saved = self._robot.revision
        for publication in publications:
            sent, mid = _Sent(self._clock(), time.monotonic()), self._publish(publication)
            if publication.retain:
                self._retained[publication.kind] = _Retained(publication, mid, sent.at + TAKEN_WITHIN, TAKEN_WITHIN)
            else:
                self._states[mid] = sent

    def _publish_again(self) -> None:
        for one in self._retained.values():
            if (now := time.monotonic()) >= one.again:
                one.pause = min(2 * one.pause, LONGEST_TAKING)
                one.mid, one.again = self._publish(one.publication), now + one.pause

    def _publish(self, publication: Publication) -> int:
        """Publish a message, and return its packet's number, by which it is acknowledged."""
        assert self._client is not None
        topic = self._identity.topics[publication.kind]
        return self._client.publish(topic, to_bytes(publication.message), QOS, retain=publication.retain).mid

    def _next_try(self) -> float:
        """When to connect again. Two that take over from each other would do so for ever, so each waits long."""
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._tries)
        self._tries = min(self._tries + 1, 10)
        jitter = random.uniform(0, longest)  # nosec B311  # of robots that were cut together
        pause = LONGEST_PAUSE if self._is_taken_over else jitter
        return max(time.monotonic() + pause, self._tried_at + BETWEEN)

    def _work_on(self, until: float, ended: threading.Event) -> None:
        """Work without a connection."""
        while (left := until - time.monotonic()) > 0 and not ended.wait(min(left, self._seconds_until_due())):
            self._tell(self._robot.tick(self._clock()))

    def _seconds_until_due(self) -> float:
        return min(max(0.0, self._robot.due() - self._clock()), LONGEST_WAIT)

    def _with_certificate(self, client_id: str) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5)
        client.tls_set(
            str(self._files.ca), str(self._files.certificate), str(self._files.key), tls_version=ssl.PROTOCOL_TLS_CLIENT
        )
        return client


@contextmanager
def running(robots: Iterable[Connected]) -> Iterator[threading.Event]:
    """Run robots, a thread each, while this is entered; then they say goodbye.

    Gives the event of their end, which comes by itself where one of them fails. Raises what it failed by.
    """
    ended, failures = threading.Event(), list[Exception]()

    def run(robot: Connected) -> None:
        try:
            robot.run(ended)
        except Exception as error:
            failures.append(error)
            ended.set()

    threads = [threading.Thread(target=run, args=(robot,), daemon=True) for robot in robots]
    for thread in threads:
        thread.start()
    try:
        yield ended
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
