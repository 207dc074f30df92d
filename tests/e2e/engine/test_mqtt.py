"""IoT Core's message broker: `patches/mqtt.py`."""

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.e2e.engine.devices import Device, Devices, own_topics
from tests.e2e.engine.workbench import Workbench, eventually

NOT_AUTHORIZED = 0x87


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


def connect_packet(name: str) -> bytes:
    """A CONNECT of MQTT 5: https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901033"""
    body = b"\0\x04MQTT\x05\x02\0\x3c\0" + len(name).to_bytes(2, "big") + name.encode()
    return b"\x10" + bytes([len(body)]) + body


def test_presence_events_have_what_the_page_lists(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html"""
    watcher = devices.connect(devices.make())
    watcher.subscribe("$aws/events/presence/#")
    device = devices.make(own_topics("mall"))

    devices.connect(device).disconnect()

    eventually(lambda: len(watcher.payloads) == 2)
    events = [json.loads(payload) for payload in watcher.payloads]
    assert [event["eventType"] for event in events] == ["connected", "disconnected"]
    assert {event["clientId"] for event in events} == {device.name}
