"""A service as Lambda runs it: composed from its environment, on AWS's interfaces in this process."""

import gc
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from events.stores import StoreCreated
from functions.kernel.composition import compose, container, cost
from functions.kernel.composition.container import Clients
from functions.kernel.runtime import budget, clock
from functions.kernel.runtime.side_by_side import AT_ONCE
from functions.kernel.runtime.token_keys import SIGNER_CACHE
from tests.support import aws
from tests.support.callers import CLERK, request_context
from tests.support.delivery import delivered


class Lambda:
    """The context of an invocation; `left`: milliseconds until the function's timeout."""

    def __init__(self, left: int = 10_000) -> None:
        self.left = left

    def get_remaining_time_in_millis(self) -> int:
        return self.left


LAMBDA = Lambda()


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with aws.local_aws():
        yield aws.client("dynamodb")


@pytest.fixture(autouse=True)
def table(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The table of the stores service, whose function this process is."""
    table = aws.event_table(dynamodb)
    queue = aws.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    aws.client("events").create_event_bus(Name="mall")
    environment = {"MALLBOTS_SERVICE": "stores", "TABLE": table, "BUS": "mall", "QUEUE_URL": queue}
    environment["AUDIT"] = aws.audit_table(dynamodb)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return table


def ask_for_store(context: Lambda) -> dict[str, Any]:
    asked = {**request_context(CLERK), "http": {"method": "POST"}}
    request = {"version": "2.0", "rawPath": "/api/stores", "requestContext": asked}
    answer: dict[str, Any] = compose.api(
        {**request, "headers": {}, "body": '{"name":"Books","location":"North"}'}, context
    )
    return answer


def create_store() -> str:
    answer = ask_for_store(LAMBDA)
    assert answer["statusCode"] == 200
    return str(json.loads(answer["body"])["id"])


def test_what_is_asked_of_its_api_is_written_to_its_table(dynamodb: Any, table: str) -> None:
    store = create_store()
    [item] = dynamodb.scan(TableName=table)["Items"]
    assert item["stream"] == {"S": f"Store#{store}"}
    noted = aws.items(dynamodb, os.environ["AUDIT"])
    assert [(one["service"], one["actor"]) for one in noted] == [({"S": "stores"}, {"S": CLERK.actor})] * 2


def test_what_it_wrote_leaves_by_its_relay_and_can_be_sent_again(dynamodb: Any, table: str) -> None:
    create_store()
    [item] = dynamodb.scan(TableName=table)["Items"]
    record = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": item}}
    assert compose.relay({"Records": [record]}, LAMBDA) == {"batchItemFailures": []}
    assert compose.relay({"republish": {"stream": item["stream"]["S"]}}, LAMBDA) == {"sent": 1, "cursor": None}


def test_it_answers_what_other_services_ask() -> None:
    answer = compose.queries({"query": "FindProduct", "data": {"product_id": "no such product"}}, LAMBDA)
    assert set(answer) == {"not_found"}


def test_what_it_costs_is_printed_where_the_stage_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_METER", "1")
    cost.take()
    create_store()
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith('{"meter"')]
    counted = {"invocations": 1, "read_units": 2, "write_units": 1}  # the container reads once which epochs there are
    assert json.loads(line) == {"meter": counted, "service": "stores", "work": "message"}


def test_a_batch_of_a_function_that_raises_stays_in_its_queue(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One request for what it received again, and none that deletes it."""

    def fails(event: dict[str, Any]) -> Any:
        raise OSError("no network")

    monkeypatch.setenv("MALLBOTS_METER", "1")
    monkeypatch.setattr(container, "_work", lambda name: fails)
    handle = container.handler("inbox")
    cost.take()
    batch = {"Records": [{"receiptHandle": "one", "body": "{}", "attributes": {"ApproximateReceiveCount": "2"}}]}
    with pytest.raises(OSError, match="no network"):
        handle(batch, LAMBDA)
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith('{"meter"')]
    assert json.loads(line)["meter"] == {"invocations": 1, "queue_requests": 1}


def test_nothing_is_printed_where_it_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    create_store()
    assert '{"meter"' not in capsys.readouterr().out


def test_an_api_with_no_time_left_for_a_call_that_may_hang_answers_503_and_when_to_ask_again() -> None:
    answer = ask_for_store(Lambda(left=1_000 * (budget.TRY + budget.RESERVE) - 1))
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "2")
    assert ask_for_store(Lambda(left=1_000 * (budget.TRY + budget.RESERVE)))["statusCode"] == 200


