"""The simulated AWS IoT Core: each behaviour that its documentation states, with the page in the module under test."""

import base64
import json
from functools import partial

import pytest
from botocore.exceptions import ClientError

from tests.simulation.harness import run_task
from tests.simulation.iot import sql
from tests.simulation.iot.data_client import IotDataClient
from tests.simulation.iot.packets import matches
from tests.simulation.iot_place import (
    CONNECTION,
    ORDERS,
    ROBOT,
    STATES,
    Place,
    a_wire,
)
from tests.simulation.scheduler import SECOND


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("a/+/c", "a/b/c", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a/b/c", True),
        ("a/b/c", "a/b", False),
        ("+/events", "$aws/events", False),
        ("#", "$aws/events/presence/connected/x", False),
        ("$aws/events/#", "$aws/events/presence/connected/x", True),
    ],
)
def test_filters_match_topics_by_their_levels(pattern: str, topic: str, expected: bool) -> None:
    assert matches(pattern, topic) is expected


def test_a_rule_sends_what_its_statement_selects() -> None:
    place = Place()
    place.connect()
    place.client.publish(STATES, b'{"x": 1}')
    place.wait(2)
    (message,) = place.states.messages.values()
    body = json.loads(message.body)
    assert (body["robot"], body["topic"], body["client"]) == (ROBOT, "state", ROBOT)
    assert base64.b64decode(body["payload"]) == b'{"x": 1}'
    assert isinstance(body["received"], int)


def test_a_message_that_is_no_json_passes_a_rule() -> None:
    place = Place()
    place.connect()
    place.client.publish(STATES, b"\xff no json")
    place.wait(2)
    (message,) = place.states.messages.values()
    assert base64.b64decode(json.loads(message.body)["payload"]) == b"\xff no json"


@pytest.mark.parametrize("statement", ["SELECT * FROM 'a'", "SELECT upper(x) AS y FROM 'a'", "DELETE", "SELECT a, b"])
def test_a_statement_that_the_model_does_not_know_is_refused(statement: str) -> None:
    with pytest.raises(sql.SqlError):
        sql.parse(statement)


def test_a_rule_whose_action_fails_sends_the_original_payload_to_the_error_action() -> None:
    place = Place({"rule failed": 1.0})
    place.connect()
    place.client.publish(STATES, b"{}")
    place.wait(2)
    assert not place.states.messages
    bodies = [json.loads(one.body) for one in place.errors.messages.values()]
    (failed,) = [body for body in bodies if body["ruleName"] == "states"]
    assert (failed["topic"], failed["clientId"]) == (STATES, ROBOT)
    assert base64.b64decode(failed["base64OriginalPayload"]) == b"{}"
    assert failed["failures"][0]["failedAction"] == "SqsAction"


def test_a_message_of_a_rule_whose_error_action_fails_too_is_lost() -> None:
    place = Place({"rule failed": 1.0, "rule lost": 1.0})
    place.connect()
    place.client.publish(STATES, b"{}")
    place.wait(2)
    assert (place.states.messages, place.errors.messages) == ({}, {})


def test_a_rule_may_deliver_twice_and_in_another_order() -> None:
    place = Place({"rule twice": 0.5, "rule late": 0.5})
    place.connect()
    for number in range(20):
        place.client.publish(STATES, str(number).encode())
    place.wait(200)
    received = [int(text) for text in place.received()]
    assert set(received) == set(range(20))
    assert len(received) > 20
    assert received != sorted(received)


def test_what_was_published_before_a_cut_and_not_acknowledged_is_sent_again() -> None:
    """Over many seeds: nothing is lost, and some messages come twice, since only their acknowledgement was lost."""
    doubled = 0
    for seed in range(30):
        place = Place({"connection cut": 0.15}, seed)
        place.connect()
        for number in range(10):
            place.client.publish(STATES, str(number).encode())
            place.wait(1)
        place.wait(1_000)
        assert {int(text) for text in place.received()} == set(range(10))
        doubled += len(place.received()) - 10
    assert doubled


