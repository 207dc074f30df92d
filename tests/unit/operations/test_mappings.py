"""Mappings and queues as AWS tells of them."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.messaging import retry
from functions.operations import consumers
from functions.operations.mappings import Backlog, EventSource, LambdaMappings, SqsBacklogs
from tests.support.aws import answering, calls, error
from tests.support.letters import known_consumers

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:mallbots-test-"
ID = "6b1d1b5c-7f0e-4c9e-9a3b-00000000000"


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "QUEUES", "https://sqs.eu-central-1.amazonaws.com/123456789012/mallbots-test-{}")
    with known_consumers(monkeypatch):
        yield


def client_of(service: str) -> Any:
    made: Any = boto3.client  # of any service
    return made(service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")


def page(*mappings: dict[str, str], more: str | None = None) -> tuple[int, dict[str, Any]]:
    return 200, {"EventSourceMappings": list(mappings), **({"NextMarker": more} if more else {})}


def mapping(number: int, source: str, state: str = "Enabled") -> dict[str, str]:
    return {"UUID": f"{ID}{number}", "EventSourceArn": source, "State": state}


def test_the_mappings_of_consumers_are_found_among_all_of_the_account() -> None:
    client = client_of("lambda")
    first = page(
        mapping(1, f"{QUEUE}depot-inbox"),
        mapping(2, "arn:aws:sqs:eu-central-1:123456789012:another-test-depot-dispatcher.fifo"),
        {"UUID": f"{ID}3", "State": "Enabled"},
        more="next",
    )
    second = page(mapping(4, f"{QUEUE}depot-dispatcher.fifo", "Disabling"), mapping(5, f"{QUEUE}payments-inbox"))
    wanted = [consumers.consumers()[name] for name in ("depot/inbox", "depot/dispatcher")]
    with answering(client, "ListEventSourceMappings", first, second), calls(client) as made:
        found = LambdaMappings(client).find(wanted)
    assert found == {
        "depot/inbox": EventSource(f"{ID}1", "Enabled"),
        "depot/dispatcher": EventSource(f"{ID}4", "Disabling"),
    }
    assert [parameters for _, parameters in made] == [{}, {"Marker": "next"}]


def test_a_mapping_is_switched_by_its_id() -> None:
    client = client_of("lambda")
    with answering(client, "UpdateEventSourceMapping", (202, {"State": "Disabling"})), calls(client) as made:
        assert LambdaMappings(client).switch(EventSource(f"{ID}1", "Enabled"), on=False) == "Disabling"
    assert made == [("UpdateEventSourceMapping", {"UUID": f"{ID}1", "Enabled": False})]


@pytest.mark.parametrize("code", ["ResourceInUseException", "ResourceConflictException", "ResourceNotFoundException"])
def test_a_mapping_that_is_being_changed_or_was_deleted_cannot_be_switched_now(code: str) -> None:
    client = client_of("lambda")
    busy = error(code)
    with answering(client, "UpdateEventSourceMapping", busy), pytest.raises(UnavailableError):
        LambdaMappings(client).switch(EventSource(f"{ID}1", "Updating"), on=False)


def test_a_queue_says_what_it_has() -> None:
    client = client_of("sqs")
    counts = {
        "ApproximateNumberOfMessages": "7",
        "ApproximateNumberOfMessagesNotVisible": "2",
        "ApproximateNumberOfMessagesDelayed": "1",
    }
    with answering(client, "GetQueueAttributes", *[(200, {"Attributes": counts})] * 2), calls(client) as made:
        waiting = SqsBacklogs(client).measure(consumers.consumers()["depot/dispatcher"])
        SqsBacklogs(client).measure(consumers.failure_queues()["depot/dispatcher/dead-letters"])
    assert waiting == Backlog(visible=7, in_flight=2, delayed=1)
    assert [asked["QueueUrl"].rpartition("/")[2] for _, asked in made] == [
        "mallbots-test-depot-dispatcher.fifo",
        "mallbots-test-depot-dispatcher-dead-letters.fifo",
    ]


@pytest.mark.parametrize("call", ["lambda", "sqs"])
def test_what_aws_does_not_answer_is_unavailable(call: str) -> None:
    client = client_of(call)
    operation = "ListEventSourceMappings" if call == "lambda" else "GetQueueAttributes"
    depot = consumers.consumers()["depot/inbox"]
    with answering(client, operation, error("ThrottlingException")), pytest.raises(UnavailableError):
        _ = LambdaMappings(client).find([depot]) if call == "lambda" else SqsBacklogs(client).measure(depot)


@pytest.mark.parametrize("operation", ["ListEventSourceMappings", "UpdateEventSourceMapping", "GetQueueAttributes"])
def test_what_no_retry_mends_is_told_from_what_may_pass(operation: str) -> None:
    client = client_of("sqs" if operation == "GetQueueAttributes" else "lambda")
    depot = consumers.consumers()["depot/inbox"]
    calls_of: dict[str, Callable[[], object]] = {
        "ListEventSourceMappings": lambda: LambdaMappings(client).find([depot]),
        "UpdateEventSourceMapping": lambda: LambdaMappings(client).switch(EventSource(f"{ID}1", "Enabled"), on=False),
        "GetQueueAttributes": lambda: SqsBacklogs(client).measure(depot),
    }
    denied = error("AccessDeniedException", status=403)
    with answering(client, operation, denied), pytest.raises(ClientError) as raised:
        calls_of[operation]()
    assert not retry.may_pass(raised.value)