@pytest.mark.parametrize(("handler", "made"), [("api", ["dynamodb"]), ("queries", ["dynamodb"]), ("relay", ["events"])])
def test_the_client_that_invocations_need_is_made_before_the_first_one(
    handler: str, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    make: Any = boto3.client

    def noted(name: str, **more: Any) -> Any:
        found.append(name)
        return make(name, **more)

    monkeypatch.setattr(boto3, "client", noted)
    assert callable(getattr(compose, handler))
    assert found == made


def test_a_function_without_tables_makes_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "gateway")
    monkeypatch.delenv("TABLE")
    monkeypatch.setattr(boto3, "client", lambda name, **_: pytest.fail(f"it makes a client of {name}"))
    request = {"version": "2.0", "rawPath": "/health", "requestContext": {"http": {"method": "GET"}}, "headers": {}}
    assert compose.api(request, LAMBDA)["statusCode"] == 200


def test_the_keys_that_sign_tokens_are_kept_for_five_minutes_and_the_paging_key_for_good(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = aws.client("secretsmanager")
    for name in ("TOKEN_KEYS", "SIGNING_KEY"):
        monkeypatch.setenv(name, name.lower())
        secrets.create_secret(Name=name.lower(), SecretString="old")
    composed, now = container.compose(Clients()), datetime(2030, 1, 1, tzinfo=UTC)

    def read(seconds: int) -> tuple[str, bytes]:
        with clock.fixed(lambda: now + timedelta(seconds=seconds)):
            return composed.token_keys(), composed.signing_key

    assert read(0) == ("old", b"old")
    for name in ("token_keys", "signing_key"):
        secrets.put_secret_value(SecretId=name, SecretString="new")
    assert read(SIGNER_CACHE - 1) == ("old", b"old")
    assert read(SIGNER_CACHE) == ("new", b"old")


def test_keys_that_sign_tokens_are_not_used_for_longer_though_no_newer_ones_can_be_read(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is published for as long as anyone may sign with it, and no longer: to go on would make invalid tokens."""
    secrets = aws.client("secretsmanager")
    monkeypatch.setenv("TOKEN_KEYS", "keys")
    secrets.create_secret(Name="keys", SecretString="old")
    composed, now = container.compose(Clients()), datetime(2030, 1, 1, tzinfo=UTC)
    with clock.fixed(lambda: now):
        assert composed.token_keys() == "old"
        secrets.delete_secret(SecretId="keys", ForceDeleteWithoutRecovery=True)
        now += timedelta(seconds=SIGNER_CACHE)
        with pytest.raises(ClientError):
            composed.token_keys()


def test_garbage_is_collected_again_once_a_handler_is_there() -> None:
    assert callable(compose.api)
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """What looking a handler up froze is looked through again."""
    yield
    gc.unfreeze()


def test_a_client_that_threads_use_at_once_is_made_once(monkeypatch: pytest.MonkeyPatch, dynamodb: Any) -> None:
    """boto3's default session, which makes the clients, is not for several threads at once."""
    made: list[str] = []
    all_there = Barrier(AT_ONCE, timeout=10)
    clients = Clients()
    make: Any = boto3.client

    def counted(name: str, **more: Any) -> Any:
        made.append(name)
        return make(name, **more)

    def list_tables() -> Any:
        all_there.wait()
        return clients.dynamodb.list_tables()["TableNames"]

    monkeypatch.setattr(boto3, "client", counted)
    monkeypatch.setenv("MALLBOTS_METER", "0")
    found = container.compose(clients).side_by_side([list_tables] * AT_ONCE)
    assert found == [dynamodb.list_tables()["TableNames"]] * AT_ONCE
    assert made == ["dynamodb"]


def test_the_forecast_of_a_service_reads_its_tables_and_writes_nothing(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = aws.view_table(dynamodb, ["by_name", "of_store", "participating"])
    monkeypatch.setenv("VIEWS", views)
    monkeypatch.setenv("MALLBOTS_CODE", "7")
    store = StoreCreated(store_id="store-1", name="Books", location="North", participating=False)
    body = delivered(store)["Records"][0]["body"]
    told = compose.forecast({"letters": [{"id": "l", "consumer": "stores/inbox", "body": body}]}, LAMBDA)
    [answer] = told["answers"]
    assert (answer["answer"], answer["detail"]["rows"], told["code"]) == ("passes", 1, "7")
    assert dynamodb.scan(TableName=views)["Items"] == []
    assert told["overlay"]["rows"][0][:2] == ["stores", "store-1"]