def test_a_cut_that_nobody_tells_of_is_noticed_after_one_and_a_half_keep_alives() -> None:
    place = Place({"cut unnoticed": 1.0})
    place.connect()
    assert place.client.connection
    place.client.connection.break_off()
    place.wait(50)
    assert place.robot.downs == 1
    assert ("disconnected", 0) in place.presence_words()


def test_the_client_comes_back_after_a_cut() -> None:
    place = Place()
    place.connect()
    assert place.client.connection
    place.client.connection.break_off()
    place.wait(5)
    assert (place.robot.ups, place.robot.downs) == (2, 1)
    assert place.broker.connected() == [ROBOT]


def test_both_events_of_a_connection_have_its_version_and_the_next_connection_a_higher_one() -> None:
    place = Place()
    place.connect()
    place.client.stop()
    place.wait(2)
    place.connect()
    (first, one), (second, same), (third, two) = place.presence_words()
    assert (first, second, third) == ("connected", "disconnected", "connected")
    assert one == same < two


def test_versions_begin_again_after_an_hour_without_a_connection() -> None:
    place = Place()
    for _ in range(2):
        place.connect()
        place.client.stop()
        place.wait(2)
    place.wait(3_700)
    place.connect()
    assert place.presence_words()[-1] == ("connected", 0)


def test_presence_events_may_come_twice_and_out_of_order_but_always_come() -> None:
    place = Place({"presence late": 0.5, "presence twice": 0.5})
    for _ in range(10):
        place.connect()
        place.client.stop()
        place.wait(2)
    place.wait(200)
    events = place.presence_words()
    assert len(set(events)) == 20
    assert len(events) > 20
    assert [version for _, version in events] != sorted(version for _, version in events)


