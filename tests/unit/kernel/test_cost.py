"""What an invocation consumes, counted by hooks on the SDK's clients."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.composition import cost
from functions.kernel.composition.adapters import EventBridgeBus, SqsQueue, invoker
from functions.kernel.composition.container import Client
from functions.kernel.domain.errors import ConcurrencyError, UnavailableError
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.side_by_side import in_threads
from functions.kernel.runtime.views import Row
from tests.support import aws
from tests.support.store_suite import a_commit


@pytest.fixture(scope="module")
def clients() -> Iterator[Any]:
    """Clients that are watched."""
    with aws.local_aws():
        made = {name: aws.client(name) for name in ("dynamodb", "events", "sqs", "lambda")}
        for client in made.values():
            cost.watch(client)
        yield SimpleNamespace(dynamodb=made["dynamodb"], events=made["events"], sqs=made["sqs"], lambdas=made["lambda"])


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    cost.take()
    yield
    cost.take()


@pytest.fixture
def store(clients: Any) -> DynamoEventStore:
    return DynamoEventStore(clients.dynamodb, aws.event_table(clients.dynamodb))


@pytest.fixture
def views(clients: Any) -> DynamoViews:
    return DynamoViews(clients.dynamodb, aws.view_table(clients.dynamodb, []))


READS: list[Callable[[DynamoEventStore, DynamoViews], object]] = [
    lambda store, views: list(store.backwards("Jar#jar-1", page=2)),
    lambda store, views: store.read("Jar#jar-1", 1),
    lambda store, views: store.scan(0, 1, None, 10),
    lambda store, views: views.get("here", "a"),
    lambda store, views: views.query("here"),
]


@pytest.mark.parametrize("read", READS)
def test_what_every_read_of_a_table_consumes_is_counted(
    store: DynamoEventStore, views: DynamoViews, read: Callable[[DynamoEventStore, DynamoViews], object]
) -> None:
    store.commit(a_commit("Jar#jar-1"))
    views.put(Row("here", "a", {}), 1)
    cost.take()
    read(store, views)
    assert set(cost.take()) == {"read_units"}


def test_what_a_write_consumes_is_counted(store: DynamoEventStore, views: DynamoViews) -> None:
    store.commit(a_commit("Jar#jar-2"))
    views.put(Row("here", "b", {}), 1)
    assert cost.take() == {"write_units": 2}


@contextmanager
def asked(client: Any) -> Iterator[list[str | None]]:
    """What each call of DynamoDB within the block asks to be told of its capacity."""
    levels: list[str | None] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        levels.append(params.get("ReturnConsumedCapacity"))

    client.meta.events.register_last("before-parameter-build.dynamodb", note)
    try:
        yield levels
    finally:
        client.meta.events.unregister("before-parameter-build.dynamodb", note)


def test_what_a_transaction_consumes_in_each_table_is_counted(clients: Any, store: DynamoEventStore) -> None:
    # The fake in this process does not say what a transaction consumes.
    consumed = [{"TableName": "one", "CapacityUnits": 4.0}, {"TableName": "two", "CapacityUnits": 2.0}]
    answer = 200, {"ConsumedCapacity": consumed}
    with asked(clients.dynamodb) as levels, aws.answering(clients.dynamodb, "TransactWriteItems", answer):
        store.commit(a_commit("Jar#jar-2"), a_commit("Jar#jar-3"))
    assert levels == ["TOTAL"]
    assert cost.take() == {"write_units": 6}


def test_half_a_unit_is_counted(clients: Any, views: DynamoViews) -> None:
    answer = 200, {"Items": [], "ConsumedCapacity": {"CapacityUnits": 0.5}}
    with aws.answering(clients.dynamodb, "Query", answer):
        views.query("here")
    assert cost.take() == {"read_units": 0.5}


def test_what_does_not_consume_capacity_is_not_asked_for_it(clients: Any) -> None:
    with asked(clients.dynamodb) as levels:
        clients.dynamodb.list_tables()
    assert levels == [None]
    assert cost.take() == {}


def test_a_refused_write_counts_nothing_for_its_error_does_not_say_what_it_consumed(store: DynamoEventStore) -> None:
    store.commit(a_commit("Jar#jar-1"))
    cost.take()
    with pytest.raises(ConcurrencyError):
        store.commit(a_commit("Jar#jar-1"))
    assert cost.take() == {}


def test_the_entries_that_the_bus_accepts_are_counted(clients: Any) -> None:
    clients.events.create_event_bus(Name="mall")
    detail = {"metadata": {"source": "mallbots.jars", "name": "JarFilled"}}
    refused = [{"ErrorCode": "InternalFailure"}] * 2
    answer = 200, {"FailedEntryCount": 2, "Entries": [*refused, {"EventId": "made-up"}]}
    now = clock.now()
    unhurried = clock.fixed(lambda: now, lambda seconds: None)
    with unhurried, aws.answering(clients.events, "PutEvents", answer):
        assert EventBridgeBus(clients.events, "mall").put([Outgoing(detail)] * 3) == []
    assert cost.take() == {"bus_entries": 3}


def test_a_request_to_a_queue_counts_one_however_many_messages_it_sends(clients: Any) -> None:
    url = clients.sqs.create_queue(QueueName=f"queue-{ids.new()}")["QueueUrl"]
    cost.take()
    queue = SqsQueue(clients.sqs, url)
    queue.send("one")
    clients.sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": id, "MessageBody": id} for id in "ab"])
    [message] = clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    queue.retry_in(message["ReceiptHandle"], 0)
    assert cost.take() == {"queue_requests": 4}


def test_a_request_that_a_queue_refuses_counts_nothing(clients: Any) -> None:
    with pytest.raises(ClientError):
        SqsQueue(clients.sqs, "https://sqs.eu-central-1.amazonaws.com/123456789012/no-such-queue").send("one")
    assert cost.take() == {}


def test_what_calls_of_several_threads_consume_is_counted_whole() -> None:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        in_threads([lambda: [cost._count("read_units", 0.5) for _ in range(1_000)] for _ in range(25)])
    finally:
        sys.setswitchinterval(usual)
    assert cost.take() == {"read_units": 12_500}


def test_an_invocation_of_another_function_is_counted_when_it_took_place(clients: Any) -> None:
    invoke = invoker(clients.lambdas, {"stores": "stores-queries"})
    answered = 200, {"StatusCode": 200, "Payload": io.BytesIO(b"{}")}
    with aws.answering(clients.lambdas, "Invoke", answered, aws.error("TooManyRequestsException", status=429)):
        invoke("stores", {})
        with pytest.raises(UnavailableError):
            invoke("stores", {})
    assert cost.take() == {"invocations": 1}


def test_the_composition_watches_its_clients_only_where_the_stage_asks_for_it(
    clients: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = aws.view_table(clients.dynamodb, [])
    for meter, level, kinds in (("0", None, set()), ("1", "TOTAL", {"read_units"})):
        monkeypatch.setenv("MALLBOTS_METER", meter)
        client = Client("dynamodb")
        with asked(client) as levels:
            DynamoViews(client, table).get("here", "a")
        assert levels == [level]
        assert set(cost.take()) == kinds


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_says_what_the_invocation_counted_for_whom_and_for_what(
    views: DynamoViews, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    views.put(Row("here", "b", {}), 1)
    cost.print_line({"routeKey": "POST /api/jars"})
    cost.print_line({})
    cost.print_line({"query": "FindJar", "data": {}})
    assert printed(capsys) == [
        {"meter": {"invocations": 1, "write_units": 1}, "service": "jars", "work": "POST /api/jars"},
        {"meter": {"invocations": 1}, "service": "jars", "work": "message"},
        {"meter": {}, "service": "jars", "work": "FindJar"},  # its asker counted the invocation
    ]


def test_a_batch_of_messages_costs_what_brought_it_and_what_takes_it_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    cost.print_line({"Records": [{"receiptHandle": "one"}, {"receiptHandle": "two"}]})
    cost.print_line({"Records": [{"dynamodb": {}}]})
    assert [line["meter"] for line in printed(capsys)] == [{"invocations": 1, "queue_requests": 4}, {"invocations": 1}]


def in_a_batch(*received: tuple[str, int], **more: Any) -> dict[str, Any]:
    """A batch of messages: the body of each, and how often it was received."""
    records = [
        {"receiptHandle": "one", "body": body, "attributes": {"ApproximateReceiveCount": str(times)}}
        for body, times in received
    ]
    return {"Records": records, **more}


FACT = json.dumps({"detail-type": "JarFilled", "source": "mallbots.jars", "detail": {}})


def test_a_message_that_is_received_again_is_not_sent_again_and_is_deleted_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    cost.print_line(in_a_batch((FACT, 1)), cost.RAISED)
    cost.print_line(in_a_batch((FACT, 2)), {"batchItemFailures": [{"itemIdentifier": "one"}]})
    cost.print_line(in_a_batch((FACT, 3)), {"batchItemFailures": []})
    assert [line["meter"]["queue_requests"] for line in printed(capsys)] == [2, 1, 2]


def test_what_did_not_fail_is_deleted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    cost.print_line(in_a_batch((FACT, 2), (FACT, 2)), {"batchItemFailures": [{"itemIdentifier": "one"}]})
    assert [line["meter"]["queue_requests"] for line in printed(capsys)] == [2]


def test_a_large_batch_is_received_and_deleted_by_tens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    cost.print_line(in_a_batch(*[(FACT, 2)] * 21))
    assert [line["meter"]["queue_requests"] for line in printed(capsys)] == [6]


SCHEDULED = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
TICK, ANOTHER = (json.dumps({"detail-type": name, "version": 1, "time": "t"}) for name in ("JarsDue", "LidsDue"))
REMINDER = json.dumps({"detail-type": "JarIsOld", "detail": {}})
STATE = json.dumps({"robot": "r-1", "topic": "state", "received": 1, "client": "r-1", "payload": "e30="})
PRESENCE = json.dumps({"topic": "presence", "received": 1, "payload": "e30="})


@pytest.mark.parametrize(
    ("event", "work"),
    [
        (in_a_batch((TICK, 1)), "schedule JarsDue"),
        (in_a_batch((TICK, 1), (ANOTHER, 1), (TICK, 1)), "schedule JarsDue,LidsDue"),
        (in_a_batch((TICK, 1), (FACT, 1)), "message"),
        (in_a_batch((REMINDER, 1)), "message"),
        (SCHEDULED, "schedule Scheduled Event"),
        (in_a_batch((STATE, 1), (STATE, 1)), "robots r-1"),
        (in_a_batch((STATE, 1), (STATE.replace("r-1", "r-2"), 1)), "robots r-1,r-2"),
        (in_a_batch((PRESENCE, 1)), "robots broker"),
        ({"requestContext": {"routeKey": "$connect"}}, "socket $connect"),
        ({"routeKey": "GET /api/jars", "requestContext": {"routeKey": "GET /api/jars"}}, "GET /api/jars"),
        ({"Records": [{"dynamodb": {}}]}, "message"),
    ],
)
def test_a_line_tells_what_no_order_asked_for(
    event: dict[str, Any], work: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    cost.print_line(event)
    assert [line["work"] for line in printed(capsys)] == [work]


def test_a_timer_that_a_service_sent_itself_is_counted_once(
    clients: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is sent; a fact, a tick and what no one can read are counted where they are received."""
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    url = clients.sqs.create_queue(QueueName=f"queue-{ids.new()}")["QueueUrl"]
    cost.take()
    timer = json.dumps({"detail-type": "JarIsOld", "detail": {}})
    SqsQueue(clients.sqs, url).send(timer)
    cost.print_line({"Records": [], "routeKey": "relay"})
    others = [json.dumps({"detail-type": "JarFilled", "source": "mallbots.jars", "detail": {}}), "{}", "not JSON"]
    for body in (timer, *others):
        cost.print_line({"Records": [{"receiptHandle": "one", "body": body}]})
    assert [line["meter"]["queue_requests"] for line in printed(capsys)] == [1, 2, 3, 3, 3]
