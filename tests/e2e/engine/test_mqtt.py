"""IoT Core's message broker: `patches/mqtt.py`."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.local.cloud import LocalCloud
from infra.local.process import ROOT, LocalCloudError
from tests.e2e.engine.devices import MQTT_311, Device, Devices, arn, authority, own_topics
from tests.e2e.engine.test_permissions import allowed, denial
from tests.e2e.engine.workbench import Workbench, as_role, eventually

NOT_AUTHORIZED, SESSION_TAKEN_OVER, PACKET_TOO_LARGE = 0x87, 0x8E, 0x95
TOPIC_FILTER_INVALID, TOPIC_NAME_INVALID = 0x8F, 0x90
CONNACK, DISCONNECT = 2, 14  # packets
LARGEST = 131_072
EIGHT = "1/2/3/4/5/6/7/8"


@pytest.fixture
def devices(bench: Workbench) -> Iterator[Devices]:
    devices = Devices(bench)
    yield devices
    devices.close()


def test_a_device_with_its_certificate_publishes_and_receives(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html"""
    device = devices.make(own_topics("mall"))
    connection = devices.connect(device)
    topic = f"mall/{device.name}/state"

    assert connection.accepted == [(0, False)]
    assert connection.subscribe(topic) == 1
    assert connection.publish(topic, b"here") == 0
    assert eventually(lambda: connection.payloads) == [b"here"]


def test_without_a_certificate_there_is_no_connection(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html: TLS client authentication."""
    device = devices.make()
    anonymous = ssl.create_default_context(cafile=str(device.folder / "ca.pem"))

    assert answer(device, anonymous, connect_packet(device.name)) == b""


def answer(device: Device, context: ssl.SSLContext, *packets: bytes) -> bytes:
    """The first bytes of the broker's answer; none where it ends the connection or the handshake fails."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((device.host, device.port), 30) as plain,
        context.wrap_socket(plain, server_hostname=device.host) as secured,
    ):
        secured.sendall(b"".join(packets))
        return secured.recv(64)
    return b""


def with_certificate(device: Device) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(device.folder / "ca.pem"))
    context.load_cert_chain(device.folder / f"{device.certificate}.pem", device.folder / f"{device.certificate}.key")
    return context


def connect_packet(name: str) -> bytes:
    """A CONNECT of MQTT 5: https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901033"""
    body = b"\0\x04MQTT\x05\x02\0\x3c\0" + len(name).to_bytes(2, "big") + name.encode()
    return b"\x10" + bytes([len(body)]) + body


def self_signed(folder: Path) -> tuple[Path, Path]:
    """The files of a key and of a certificate that nothing trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "foreign")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    ).sign(key, hashes.SHA256())
    files = folder / "foreign.key", folder / "foreign.pem"
    private = serialization.PrivateFormat.PKCS8
    files[0].write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    files[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return files


def test_an_unknown_certificate_is_refused(devices: Devices, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/x509-client-certs.html: only registered certificates."""
    device, gone = devices.make(), devices.make()
    iot = devices.iot
    iot.update_certificate(certificateId=gone.certificate, newStatus="INACTIVE")
    iot.detach_thing_principal(thingName=gone.name, principal=gone.certificate_arn)
    iot.delete_certificate(certificateId=gone.certificate, forceDelete=True)
    key, certificate = self_signed(tmp_path)
    foreign = ssl.create_default_context(cafile=str(device.folder / "ca.pem"))
    foreign.load_cert_chain(certificate, key)

    assert answer(device, foreign, connect_packet(device.name)) == b""
    assert devices.connect(gone).accepted == []


@pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
def test_a_certificate_that_is_not_active_lets_none_in_and_loses_its_connections(devices: Devices, status: str) -> None:
    """https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html"""
    watcher = devices.connect(devices.make())
    watcher.subscribe("mall/+/connection")
    device = devices.make()
    watcher.subscribe(f"$aws/events/presence/disconnected/{device.name}")
    connection = devices.connect(device, will=(f"mall/{device.name}/connection", b"broken"))

    devices.iot.update_certificate(certificateId=device.certificate, newStatus=status)

    eventually(lambda: connection.ended and len(watcher.messages) == 2)
    assert connection.ended == [NOT_AUTHORIZED]
    assert watcher.payloads[0] == b"broken"
    assert json.loads(watcher.payloads[1])["disconnectReason"] == "AUTH_ERROR"
    assert devices.connect(device).accepted == []

    devices.iot.update_certificate(certificateId=device.certificate, newStatus="ACTIVE")
    assert devices.connect(device).accepted == [(0, False)]


def test_the_data_api_ends_a_connection_and_its_session_without_its_will(bench: Workbench, devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_DeleteConnection.html"""
    watcher, device = devices.connect(devices.make()), devices.make()
    watcher.subscribe("mall/+/connection")
    watcher.subscribe(f"$aws/events/presence/disconnected/{device.name}")
    connection = devices.connect(device, session=600, will=(f"mall/{device.name}/connection", b"broken"))
    data = as_role(bench.cloud, bench.role(allowed("iot:DeleteConnection", arn("client", device.name))), "iot-data")

    assert denial(data.delete_connection, clientId="another") == "ForbiddenException"
    data.delete_connection(clientId=device.name, cleanSession=True, preventWillMessage=True)

    eventually(lambda: connection.ended and watcher.messages)
    assert [json.loads(payload)["disconnectReason"] for payload in watcher.payloads] == ["API_INITIATED_DISCONNECT"]
    assert denial(data.delete_connection, clientId=device.name) == "ResourceNotFoundException"
    assert devices.connect(device, clean=False, session=600).accepted == [(0, False)]


def test_a_certificate_that_is_deactivated_after_the_handshake_lets_none_in(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html"""
    device = devices.make()
    context = with_certificate(device)

    with (
        socket.create_connection((device.host, device.port), 30) as plain,
        context.wrap_socket(plain, server_hostname=device.host) as secured,
    ):
        devices.iot.update_certificate(certificateId=device.certificate, newStatus="INACTIVE")
        secured.sendall(connect_packet(device.name))
        connack = secured.recv(64)

    assert connack[3:4] == bytes([NOT_AUTHORIZED])


def test_a_connection_that_the_broker_ends_is_closed_even_if_the_client_does_not_close_it(devices: Devices) -> None:
    """https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901205: DISCONNECT of a server"""
    device = devices.make()

    with (
        socket.create_connection((device.host, device.port), 30) as plain,
        with_certificate(device).wrap_socket(plain, server_hostname=device.host) as secured,
    ):
        secured.sendall(connect_packet(device.name))
        connack = secured.recv(256)
        devices.iot.update_certificate(certificateId=device.certificate, newStatus="INACTIVE")
        disconnect = secured.recv(256)
        with contextlib.suppress(ConnectionError, ssl.SSLError):  # closed or aborted, but not silent
            assert secured.recv(256) == b""

    assert (connack[0] >> 4, disconnect[0] >> 4) == (CONNACK, DISCONNECT)


def test_a_policy_binds_the_client_id_to_the_thing(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/thing-policy-variables.html"""
    device, other = devices.make(own_topics("mall")), devices.make(own_topics("mall"))
    detached = devices.make(own_topics("mall"), attached=False)

    assert devices.connect(device).accepted == [(0, False)]
    assert devices.connect(device, other.name).accepted == [(NOT_AUTHORIZED, False)]
    assert devices.connect(detached).accepted == [(NOT_AUTHORIZED, False)]
    assert devices.connect(device, other.name, mqtt=MQTT_311).accepted == []


def test_a_will_outside_the_policy_refuses_the_connection(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/iot-policy-actions.html"""
    device = devices.make(own_topics("mall"))

    assert devices.connect(device, will=("mall/another/connection", b"x")).accepted == [(NOT_AUTHORIZED, False)]


def test_a_policy_may_limit_persistent_sessions_and_last_wills(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/connect-policy.html"""
    [connect, *rest] = own_topics("mall")
    limited = {"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["LastWill"]}}
    device = devices.make([{**connect, "Condition": {**connect["Condition"], **limited}}, *rest])
    will = (f"mall/{device.name}/connection", b"broken")

    assert devices.connect(device).accepted == [(0, False)]
    assert devices.connect(device, will=will).accepted == [(0, False)]
    assert devices.connect(device, session=60).accepted == [(NOT_AUTHORIZED, False)]
    assert devices.connect(device, session=60, will=will).accepted == [(NOT_AUTHORIZED, False)]


def test_a_device_subscribes_publishes_and_receives_under_its_policy_alone(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html: 135, not authorized, answers both in MQTT 5."""
    device, other = devices.make(own_topics("mall")), devices.make(own_topics("mall"))
    connection = devices.connect(device)
    devices.connect(other).publish(f"mall/{other.name}/state", b"not for all", retain=True)

    assert connection.subscribe(f"mall/{device.name}/order") == 1
    assert connection.subscribe(f"mall/{other.name}/state") == NOT_AUTHORIZED
    assert connection.subscribe("mall/+/order") == NOT_AUTHORIZED
    assert connection.subscribe("#") == NOT_AUTHORIZED
    assert connection.publish(f"mall/{other.name}/state", b"forged") == NOT_AUTHORIZED
    assert connection.publish(f"mall/{device.name}/order", b"own") == 0
    assert eventually(lambda: connection.payloads) == [b"own"]


def test_a_publish_without_acknowledgement_that_is_not_allowed_ends_the_connection(devices: Devices) -> None:
    """As with MQTT 3.1.1, which has no other answer: https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html"""
    watcher = devices.connect(devices.make())
    device = devices.make(own_topics("mall"))
    watcher.subscribe(f"$aws/events/presence/disconnected/{device.name}")

    unacknowledged = devices.connect(device)
    unacknowledged.client.publish("mall/another/state", b"forged", 0)
    eventually(lambda: unacknowledged.ended)
    older = devices.connect(device, mqtt=MQTT_311)
    older.client.publish("mall/another/state", b"forged", 1)
    eventually(lambda: older.ended)

    eventually(lambda: len(watcher.payloads) == 2)
    reasons = [json.loads(payload)["disconnectReason"] for payload in watcher.payloads]
    assert unacknowledged.ended == [NOT_AUTHORIZED]
    assert reasons == ["AUTH_ERROR", "CLIENT_ERROR"]


def test_retaining_and_receiving_are_granted_apart(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/iot-policy-actions.html: RetainPublish, Receive"""
    topic = {"Effect": "Allow", "Resource": arn("topic", "mall/*")}
    rest = {"Effect": "Allow", "Action": ["iot:Connect", "iot:Subscribe"], "Resource": "*"}
    deaf = devices.connect(devices.make([rest, {**topic, "Action": "iot:Publish"}]))
    other = devices.connect(devices.make())
    deaf.subscribe("mall/1")
    other.subscribe("mall/1")

    assert deaf.publish("mall/1", b"live") == 0
    assert deaf.publish("mall/1", b"kept", retain=True) == NOT_AUTHORIZED
    assert eventually(lambda: other.payloads) == [b"live"]
    assert deaf.payloads == []


def test_a_second_connection_with_the_client_id_takes_over(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html: DUPLICATE_CLIENTID"""
    watcher = devices.connect(devices.make())
    device = devices.make(own_topics("mall"))
    watcher.subscribe(f"mall/{device.name}/connection")
    watcher.subscribe(f"$aws/events/presence/disconnected/{device.name}")
    first = devices.connect(device, will=(f"mall/{device.name}/connection", b"broken"))

    second = devices.connect(device)

    eventually(lambda: first.ended and len(watcher.payloads) == 2)
    event = json.loads(watcher.payloads[1])
    assert second.accepted == [(0, False)]
    assert second.ended == []
    assert first.ended == [SESSION_TAKEN_OVER]
    assert watcher.payloads[0] == b"broken"
    assert (event["disconnectReason"], event["clientInitiatedDisconnect"]) == ("DUPLICATE_CLIENTID", False)


def test_presence_events_have_what_the_page_lists(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html"""
    watcher = devices.connect(devices.make())
    device = devices.make(own_topics("mall"))
    for kind in ("connected", "disconnected"):
        watcher.subscribe(f"$aws/events/presence/{kind}/{device.name}")
    before = int(time.time() * 1000)

    devices.connect(device).disconnect()
    devices.connect(device).cut()

    eventually(lambda: len(watcher.payloads) == 4)
    events = [json.loads(payload) for payload in watcher.payloads]
    common = {"clientId", "timestamp", "eventType", "sessionIdentifier", "principalIdentifier", "versionNumber"}
    assert [event["eventType"] for event in events] == ["connected", "disconnected"] * 2
    assert [set(event) - common for event in events] == [
        {"ipAddress"},
        {"clientInitiatedDisconnect", "disconnectReason"},
    ] * 2
    assert {(event["clientId"], event["principalIdentifier"]) for event in events} == {
        (device.name, device.certificate)
    }
    assert all(before <= event["timestamp"] <= int(time.time() * 1000) for event in events)
    versions = [event["versionNumber"] for event in events]
    assert versions[0] == versions[1] == 0
    assert versions[2] == versions[3] > 0
    sessions = [event["sessionIdentifier"] for event in events]
    assert sessions[0] == sessions[1] != sessions[2] == sessions[3]
    ends = [(event["clientInitiatedDisconnect"], event["disconnectReason"]) for event in events[1::2]]
    assert ends == [(True, "CLIENT_INITIATED_DISCONNECT"), (False, "CONNECTION_LOST")]


def test_a_last_will_is_published_when_a_connection_is_lost_and_not_after_a_disconnect(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-lwt"""
    device = devices.make()
    will = (f"mall/{device.name}/connection", b"broken")
    watcher = devices.connect(devices.make())
    watcher.subscribe(will[0])

    devices.connect(device, will=will).disconnect()
    watcher.publish(will[0], b"between")
    devices.connect(device, will=will).cut()

    eventually(lambda: b"broken" in watcher.payloads)
    assert watcher.payloads == [b"between", b"broken"]
    late = devices.connect(devices.make())
    late.subscribe(will[0])
    assert eventually(lambda: late.messages)[0].retained


def test_a_silent_client_is_disconnected_after_one_and_a_half_keep_alive_intervals(devices: Devices) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits"""
    watcher = devices.connect(devices.make())
    device = devices.make()
    watcher.subscribe(f"mall/{device.name}/connection")
    watcher.subscribe(f"$aws/events/presence/disconnected/{device.name}")
    lively = devices.connect(devices.make(), keep_alive=1)
    silent = devices.connect(device, keep_alive=1, will=(f"mall/{device.name}/connection", b"broken"))

    before = time.monotonic()
    silent.client.loop_stop()  # no thread, no pings
    eventually(lambda: len(watcher.payloads) == 2)

    assert time.monotonic() - before > 1
    assert watcher.payloads[0] == b"broken"
    assert json.loads(watcher.payloads[1])["disconnectReason"] == "MQTT_KEEP_ALIVE_TIMEOUT"
    assert lively.ended == []


@pytest.mark.parametrize(("requested", "used"), [(60, None), (2000, 1200)])
def test_an_interval_that_is_not_offered_is_replaced_by_the_nearest(
    devices: Devices, requested: int, used: int | None
) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits"""
    assert devices.connect(devices.make(), keep_alive=requested).keep_alive == used


def test_a_payload_of_128_kb_goes_through_and_one_byte_more_ends_the_connection(devices: Devices) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits"""
    watcher = devices.connect(devices.make())
    device = devices.make()
    watcher.subscribe(f"$aws/events/presence/disconnected/{device.name}")
    connection = devices.connect(device)
    connection.subscribe("mall/large")

    assert connection.publish("mall/large", b"x" * LARGEST) == 0
    assert [len(payload) for payload in eventually(lambda: connection.payloads)] == [LARGEST]
    assert connection.publish("mall/large", b"x" * (LARGEST + 1)) == -1
    [event] = [json.loads(payload) for payload in eventually(lambda: watcher.payloads)]
    assert connection.ended == [PACKET_TOO_LARGE]
    assert event["disconnectReason"] == "CLIENT_ERROR"


def test_http_refuses_what_is_too_large(bench: Workbench) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits"""
    data = bench.client("iot-data")

    def status(topic: str, size: int) -> int:
        try:
            found: int = data.publish(topic=topic, payload=b"x" * size)["ResponseMetadata"]["HTTPStatusCode"]
        except ClientError as error:
            found = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return found

    assert (status("mall/1", LARGEST), status("mall/1", LARGEST + 1)) == (200, 413)
    assert (status("1/2/3/4/5/6/7/8", 1), status("1/2/3/4/5/6/7/8/9", 1)) == (200, 400)
    assert (status("x" * 256, 1), status("x" * 257, 1)) == (200, 400)


@pytest.mark.parametrize(
    ("topic", "fits"), [(EIGHT, True), (f"{EIGHT}/9", False), ("x" * 256, True), ("x" * 257, False)]
)
def test_a_topic_has_8_levels_and_256_bytes_at_most(devices: Devices, topic: str, fits: bool) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits"""
    connection = devices.connect(devices.make())

    assert connection.subscribe(topic) == (1 if fits else TOPIC_FILTER_INVALID)
    assert connection.publish(topic, b"x") == (0 if fits else -1)
    assert connection.ended == ([] if fits else [TOPIC_NAME_INVALID])


def test_a_second_connect_packet_ends_the_connection(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html: CLIENT_ERROR"""
    watcher = devices.connect(devices.make())
    device = devices.make()
    watcher.subscribe(f"$aws/events/presence/disconnected/{device.name}")

    assert answer(device, with_certificate(device), connect_packet(device.name) * 2)

    [event] = [json.loads(payload) for payload in eventually(lambda: watcher.payloads)]
    assert event["disconnectReason"] == "CLIENT_ERROR"


def test_malls_side_by_side_have_brokers_of_their_own(cloud: LocalCloud, fresh_cloud: LocalCloud) -> None:
    fresh_cloud.start()

    assert cloud.broker != fresh_cloud.broker
    assert authority(cloud) != authority(fresh_cloud)


def test_an_engine_whose_mqtt_port_is_in_use_does_not_start(fresh_cloud: LocalCloud, tmp_path: Path) -> None:
    """No behaviour of AWS: the engine alone would only log it, and every robot would fail to connect."""
    port = fresh_cloud.engine.mqtt_port
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(LocalCloudError, match=f"port {port}, for the MQTT of PORT="):
            fresh_cloud.start()
        environment = {**os.environ, "IOT_MTLS_PORT": str(port), "BIND_HOST": "127.0.0.1"}
        command = [str(ROOT / ".engine" / "bin" / "python"), "-m", "infra.local.engine.launch"]
        launched = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    assert launched.returncode == 1
    assert f"does not start: MQTT cannot listen on port {port}" in launched.stderr


def test_the_broker_listens_on_the_loopback_interface_only(cloud: LocalCloud) -> None:
    listening = Path("/proc/net/tcp")
    if not listening.exists():
        pytest.skip("only Linux lists its sockets there")
    addresses = {line.split()[1] for line in listening.read_text().splitlines()[1:] if line.split()[3] == "0A"}

    port = f"{cloud.engine.mqtt_port:04X}"
    assert {each for each in addresses if each.endswith(f":{port}")} == {f"0100007F:{port}"}