def test_a_disconnect_in_order_publishes_no_will() -> None:
    place = Place()
    place.connect()
    place.client.stop()
    place.wait(5)
    assert place.presence()[-1]["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"
    assert CONNECTION not in place.broker.retained


def test_a_cut_publishes_the_will_and_retains_it() -> None:
    place = Place()
    place.connect()
    place.client.crash()
    place.wait(5)
    assert place.presence()[-1]["disconnectReason"] == "CONNECTION_LOST"
    assert place.broker.retained[CONNECTION].payload == b"broken"


def test_a_late_will_may_come_after_the_client_is_back() -> None:
    place = Place({"will late": 1.0})
    place.connect()
    assert place.client.connection
    place.client.connection.break_off()
    place.wait(0.5)
    place.client.publish(CONNECTION, b"online", retain=True)
    place.wait(200)
    assert place.broker.retained[CONNECTION].payload == b"broken"
    assert place.broker.connected() == [ROBOT]


def test_a_second_connection_takes_over_and_the_first_one_is_told() -> None:
    place = Place()
    place.connect()
    other, second = place.a_client()
    second.start()
    place.wait(0.4)
    place.client.stop()  # or it would take over again
    place.wait(5)
    assert place.robot.downs == 1
    assert other.ups == 1
    reasons = [event.get("disconnectReason") for event in place.presence()]
    assert sorted(map(str, reasons)) == ["DUPLICATE_CLIENTID", "None", "None"]


def test_a_message_reaches_a_subscriber_that_is_connected() -> None:
    place = Place()
    place.connect()
    place.send("order 1")
    place.wait(2)
    assert place.robot.messages == ["order 1"]


def test_messages_for_a_client_that_is_away_are_stored_and_sent_when_it_is_back() -> None:
    place = Place()
    place.connect()
    place.client.stop()
    place.wait(2)
    place.send("order 1")
    place.send("order 2")
    place.wait(60)
    place.connect()
    assert place.robot.messages == ["order 1", "order 2"]


def test_an_expired_message_is_not_sent_to_a_client_that_is_back() -> None:
    place = Place()
    place.connect()
    place.client.stop()
    place.wait(2)
    place.send("stale", expiry=60)
    place.send("kept")
    place.wait(61)
    place.connect()
    assert place.robot.messages == ["kept"]


def test_a_session_lasts_no_longer_than_its_connection_asked_for() -> None:
    place = Place()
    _, other = place.a_client(kept=0.0)
    other.start()
    place.wait(2)
    other.stop()
    place.wait(2)
    place.send("order 1")
    place.connect()
    assert place.robot.messages == []


def test_one_retained_message_a_second_is_taken_on_a_topic_and_a_will_is_one() -> None:
    place = Place()
    place.connect()
    assert place.client.connection
    place.client.publish(CONNECTION, b"online", retain=True)
    place.wait(2)
    place.client.connection.break_off()
    while not place.client.is_connected or place.broker.retained[CONNECTION].payload != b"broken":
        place.wait(0.01)
    place.client.publish(CONNECTION, b"online again", retain=True)
    place.wait(0.2)
    assert place.broker.retained[CONNECTION].payload == b"broken"
    place.wait(3)
    assert (place.broker.retained[CONNECTION].payload, place.robot.downs) == (b"online again", 1)


def test_the_api_refuses_a_retained_message_over_the_rate() -> None:
    place = Place()
    api = IotDataClient(place.broker, place.world, a_wire(place.world), "fleet/inbox-1")
    publish = partial(api.publish, topic=ORDERS, payload=b"kept", qos=1, retain=True)
    run_task(place.world, publish)
    with pytest.raises(ClientError, match="ThrottlingException"):
        run_task(place.world, publish)


def test_a_session_ends_an_hour_after_its_connection() -> None:
    place = Place()
    place.connect()
    place.client.stop()
    place.wait(2)
    place.send("order 1")
    place.wait(3_700)
    place.connect()
    assert place.robot.messages == []


def test_a_late_message_is_not_delivered_after_its_expiry() -> None:
    for seed in range(20):
        place = Place({"delivery late": 1.0}, seed)
        place.connect()
        place.send("late", expiry=10)
        place.wait(200)
        delivered = [at for at, kind, fields in place.world.history.entries if fields.get("what") == "delivered"]
        sent = next(at for at, kind, fields in place.world.history.entries if fields.get("what") == "sent")
        assert all(at - sent < 10.1 * SECOND for at in delivered)


def test_a_message_may_be_delivered_twice() -> None:
    place = Place({"delivery twice": 1.0})
    place.connect()
    place.send("order 1")
    place.wait(60)
    assert place.robot.messages == ["order 1", "order 1"]


def test_a_message_that_a_cut_kept_from_the_client_is_sent_on_the_next_connection() -> None:
    for seed in range(30):
        place = Place({"connection cut": 0.2}, seed)
        place.connect()
        place.wait(60)
        place.send("order 1")
        place.wait(120)
        assert "order 1" in place.robot.messages


def test_a_new_subscriber_receives_what_is_retained() -> None:
    place = Place()
    api = IotDataClient(place.broker, place.world, a_wire(place.world), "fleet/inbox-1")
    run_task(place.world, lambda: api.publish(topic=ORDERS, payload=b"kept", qos=1, retain=True))
    place.connect()
    assert place.robot.messages == ["kept"]


def test_a_message_keeps_its_user_properties() -> None:
    place = Place()
    api = IotDataClient(place.broker, place.world, a_wire(place.world), "fleet/inbox-1")
    named = [{"traceparent": "00-1-2-01"}, {"other": "too"}]
    run_task(place.world, lambda: api.publish(topic=ORDERS, payload=b"kept", qos=1, retain=True, userProperties=named))
    assert place.broker.retained[ORDERS].properties == (("traceparent", "00-1-2-01"), ("other", "too"))


def test_an_empty_retained_message_deletes_the_one_before() -> None:
    place = Place()
    api = IotDataClient(place.broker, place.world, a_wire(place.world), "fleet/inbox-1")
    for payload in (b"kept", b""):
        place.wait(1)
        run_task(place.world, partial(api.publish, topic=ORDERS, payload=payload, qos=1, retain=True))
    assert not place.broker.retained
