"""The simulated AWS IoT Core: each behaviour that its documentation states, with the page in the module under test."""

import base64
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.harness import FakeCaller, a_world, run_task
from tests.simulation.iot import sql
from tests.simulation.iot.broker import Broker
from tests.simulation.iot.client import MqttClient
from tests.simulation.iot.data_client import IotDataClient
from tests.simulation.iot.packets import LARGEST, Will, matches
from tests.simulation.iot.registry import ATTRIBUTES, THING, Policy, Registry
from tests.simulation.iot.rules import TopicRule
from tests.simulation.outages import BROKER
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World
from tests.simulation.sqs import Queue

ROBOT = "7d9f"
STATES, ORDERS = f"mall/v3/maker/{ROBOT}/state", f"mall/v3/maker/{ROBOT}/order"
CONNECTION = f"mall/v3/maker/{ROBOT}/connection"
RULE = (
    "SELECT topic(4) AS robot, topic(5) AS topic, timestamp() AS received, clientid() AS client, "
    "encode(*, 'base64') AS payload FROM 'mall/v3/maker/+/state'"
)
PRESENCE = "SELECT 'presence' AS topic, timestamp() AS received, encode(*, 'base64') AS payload FROM '{}'"
OWN = f"mall/v3/maker/{THING}"
POLICY = Policy(
    {
        "iot:Connect": [f"client/{THING}"],
        ATTRIBUTES: ["PersistentConnect", "LastWill"],
        "iot:Publish": [f"topic/{OWN}/state", f"topic/{OWN}/connection"],
        "iot:RetainPublish": [f"topic/{OWN}/connection"],
        "iot:Subscribe": [f"topicfilter/{OWN}/order", f"topicfilter/{OWN}/+"],
        "iot:Receive": [f"topic/{OWN}/order"],
    }
)
ENDS = ("$aws/events/presence/connected/+", "$aws/events/presence/disconnected/+")


class Robot:
    """A device that notes what reaches it."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.ups = self.downs = 0

    def connected(self) -> None:
        self.ups += 1

    def disconnected(self) -> None:
        self.downs += 1

    def acknowledged(self, topic: str, sent_us: int) -> None:
        """Whether the broker has what it published is nothing to it."""

    def received(self, topic: str, payload: bytes) -> None:
        self.messages.append(payload.decode())


class Place:
    """A broker with a rule for states, a rule for each presence event, and one robot."""

    def __init__(self, faults: Mapping[str, float] | None = None, seed: int = 1) -> None:
        self.world = a_world(seed, faults)
        self.broker = Broker(self.world, Registry(POLICY))
        self.states, self.errors = Queue(self.world, "states"), Queue(self.world, "errors", is_dead_letters=True)
        self.events = Queue(self.world, "events")
        for name, statement, queue in (
            ("states", RULE, self.states),
            *((f"presence{n}", PRESENCE.format(end), self.events) for n, end in enumerate(ENDS)),
        ):
            self.broker.rules.append(TopicRule(self.world, name, statement, queue, self.errors))
        self.broker.registry.issue("certificate", ROBOT)
        self.robot, self.client = self.a_client()

    def a_client(
        self,
        name: str = ROBOT,
        certificate: str = "certificate",
        kept: float = 3_600.0,
        topics: str = ORDERS,
        will_topic: str = CONNECTION,
    ) -> tuple[Robot, MqttClient]:
        robot = Robot()
        will = Will(will_topic, b"broken", retain=True)
        return robot, MqttClient(self.world, self.broker, robot, name, certificate, [topics], lambda: will, kept=kept)

    def wait(self, seconds: float) -> None:
        self.world.scheduler.run(self.world.scheduler.now_us + int(seconds * SECOND))

    def connect(self) -> None:
        self.client.start()
        self.wait(2)

    def send(self, text: str, expiry: int = 0, topic: str = ORDERS) -> None:
        api = IotDataClient(self.broker, self.world, a_wire(self.world), "fleet/inbox-1")
        run_task(self.world, lambda: api.publish(topic=topic, payload=text.encode(), qos=1, messageExpiry=expiry))

    def received(self) -> list[str]:
        """The payloads in the queue of the states."""
        return [base64.b64decode(json.loads(one.body)["payload"]).decode() for one in self.states.messages.values()]

    def presence(self) -> list[dict[str, Any]]:
        """The presence events in the order of their arrival."""
        return [json.loads(base64.b64decode(json.loads(one.body)["payload"])) for one in self.events.messages.values()]

    def presence_words(self) -> list[tuple[str, int]]:
        return [(event["eventType"], event["versionNumber"]) for event in self.presence()]


def a_wire(world: World) -> Wire:
    return Wire(world, FakeCaller(), "iot-data")


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


def test_a_client_without_an_active_certificate_of_its_own_is_refused() -> None:
    place = Place()
    place.broker.registry.issue("another's", "other")
    for certificate in ("unknown", "another's"):
        robot, client = place.a_client(certificate=certificate)
        client.start()
        place.wait(2)
        assert (robot.ups, client.is_connected) == (0, False)


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
