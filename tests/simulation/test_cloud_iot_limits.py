"""What the simulated AWS IoT Core refuses or ends: by certificates, by the policy, by limits, in outages."""

from functools import partial

import pytest
from botocore.exceptions import ClientError

from tests.simulation.harness import run_task
from tests.simulation.iot.control_client import ARN, DETACHES, IotClient
from tests.simulation.iot.data_client import IotDataClient
from tests.simulation.iot.packets import LARGEST
from tests.simulation.iot_place import (
    CONNECTION,
    ORDERS,
    ROBOT,
    STATES,
    Place,
    a_wire,
)
from tests.simulation.outages import BROKER


def test_a_client_without_an_active_certificate_of_its_own_is_refused() -> None:
    place = Place()
    place.broker.registry.issue("another's", "other")
    for certificate in ("unknown", "another's"):
        robot, client = place.a_client(certificate=certificate)
        client.start()
        place.wait(2)
        assert (robot.ups, client.is_connected) == (0, False)


def test_a_certificate_that_is_detached_again_and_again_is_deleted_five_seconds_after_the_first_time() -> None:
    place = Place()
    registry = place.broker.registry
    registry.things.add(ROBOT)
    registry.certificates["certificate"].things.add(ROBOT)
    registry.deactivate(registry.certificates["certificate"])
    client = IotClient(registry, place.world, a_wire(place.world))

    def remove() -> None:
        end = place.world.scheduler.now_us + DETACHES
        while place.world.scheduler.now_us <= end:
            client.detach_thing_principal(thingName=ROBOT, principal=ARN + "certificate")
            place.world.scheduler.sleep(1.0)
        client.delete_certificate(certificateId="certificate", forceDelete=True)

    run_task(place.world, remove)
    assert not registry.certificates


def test_a_revoked_certificate_ends_the_connection_within_minutes_and_refuses_the_next() -> None:
    place = Place()
    place.connect()
    place.broker.registry.deactivate(place.broker.registry.certificates["certificate"])
    place.wait(240)
    assert place.presence()[-1]["disconnectReason"] == "AUTH_ERROR"
    assert not place.client.is_connected
    assert place.client.refused


def test_a_client_that_publishes_to_another_ones_topic_is_disconnected() -> None:
    place = Place()
    place.connect()
    place.client.publish("mall/v3/maker/other/state", b"{}")
    place.wait(0.5)
    assert place.presence()[-1]["disconnectReason"] == "AUTH_ERROR"
    assert not place.received()


def test_a_client_that_retains_what_its_policy_does_not_let_it_retain_is_disconnected() -> None:
    place = Place()
    place.connect()
    place.client.publish(STATES, b"{}", retain=True)
    place.wait(0.5)
    assert place.presence()[-1]["disconnectReason"] == "AUTH_ERROR"
    assert STATES not in place.broker.retained


def test_a_client_whose_will_its_policy_does_not_allow_is_refused() -> None:
    place = Place()
    _, client = place.a_client(will_topic="mall/v3/maker/other/connection")
    client.start()
    place.wait(2)
    assert (client.is_connected, client.refused > 0) == (False, True)


def test_what_is_retained_is_not_sent_for_a_filter_with_a_wildcard() -> None:
    place = Place()
    api = IotDataClient(place.broker, place.world, a_wire(place.world), "fleet/inbox-1")
    run_task(place.world, lambda: api.publish(topic=ORDERS, payload=b"kept", qos=1, retain=True))
    robot, client = place.a_client(topics=f"mall/v3/maker/{ROBOT}/+")
    client.start()
    place.wait(2)
    place.send("order 1")
    place.wait(2)
    assert robot.messages == ["order 1"]


def test_a_connection_that_the_api_ends_publishes_no_will_if_that_says_so_and_leaves_no_session() -> None:
    place = Place()
    place.connect()
    api = IotDataClient(place.broker, place.world, a_wire(place.world), "fleet/inbox-1")
    ended = partial(api.delete_connection, clientId=ROBOT, cleanSession=True, preventWillMessage=True)
    run_task(place.world, ended)
    assert place.broker.connected() == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        run_task(place.world, ended)
    place.wait(5)
    assert CONNECTION not in place.broker.retained
    assert place.presence()[1]["disconnectReason"] == "API_INITIATED_DISCONNECT"


def test_a_message_over_the_limit_ends_the_connection() -> None:
    place = Place()
    place.connect()
    place.client.publish(STATES, b"x" * (LARGEST + 1))
    place.wait(0.5)
    assert place.presence()[-1]["disconnectReason"] == "CLIENT_ERROR"


def test_the_api_refuses_a_message_over_the_limit() -> None:
    place = Place()
    with pytest.raises(ClientError, match="RequestEntityTooLargeException"):
        place.send("x" * (LARGEST + 1))


def test_a_publish_may_take_effect_and_fail() -> None:
    place = Place({"internal error after effect": 1.0})
    place.connect()
    with pytest.raises(ClientError, match="InternalServerError"):
        place.send("order 1")
    place.wait(5)
    assert set(place.robot.messages) == {"order 1"}


def test_a_throttled_publish_takes_no_effect() -> None:
    place = Place({"throttle": 1.0})
    place.connect()
    with pytest.raises(ClientError, match="ThrottlingException"):
        place.send("order 1")
    place.wait(5)
    assert place.robot.messages == []


def test_an_outage_ends_all_connections_and_refuses_others_until_it_is_over() -> None:
    place = Place()
    place.connect()
    place.world.away[BROKER] = "error"
    place.broker.begin_outage()
    place.wait(100)
    assert place.broker.connected() == []
    assert [event["eventType"] for event in place.presence()] == ["connected"], "what it has to tell comes later"
    del place.world.away[BROKER]
    place.wait(60)
    assert place.broker.connected() == [ROBOT]
    assert len(place.presence()) == 3
    assert place.broker.in_flight == 0


def test_equal_seeds_give_equal_histories() -> None:
    def history(seed: int) -> str:
        faults = {"connection cut": 0.1, "cut unnoticed": 0.3, "rule late": 0.3, "delivery twice": 0.3}
        place = Place(faults, seed)
        place.connect()
        for number in range(10):
            place.client.publish(STATES, str(number).encode())
            place.send(str(number), expiry=5)
        place.wait(120)
        return place.world.history.trace_hash

    assert history(3) == history(3)
    assert history(3) != history(4)
