"""Devices that connect to the broker of an engine: things with certificates, by paho-mqtt."""

import json
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from infra.local.cloud import ACCOUNT, LocalCloud
from infra.local.process import REGION
from tests.e2e.engine.workbench import Clients, Workbench, eventually

MQTT_5, MQTT_311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
THING = "${iot:Connection.Thing.ThingName}"


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:{kind}/{name}"


def own_topics(prefix: str) -> list[dict[str, Any]]:
    """The statements of a policy for things that speak on topics with their own name alone, as the mall's robots do."""
    attached = {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    topic = f"{prefix}/{THING}/*"
    return [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": arn("client", THING), "Condition": attached},
        {
            "Effect": "Allow",
            "Action": ["iot:Publish", "iot:RetainPublish", "iot:Receive"],
            "Resource": arn("topic", topic),
        },
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": arn("topicfilter", topic)},
    ]


ANY = [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes
    retained: bool
    expiry: int | None
    """The seconds that are left of it."""
    properties: dict[str, str]
    """User properties."""


class Connection:
    """One connection of a device, and what it saw."""

    def __init__(self, client: paho.Client) -> None:
        self.client = client
        self.accepted: list[tuple[int, bool]] = []
        """The reason code of each CONNACK, and whether the session was there."""
        self.keep_alive: int | None = None
        """What the broker uses instead of what was asked for."""
        self.ended: list[int] = []
        self.messages: list[Message] = []
        self.granted: list[list[int]] = []
        self.acknowledged: list[int] = []
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_subscribe, client.on_publish = (
            self._on_message,
            self._on_subscribe,
            self._on_publish,
        )

    def _on_connect(self, _client: Any, _data: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        self.keep_alive = getattr(properties, "ServerKeepAlive", None)
        self.accepted.append((code.value, flags.session_present))

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        self.ended.append(code.value)

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        expiry = getattr(message.properties, "MessageExpiryInterval", None)
        properties = dict(getattr(message.properties, "UserProperty", ()))
        self.messages.append(Message(message.topic, message.payload, message.retain, expiry, properties))

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Any) -> None:
        self.granted.append([code.value for code in codes])

    def _on_publish(self, _client: Any, _data: Any, _mid: int, code: ReasonCode, _properties: Any) -> None:
        self.acknowledged.append(code.value)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    def subscribe(self, topic: str, qos: int = 1) -> int:
        """Subscribe; returns what was granted, or a reason code of 128 or more."""
        before = len(self.granted)
        self.client.subscribe(topic, qos)
        return int(eventually(lambda: self.granted[before:])[0][0])

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, expiry: int | None = None
    ) -> int:
        """Publish and wait for the acknowledgement; returns its reason code, or -1 where the connection ended."""
        properties = _properties(PacketTypes.PUBLISH)
        if expiry is not None:
            properties.MessageExpiryInterval = expiry
        before = len(self.acknowledged)
        self.client.publish(topic, payload, qos, retain, properties if self.client.protocol == MQTT_5 else None)
        eventually(lambda: self.ended or self.acknowledged[before:])
        return self.acknowledged[before] if self.acknowledged[before:] else -1

    def disconnect(self) -> None:
        """End it as a client does."""
        self.client.disconnect()
        eventually(lambda: self.ended)
        self.client.loop_stop()

    def cut(self) -> None:
        """End it as a network does: without a word."""
        self.client.loop_stop()
        socket = self.client.socket()
        if socket is not None:
            socket.close()


@dataclass(frozen=True)
class Device:
    """A thing with a certificate."""

    name: str
    certificate: str
    """Its id."""
    folder: Path
    host: str
    port: int

    @property
    def certificate_arn(self) -> str:
        return arn("cert", self.certificate)

    def client(self, name: str | None = None, *, clean: bool = True, mqtt: MQTTProtocolVersion = MQTT_5) -> paho.Client:
        flags: dict[str, Any] = {} if mqtt == MQTT_5 else {"clean_session": clean}
        client = paho.Client(
            CallbackAPIVersion.VERSION2, name or self.name, protocol=mqtt, reconnect_on_failure=False, **flags
        )
        client.tls_set(
            str(self.folder / "ca.pem"),
            str(self.folder / f"{self.certificate}.pem"),
            str(self.folder / f"{self.certificate}.key"),
            tls_version=ssl.PROTOCOL_TLS_CLIENT,
        )
        return client

    def connect(
        self,
        name: str | None = None,
        *,
        clean: bool = True,
        session: int = 0,
        keep_alive: int = 60,
        will: tuple[str, bytes] | None = None,
        mqtt: MQTTProtocolVersion = MQTT_5,
    ) -> Connection:
        """Connect; the connection may have been refused (`accepted` is empty, or has a code of 128 or more).

        session: how many seconds the session outlives the connection.
        will: the topic and the payload of a retained last will.
        """
        client = self.client(name, clean=clean, mqtt=mqtt)
        connection = Connection(client)
        if will:
            client.will_set(will[0], will[1], qos=1, retain=True)
        more: dict[str, Any] = {}
        if mqtt == MQTT_5:
            properties = _properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = session
            more = {"clean_start": clean, "properties": properties}
        client.connect(self.host, self.port, keep_alive, **more)
        client.loop_start()
        eventually(lambda: connection.accepted or connection.ended)
        return connection


def _properties(packet: int) -> Properties:
    untyped: Any = Properties
    made: Properties = untyped(packet)
    return made


def signing_request(name: str) -> tuple[str, str]:
    """A key and a certificate signing request, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    no_encryption = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_encryption)
    return private.decode(), request.public_bytes(serialization.Encoding.PEM).decode()


def authority(cloud: LocalCloud) -> str:
    """What signed the broker's certificate and those of devices, as PEM."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{cloud.address}/_ministack/iot/ca.pem", timeout=30) as response:
        pem: str = response.read().decode()
        return pem


def make(
    cloud: LocalCloud, iot: Any, folder: Path, name: str, statements: list[dict[str, Any]], *, attached: bool = True
) -> Device:
    """Make a thing with an active certificate and a policy of these statements."""
    key, request = signing_request(name)
    made = iot.create_certificate_from_csr(certificateSigningRequest=request, setAsActive=True)
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iot.create_policy(policyName=f"policy-{name}", policyDocument=policy)
    iot.attach_policy(policyName=f"policy-{name}", target=made["certificateArn"])
    iot.create_thing(thingName=name)
    if attached:
        iot.attach_thing_principal(thingName=name, principal=made["certificateArn"])
    endpoint = iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
    host, _colon, port = endpoint.partition(":")
    (folder / "ca.pem").write_text(authority(cloud))
    (folder / f"{made['certificateId']}.pem").write_text(made["certificatePem"])
    (folder / f"{made['certificateId']}.key").write_text(key)
    return Device(name, made["certificateId"], folder, host, int(port or 8883))


class Devices:
    """Makes devices on the cloud of a workbench, and ends their connections with the test."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.iot = bench.client("iot")
        self._connections: list[Connection] = []

    def make(self, statements: list[dict[str, Any]] | None = None, *, attached: bool = True) -> Device:
        """A device that may do what the statements say; without any, everything."""
        bench = self.bench
        return make(bench.cloud, self.iot, bench.folder, bench.name("bot"), statements or ANY, attached=attached)

    def connect(self, device: Device, name: str | None = None, **options: Any) -> Connection:
        connection = device.connect(name, **options)
        self._connections.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._connections:
            connection.client.disconnect()
            connection.client.loop_stop()


@contextmanager
def devices_on(cloud: LocalCloud, folder: Path) -> Iterator[Devices]:
    """Devices on a cloud of the test's own."""
    clients = Clients(cloud)
    devices = Devices(Workbench(cloud, clients, folder))
    try:
        yield devices
    finally:
        devices.close()
        clients.close()
