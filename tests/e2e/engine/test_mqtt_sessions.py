"""What outlives a connection to the broker, and what outlives the engine: `patches/mqtt_sessions.py`."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.cloud import LocalCloud
from infra.local.process import free_port
from tests.e2e.engine.devices import Connection, Device, Devices, authority, devices_on, own_topics
from tests.e2e.engine.test_iot import bodies, rule, rule_role, to_queue
from tests.e2e.engine.test_permissions import denial
from tests.e2e.engine.workbench import Workbench, eventually, until_saved

HOUR = 3600
SERVER_SHUTTING_DOWN = 0x8B


@pytest.fixture
def devices(bench: Workbench) -> Iterator[Devices]:
    devices = Devices(bench)
    yield devices
    devices.close()


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud that takes a second for the hour after which presence begins again."""
    cloud = LocalCloud(free_port(), tmp_path_factory.mktemp("forgetful"), {"MQTT_PRESENCE_RESET_SECONDS": "1"})
    cloud.start()
    yield cloud
    cloud.stop()


def order(device: Device) -> str:
    return f"mall/{device.name}/order"


def test_a_session_keeps_orders_for_an_absent_device_in_their_order(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-persistent-sessions"""
    device = devices.make(own_topics("mall"))
    first = devices.connect(device, clean=False, session=HOUR)
    first.subscribe(order(device))
    first.cut()
    data = devices.bench.client("iot-data")
    for number in range(3):
        data.publish(topic=order(device), qos=1, payload=str(number).encode())

    again = devices.connect(device, clean=False, session=HOUR)

    eventually(lambda: len(again.payloads) == 3)
    assert (first.accepted, again.accepted) == ([(0, False)], [(0, True)])
    assert again.payloads == [b"0", b"1", b"2"]


def test_a_session_ends_with_a_clean_start(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-persistent-sessions"""
    device = devices.make(own_topics("mall"))

    devices.connect(device, clean=False, session=HOUR).disconnect()
    assert devices.connect(device, clean=False, session=HOUR).accepted == [(0, True)]
    assert devices.connect(device, clean=True, session=HOUR).accepted == [(0, False)]


def test_a_session_ends_with_its_expiry(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt5: session expiry"""
    device = devices.make(own_topics("mall"))
    devices.connect(device, clean=False, session=1).disconnect()

    pass_by(1.5)

    assert devices.connect(device, clean=False, session=1).accepted == [(0, False)]


def test_expired_messages_reach_no_device(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt5: message expiry"""
    device, data = devices.make(own_topics("mall")), devices.bench.client("iot-data")
    state = f"mall/{device.name}/state"
    devices.connect(device, clean=False, session=HOUR).subscribe(order(device))
    devices.connect(device, clean=False, session=HOUR).disconnect()
    data.publish(topic=order(device), qos=1, payload=b"stale", messageExpiry=1)
    data.publish(topic=order(device), qos=1, payload=b"fresh", messageExpiry=60)
    data.publish(topic=state, qos=1, payload=b"stale", retain=True, messageExpiry=1)

    eventually(lambda: denial(data.get_retained_message, topic=state) == "ResourceNotFoundException")
    again = devices.connect(device, clean=False, session=HOUR)
    again.subscribe(state)
    again.publish(order(device), b"last", expiry=60)

    eventually(lambda: b"last" in again.payloads)
    assert again.payloads == [b"fresh", b"last"]
    assert [30 < (message.expiry or 0) <= 60 for message in again.messages] == [True, True]


def test_user_properties_of_what_is_published_by_http_reach_a_device_also_later(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_Publish.html"""
    device, data = devices.make(own_topics("mall")), devices.bench.client("iot-data")
    connection = devices.connect(device, clean=False, session=HOUR)
    connection.subscribe(order(device))
    data.publish(topic=order(device), qos=1, payload=b"now", userProperties=[{"traceparent": "00-1-2-01"}])
    eventually(lambda: connection.messages)
    connection.disconnect()
    data.publish(topic=order(device), qos=1, payload=b"later", userProperties=[{"traceparent": "00-1-3-01"}])

    again = devices.connect(device, clean=False, session=HOUR)
    eventually(lambda: again.messages)
    told = {message.payload: message.properties for message in [*connection.messages, *again.messages]}
    assert told == {b"now": {"traceparent": "00-1-2-01"}, b"later": {"traceparent": "00-1-3-01"}}


def unacknowledged(devices: Devices, device: Device, expiry: int) -> None:
    """An order that the device received on a connection that ended before it acknowledged it."""
    connection = devices.connect(device, clean=False, session=HOUR)
    connection.client.manual_ack_set(True)
    connection.subscribe(order(device))
    devices.bench.client("iot-data").publish(topic=order(device), qos=1, payload=b"order", messageExpiry=expiry)
    eventually(lambda: connection.payloads)
    connection.cut()


def test_what_was_not_acknowledged_comes_again_with_the_next_connection(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-persistent-sessions"""
    device = devices.make(own_topics("mall"))
    unacknowledged(devices, device, expiry=60)

    again = devices.connect(device, clean=False, session=HOUR)
    assert eventually(lambda: again.payloads, seconds=10) == [b"order"]
    again.publish(order(device), b"last")
    eventually(lambda: b"last" in again.payloads)
    again.disconnect()
    last = devices.connect(device, clean=False, session=HOUR)
    last.publish(order(device), b"later")
    assert eventually(lambda: last.payloads) == [b"later"]


def test_what_was_not_acknowledged_and_has_expired_does_not_come_again(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt5: message expiry"""
    device = devices.make(own_topics("mall"))
    unacknowledged(devices, device, expiry=1)

    pass_by(1.5)
    again = devices.connect(device, clean=False, session=HOUR)
    again.publish(order(device), b"last")

    assert eventually(lambda: again.payloads) == [b"last"]


def test_a_device_that_subscribes_again_gets_each_message_once(devices: Devices) -> None:
    """https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901164"""
    device = devices.make(own_topics("mall"))
    devices.connect(device, clean=False, session=HOUR).subscribe(order(device))
    again = devices.connect(device, clean=False, session=HOUR)
    again.subscribe(order(device))
    again.subscribe(order(device))

    for payload in (b"1", b"2"):
        again.publish(order(device), payload)

    eventually(lambda: b"2" in again.payloads)
    assert again.payloads == [b"1", b"2"]


def test_a_resumed_session_is_not_sent_the_retained_messages_again(devices: Devices) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-retain: they come with a subscription."""
    device = devices.make(own_topics("mall"))
    first = devices.connect(device, clean=False, session=HOUR)
    first.publish(order(device), b"kept", retain=True)
    first.subscribe(order(device))
    assert eventually(lambda: first.payloads) == [b"kept"]
    first.disconnect()

    again = devices.connect(device, clean=False, session=HOUR)
    again.publish(order(device), b"live")

    assert eventually(lambda: again.payloads) == [b"live"]


def versions(connection: Connection) -> list[int]:
    return [json.loads(payload)["versionNumber"] for payload in connection.payloads]


def test_presence_begins_again_after_a_long_absence(forgetful: LocalCloud, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html: about an hour; here a second"""
    with devices_on(forgetful, tmp_path) as devices:
        watcher, device = devices.connect(devices.make()), devices.make()
        watcher.subscribe(f"$aws/events/presence/connected/{device.name}")
        devices.connect(device).disconnect()
        devices.connect(device).disconnect()

        pass_by(1.5)
        devices.connect(device)

        eventually(lambda: len(watcher.payloads) == 3)
        assert versions(watcher)[0] == versions(watcher)[2] == 0
        assert versions(watcher)[1] > 0


@pytest.mark.parametrize("ended", ["stopped", "killed"])
def test_devices_go_on_after_a_restart_of_the_engine(fresh_cloud: LocalCloud, tmp_path: Path, ended: str) -> None:
    """No behaviour of AWS: certificates, policies, rules, sessions, retained messages and presence stay."""
    fresh_cloud.start()
    signed_by = authority(fresh_cloud)
    with devices_on(fresh_cloud, tmp_path) as devices:
        queue = devices.bench.queue()
        rule(devices.bench, "SELECT * FROM 'mall/+/state'", to_queue(queue, rule_role(devices.bench, queue)))
        watcher, device = devices.make(), devices.make(own_topics("mall"))
        first, seen = devices.connect(device, clean=False, session=HOUR), devices.connect(watcher)
        seen.subscribe(f"$aws/events/presence/connected/{device.name}")
        first.subscribe(order(device))
        first.publish(f"mall/{device.name}/connection", b"kept", retain=True)
        first.disconnect()
        devices.connect(device, clean=False, session=HOUR).disconnect()
        devices.bench.client("iot-data").publish(topic=order(device), qos=1, payload=b"order")
        [version] = eventually(lambda: versions(seen))

        if ended == "killed":
            until_saved(fresh_cloud, "iot", base64.b64encode(b"order").decode())
            fresh_cloud.engine.kill()
        else:
            fresh_cloud.stop()
        fresh_cloud.start()

        seen = devices.connect(watcher)
        seen.subscribe(f"$aws/events/presence/connected/{device.name}")
        again = devices.connect(device, clean=False, session=HOUR)
        again.subscribe(f"mall/{device.name}/connection")
        again.publish(f"mall/{device.name}/state", b'{"a": 1}')

        assert authority(fresh_cloud) == signed_by
        assert again.accepted == [(0, True)]
        eventually(lambda: len(again.payloads) == 2)
        assert again.payloads == [b"order", b"kept"]
        assert bodies(devices.bench, queue) == [{"a": 1}]
        assert eventually(lambda: versions(seen))[0] > version


def test_a_session_that_was_connected_when_the_engine_was_killed_is_there_again(
    fresh_cloud: LocalCloud, tmp_path: Path
) -> None:
    """No behaviour of AWS, whose broker does not end."""
    fresh_cloud.start()
    with devices_on(fresh_cloud, tmp_path) as devices:
        device = devices.make(own_topics("mall"))
        devices.connect(device, clean=False, session=HOUR).subscribe(order(device))
        until_saved(fresh_cloud, "iot", order(device))

        fresh_cloud.engine.kill()
        fresh_cloud.start()
        devices.bench.client("iot-data").publish(topic=order(device), qos=1, payload=b"order")
        again = devices.connect(device, clean=False, session=HOUR)

        assert again.accepted == [(0, True)]
        assert eventually(lambda: again.payloads) == [b"order"]


def test_a_stop_of_the_engine_ends_connections_before_the_state_is_saved(
    fresh_cloud: LocalCloud, tmp_path: Path
) -> None:
    """https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html: SERVER_INITIATED_DISCONNECT"""
    fresh_cloud.start()
    with devices_on(fresh_cloud, tmp_path) as devices:
        queue, device = devices.bench.queue(), devices.make(own_topics("mall"))
        role = rule_role(devices.bench, queue)
        rule(devices.bench, f"SELECT * FROM '$aws/events/presence/disconnected/{device.name}'", to_queue(queue, role))
        will = (f"mall/{device.name}/connection", b"broken")
        connection = devices.connect(device, clean=False, session=HOUR, will=will)

        fresh_cloud.stop()
        fresh_cloud.start()

        [event] = bodies(devices.bench, queue)
        retained = devices.bench.client("iot-data").get_retained_message(topic=will[0])
        assert connection.ended == [SERVER_SHUTTING_DOWN]
        assert (event["clientId"], event["disconnectReason"]) == (device.name, "SERVER_INITIATED_DISCONNECT")
        assert retained["payload"] == b"broken"
        assert devices.connect(device, clean=False, session=HOUR).accepted == [(0, True)]


def pass_by(seconds: float) -> None:
    """Let time pass where nothing but time decides."""
    until = time.monotonic() + seconds
    eventually(lambda: time.monotonic() > until)
