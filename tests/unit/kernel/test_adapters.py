"""The bus, the queues and the invocations on AWS's side: EventBridge and SQS in this process."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, IncompleteReadError

from functions.kernel.composition.adapters import EventBridgeBus, SqsQueue, batches, invoker
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.item import messages_of
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import clock, ids, runtime
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Unsent
from tests.support import aws
from tests.support.jars import JarFilled, jars
from tests.support.runtime import memory_runtime

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
UNREACHABLE = EndpointConnectionError(endpoint_url="https://events.example")


@pytest.fixture(scope="module")
def clients() -> Iterator[Any]:
    with aws.local_aws(), aws.untransformed_events():
        yield SimpleNamespace(events=aws.client("events"), sqs=aws.client("sqs"), lambdas=aws.client("lambda"))


@pytest.fixture(autouse=True)
def pauses() -> Iterator[list[float]]:
    """The pauses made; none takes any time."""
    made: list[float] = []
    with clock.fixed(lambda: NOON, made.append):
        yield made


class Wired:
    """A bus whose rule, the one of an inbox, leads to a queue."""

    def __init__(self, clients: Any, inbox: Inbox) -> None:
        self._sqs = clients.sqs
        self.queue_url = clients.sqs.create_queue(QueueName=f"queue-{ids.new()}")["QueueUrl"]
        arn = clients.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["QueueArn"])
        name = f"bus-{ids.new()}"
        clients.events.create_event_bus(Name=name)
        clients.events.put_rule(Name="rule", EventBusName=name, EventPattern=json.dumps(inbox.pattern))
        target = {"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}
        clients.events.put_targets(Rule="rule", EventBusName=name, Targets=[target])
        self.bus = EventBridgeBus(clients.events, name)

    def receive(self) -> list[dict[str, Any]]:
        return receive(self._sqs, self.queue_url)


def receive(sqs: Any, url: str) -> list[dict[str, Any]]:
    """All that can be received, as SQS hands it out."""
    received: list[dict[str, Any]] = []
    while True:
        some = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages", [])
        if not some:
            return received
        received += some


@pytest.fixture
def filled() -> list[int]:
    """The amounts that the inbox of the test has handled."""
    return []


@pytest.fixture
def inbox(filled: list[int]) -> Inbox:
    inbox = Inbox("jars")
    inbox.on(JarFilled)(lambda event: filled.append(event.added))
    return inbox


@pytest.fixture
def wired(clients: Any, inbox: Inbox) -> Wired:
    return Wired(clients, inbox)


def messages(count: int, note: str = "") -> list[Outgoing]:
    """So many messages of a jar, each as it leaves with a commit."""
    with runtime.active(memory_runtime("jars")) as running:
        for number in range(count):
            jars.create("jar-1", lambda jar, number=number: jar.fill(number))  # type: ignore[misc]
        assert isinstance(running.store, MemoryEventStore)
        made = [message for item in running.store.log for message in messages_of(item)]
    return [Outgoing({**message.detail, "data": {**message.detail["data"], "note": note}}) for message in made]


def added(received: list[dict[str, Any]]) -> list[int]:
    return sorted(json.loads(message["Body"])["detail"]["data"]["added"] for message in received)


def test_what_a_commit_holds_goes_by_stream_bus_rule_and_queue_to_its_handler(
    wired: Wired, inbox: Inbox, filled: list[int]
) -> None:
    with runtime.active(memory_runtime("jars", bus=wired.bus)) as running:
        jars.create("jar-1", lambda jar: jar.fill_each(5, 7))
        assert isinstance(running.store, MemoryEventStore)
        images = [
            {"dynamodb": {"SequenceNumber": "1", "NewImage": i}, "eventName": "INSERT"} for i in running.store.log
        ]
        assert relay.handle({"Records": images}) == {"batchItemFailures": []}
        records = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
            }
            for message in wired.receive()
        ]
        assert inbox.handle({"Records": records}) == {"batchItemFailures": []}
    assert sorted(filled) == [5, 7]


def test_an_entry_has_the_source_and_the_name_of_its_message(wired: Wired) -> None:
    [message] = messages(1, note="Grüße 🤖")
    assert wired.bus.put([message]) == []
    [received] = wired.receive()
    event = json.loads(received["Body"])
    assert (event["source"], event["detail-type"]) == ("mallbots.jars", "JarFilled")
    assert event["detail"] == message.detail


def test_a_message_that_is_addressed_to_another_consumer_does_not_come(wired: Wired) -> None:
    one, two, three = messages(3)
    to_us = Outgoing({**two.detail, "to": "jars"})
    to_others = Outgoing({**three.detail, "to": "search"})
    assert wired.bus.put([one, to_us, to_others]) == []
    assert added(wired.receive()) == [0, 1]


def test_more_than_ten_messages_are_published_ten_at_a_time(clients: Any, wired: Wired) -> None:
    with aws.calls(clients.events) as made:
        assert wired.bus.put(messages(25)) == []
    assert [len(parameters["Entries"]) for operation, parameters in made if operation == "PutEvents"] == [10, 10, 5]
    assert added(wired.receive()) == list(range(25))


def test_large_messages_are_published_by_the_bytes_that_one_call_takes(clients: Any, wired: Wired) -> None:
    with aws.calls(clients.events) as made:
        assert wired.bus.put(messages(5, note="🤖" * 25_000)) == []  # 100 KB each
    assert [len(parameters["Entries"]) for operation, parameters in made if operation == "PutEvents"] == [2, 2, 1]
    assert added(wired.receive()) == [0, 1, 2, 3, 4]


def test_nothing_is_called_for_nothing(clients: Any, wired: Wired) -> None:
    with aws.calls(clients.events) as made:
        assert wired.bus.put([]) == []
    assert made == []


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([1] * 10, [list(range(10))]),
        ([1] * 11, [list(range(10)), [10]]),
        ([125_000, 125_000], [[0, 1]]),
        ([125_000, 125_001], [[0], [1]]),
        ([300_000, 1, 1, 300_000], [[0], [1, 2], [3]]),
    ],
)
def test_a_batch_has_at_most_ten_entries_and_250_000_bytes(sizes: list[int], expected: list[list[int]]) -> None:
    assert list(batches(sizes)) == expected


def entries(*refused: bool) -> tuple[int, dict[str, Any]]:
    """What the bus answers when it refuses some entries (and here takes none of the others either: it is made up)."""
    answer = [{"ErrorCode": "ThrottlingException"} if no else {"EventId": "made-up"} for no in refused]
    return 200, {"FailedEntryCount": sum(refused), "Entries": answer}


def test_entries_that_fail_are_tried_again_by_themselves(clients: Any, wired: Wired, pauses: list[float]) -> None:
    with aws.calls(clients.events) as made, aws.answering(clients.events, "PutEvents", entries(False, True, True)):
        assert wired.bus.put(messages(3)) == []
    tried = [
        [json.loads(entry["Detail"])["data"]["added"] for entry in parameters["Entries"]]
        for operation, parameters in made
        if operation == "PutEvents"
    ]
    assert tried == [[0, 1, 2], [1, 2]]
    assert added(wired.receive()) == [1, 2]
    assert pauses == [0.1]


def test_what_two_tries_cannot_publish_is_reported_by_its_position(clients: Any, wired: Wired) -> None:
    first = entries(False, True, *[False] * 7, True)
    with aws.answering(clients.events, "PutEvents", first, entries(True, True)):
        assert wired.bus.put(messages(12)) == [Unsent(1), Unsent(9)]
    assert added(wired.receive()) == [10, 11]


@pytest.mark.parametrize("answer", [aws.error("ThrottlingException"), UNREACHABLE, aws.error("InternalException")])
def test_a_bus_that_does_not_answer_is_tried_again(clients: Any, wired: Wired, answer: Any) -> None:
    with aws.answering(clients.events, "PutEvents", answer):
        assert wired.bus.put(messages(2)) == []
    assert added(wired.receive()) == [0, 1]


def test_a_bus_that_stays_out_of_reach_has_taken_nothing(clients: Any, wired: Wired) -> None:
    with aws.answering(clients.events, "PutEvents", UNREACHABLE, UNREACHABLE):
        assert wired.bus.put(messages(12)) == [Unsent(position) for position in range(10)]
    assert added(wired.receive()) == [10, 11]


@pytest.mark.parametrize("code", ["MalformedDetail", "InvalidArgument"])
def test_an_entry_that_the_bus_refuses_for_its_content_is_not_tried_again(
    clients: Any, wired: Wired, code: str
) -> None:
    answer = 200, {"FailedEntryCount": 1, "Entries": [{"EventId": "made-up"}, {"ErrorCode": code}]}
    with aws.answering(clients.events, "PutEvents", answer):
        assert wired.bus.put(messages(2)) == [Unsent(1, f"{code} in PutEvents")]


def test_a_call_that_is_refused_for_one_entry_publishes_the_others(clients: Any, wired: Wired) -> None:
    refusal = aws.error("ValidationException", "Total size of the entries in the request is over the limit.")
    with aws.answering(clients.events, "PutEvents", refusal, refusal):
        assert wired.bus.put(messages(3)) == [Unsent(0, "ValidationException in PutEvents")]
    assert added(wired.receive()) == [1, 2]


@pytest.mark.parametrize("code", ["AccessDeniedException", "NotAuthorizedForSourceException"])
def test_what_is_refused_for_want_of_a_permission_is_retried_later(clients: Any, wired: Wired, code: str) -> None:
    answer = 200, {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code}]}
    with aws.answering(clients.events, "PutEvents", answer, answer):
        assert wired.bus.put(messages(1)) == [Unsent(0)]


def test_nothing_is_put_on_a_bus_that_is_not_there_since_aws_would_accept_and_drop_it(clients: Any) -> None:
    with aws.calls(clients.events) as made:
        assert EventBridgeBus(clients.events, "no-such-bus").put(messages(2)) == [Unsent(0), Unsent(1)]
    assert [operation for operation, _ in made] == ["DescribeEventBus"]


def test_a_bus_that_vanishes_is_noticed_within_a_minute(clients: Any) -> None:
    clients.events.create_event_bus(Name="vanishing")
    bus = EventBridgeBus(clients.events, "vanishing")
    now = NOON
    with clock.fixed(lambda: now), aws.calls(clients.events) as made:
        assert bus.put(messages(1)) == bus.put(messages(1)) == []
        clients.events.delete_event_bus(Name="vanishing")
        now += timedelta(seconds=60)
        assert bus.put(messages(1)) == [Unsent(0)]
    looked_up = [operation for operation, _ in made if operation != "DeleteEventBus"]
    assert looked_up == ["DescribeEventBus", "PutEvents", "PutEvents", "DescribeEventBus"]


@pytest.mark.parametrize("answer", [aws.error("ThrottlingException"), aws.error("AccessDeniedException"), UNREACHABLE])
def test_that_a_bus_cannot_be_looked_up_holds_up_no_message(clients: Any, wired: Wired, answer: Any) -> None:
    with aws.answering(clients.events, "DescribeEventBus", answer):
        assert wired.bus.put(messages(1)) == []
    assert added(wired.receive()) == [0]


@pytest.fixture
def queue_url(clients: Any) -> str:
    return str(clients.sqs.create_queue(QueueName=f"queue-{ids.new()}")["QueueUrl"])


def test_a_body_is_sent_to_a_queue_as_it_is(clients: Any, queue_url: str) -> None:
    SqsQueue(clients.sqs, queue_url).send('{"text":"Grüße 🤖"}')
    assert [message["Body"] for message in receive(clients.sqs, queue_url)] == ['{"text":"Grüße 🤖"}']


def test_a_body_is_sent_with_a_delay(clients: Any, queue_url: str) -> None:
    with aws.calls(clients.sqs) as made:
        SqsQueue(clients.sqs, queue_url).send("later", delay=900)
    assert [parameters["DelaySeconds"] for _, parameters in made] == [900]
    assert receive(clients.sqs, queue_url) == []


def test_a_dead_letter_has_its_reason_with_it(clients: Any, queue_url: str) -> None:
    reason = {"reason": "it broke: " + "x" * 5000, "error": "RuntimeError", "tries": "8"}
    SqsQueue(clients.sqs, queue_url).send("{", reason=reason, group="dead-letters", dedup="record-1")
    [message] = receive(clients.sqs, queue_url)
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes == {**reason, "reason": reason["reason"][:2000]}


def test_a_reason_loses_the_characters_that_sqs_refuses_so_that_its_message_is_dead_lettered(
    clients: Any, queue_url: str
) -> None:
    SqsQueue(clients.sqs, queue_url).send("{", reason={"reason": "no topic a\0b\x1b\ufffe\ud800 🤖\n"})
    [message] = receive(clients.sqs, queue_url)
    assert message["MessageAttributes"]["reason"]["StringValue"] == "no topic a\ufffdb\ufffd\ufffd\ufffd 🤖\n"


def test_a_fifo_queue_takes_a_group_and_drops_what_it_has_seen(clients: Any) -> None:
    created = clients.sqs.create_queue(QueueName=f"queue-{ids.new()}.fifo", Attributes={"FifoQueue": "true"})
    queue = SqsQueue(clients.sqs, created["QueueUrl"])
    for body, dedup in (("one", "1"), ("one", "1"), ("two", "2")):
        queue.send(body, delay=30, group="in-turn", dedup=dedup)
    received = receive(clients.sqs, created["QueueUrl"])
    assert [message["Body"] for message in received] == ["one", "two"]
    assert {message["Attributes"]["MessageGroupId"] for message in received} == {"in-turn"}


def test_a_received_message_comes_back_after_the_time_it_is_put_off_for(clients: Any, queue_url: str) -> None:
    queue = SqsQueue(clients.sqs, queue_url)
    queue.send("again")
    [message] = receive(clients.sqs, queue_url)
    assert receive(clients.sqs, queue_url) == []
    queue.retry_in(message["ReceiptHandle"], 0)
    assert [again["Body"] for again in receive(clients.sqs, queue_url)] == ["again"]


def invoked(payload: object, **members: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(payload).encode()), **members}


def test_the_owner_is_asked_by_its_function_and_its_answer_given_back(clients: Any) -> None:
    invoke = invoker(clients.lambdas, {"stores": "stores-queries"})
    with (
        aws.calls(clients.lambdas) as made,
        aws.answering(clients.lambdas, "Invoke", invoked({"answer": {"price": 5}})),
    ):
        assert invoke("stores", {"query": "FindProduct", "data": {"product_id": "1"}}) == {"answer": {"price": 5}}
    [(_, parameters)] = made
    assert parameters["FunctionName"] == "stores-queries"
    assert json.loads(parameters["Payload"]) == {"query": "FindProduct", "data": {"product_id": "1"}}


class CutOff:
    """The body of an answer whose connection ends while it is read."""

    def read(self) -> bytes:
        raise IncompleteReadError(actual_bytes=3, expected_bytes=100)


CUT_OFF = 200, {"StatusCode": 200, "Payload": CutOff()}


@pytest.mark.parametrize("answer", [aws.error("TooManyRequestsException", status=429), UNREACHABLE, CUT_OFF])
def test_an_owner_that_does_not_answer_is_unavailable(clients: Any, answer: Any) -> None:
    invoke = invoker(clients.lambdas, {"stores": "stores-queries"})
    with (
        aws.answering(clients.lambdas, "Invoke", answer),
        pytest.raises(UnavailableError, match=r"^stores does not answer: ask again in a moment$"),
    ):
        invoke("stores", {"query": "FindProduct", "data": {}})


def test_what_an_owner_says_when_it_fails_is_not_passed_on(clients: Any) -> None:
    invoke = invoker(clients.lambdas, {"stores": "stores-queries"})
    failure = invoked({"errorMessage": "it broke", "errorType": "KeyError"}, FunctionError="Unhandled")
    with (
        aws.answering(clients.lambdas, "Invoke", failure),
        pytest.raises(UnavailableError, match=r"^stores cannot answer: ask again in a moment$"),
    ):
        invoke("stores", {"query": "FindProduct", "data": {}})
