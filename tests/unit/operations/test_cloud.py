"""What operations asks of AWS, against moto, and against Lambda as its API answers."""

import io
import json
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from functions.kernel.domain.errors import RefusedError, UnavailableError
from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import Port, Runtime
from functions.operations import cloud, consumers
from functions.operations.cloud import (
    Functions,
    Held,
    LambdaFunctions,
    LambdaStarts,
    SnsTopic,
    SqsFailureQueues,
    SqsInboxes,
    SqsOutcomes,
    SqsQueues,
)
from functions.operations.collector import collector
from functions.operations.consumers import Consumer, Served, written
from infra.operations import SCHEDULED_TIMEOUT
from infra.service import API_TIMEOUT
from tests.support.aws import answering
from tests.support.aws import error as error_of
from tests.support.letters import sample
from tests.unit.operations.rung import Rung

INBOX, DISPATCHER = Consumer("depot", "inbox"), Consumer("depot", "dispatcher", fifo=True)
DEAD_LETTERS = INBOX.failure_queues[0]


def answered(code: str, status: int = 400) -> ClientError:
    """An error that AWS answers."""
    response: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "SendMessage")


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[SqsQueues]:
    with mock_aws():
        sqs = boto3.client("sqs")
        for name in ("depot-inbox", "depot-inbox-dead-letters", "operations-outcomes"):
            url = sqs.create_queue(QueueName=f"mallbots-dev-{name}")["QueueUrl"]
        sqs.create_queue(QueueName="mallbots-dev-depot-dispatcher.fifo", Attributes={"FifoQueue": "true"})
        monkeypatch.setenv("QUEUES", f"{url.rpartition('/')[0]}/mallbots-dev-{{}}")
        monkeypatch.setenv("FUNCTIONS", "mallbots-dev-{}")
        monkeypatch.setenv("CONSUMERS", written([Served("depot", (INBOX, DISPATCHER), True)]))
        consumers.services.cache_clear()
        yield SqsQueues(sqs)
        consumers.services.cache_clear()


def received(physical: str) -> list[Held]:
    return SqsQueues(boto3.client("sqs")).receive_from(consumers.queue_url(physical))


def test_what_was_given_up_is_received_with_all_that_is_known_of_it_and_is_hidden_until_it_is_deleted(
    queues: SqsQueues,
) -> None:
    reason = {"reason": {"DataType": "String", "StringValue": "the jar is sealed"}}
    url = consumers.queue_url(DEAD_LETTERS.physical)
    for number in range(12):
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody=str(number), MessageAttributes=reason)
    failures = SqsFailureQueues(queues)
    ten, two = failures.receive(DEAD_LETTERS), failures.receive(DEAD_LETTERS)
    assert sorted(int(held.body) for held in (*ten, *two)) == list(range(12))
    assert {held.attributes["reason"] for held in ten} == {"the jar is sealed"}
    assert all(int(held.system["SentTimestamp"]) for held in ten)
    assert failures.receive(DEAD_LETTERS) == []
    failures.delete(DEAD_LETTERS, [*ten, *two])
    counts = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "0"


@pytest.mark.usefixtures("time")
def test_a_collector_of_which_a_queue_is_missing_drains_the_others_and_counts_no_error(
    queues: SqsQueues, runtime: Runtime, rung: Rung
) -> None:
    """Of six queues one alone is there: the stacks of the others are to come, or were deleted before this code was."""
    held = sample("inbox")[1]
    boto3.client("sqs").send_message(QueueUrl=consumers.queue_url(DEAD_LETTERS.physical), MessageBody=held.body)
    runtime.adapters["failure_queues"] = SqsFailureQueues(queues)
    assert collector.handle({}) == {"stored": 1, "queues_not_drained": 0}
    assert rung.times("Errors") == 0


def test_what_was_received_of_a_queue_that_is_deleted_meanwhile_is_deleted_with_it(queues: SqsQueues) -> None:
    url, failures = consumers.queue_url(DEAD_LETTERS.physical), SqsFailureQueues(queues)
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="a body")
    held = failures.receive(DEAD_LETTERS)
    boto3.client("sqs").delete_queue(QueueUrl=url)
    failures.delete(DEAD_LETTERS, held)
    assert failures.receive(DEAD_LETTERS) == []


@pytest.mark.usefixtures("queues")
def test_a_failure_queue_that_may_not_be_read_is_not_taken_for_an_empty_one() -> None:
    client = boto3.client("sqs")
    denied = error_of("AccessDenied", status=403)
    with answering(client, "ReceiveMessage", denied), pytest.raises(ClientError):
        SqsFailureQueues(SqsQueues(client)).receive(DEAD_LETTERS)


def test_a_letter_is_sent_with_its_attributes_and_in_turn_only_where_the_queue_is_fifo(queues: SqsQueues) -> None:
    inboxes, attributes = SqsInboxes(queues), {"letter": "l-1", "run": "r-1/0"}
    inboxes.send(INBOX, "a body", attributes, group="in-turn", dedup="l-1-1")
    inboxes.send(DISPATCHER, "in turn", attributes, group="in-turn", dedup="l-1-1")
    inboxes.send(DISPATCHER, "in turn", attributes, group="in-turn", dedup="l-1-1")
    [standard], [in_turn] = received(INBOX.physical), received(DISPATCHER.physical)
    assert (standard.body, standard.attributes) == ("a body", attributes)
    assert (in_turn.attributes, in_turn.system["MessageGroupId"]) == (attributes, "in-turn")


def test_a_queue_that_is_not_there_took_nothing(queues: SqsQueues) -> None:
    with pytest.raises(RefusedError, match=r"the queue refuses it: .*NonExistentQueue"):
        SqsInboxes(queues).send(Consumer("fleet", "inbox"), "a body", {})


@pytest.mark.usefixtures("queues")
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answered("InvalidMessageContents"), RefusedError),
        (answered("InvalidParameterValue"), RefusedError),
        (answered("AccessDenied", status=403), RefusedError),
        (answered("AWS.SimpleQueueService.NonExistentQueue"), RefusedError),
        (answered("RequestThrottled"), UnavailableError),
        (answered("ServiceUnavailable", status=503), UnavailableError),
        (ReadTimeoutError(endpoint_url="https://sqs"), UnavailableError),
    ],
    ids=str,
)
def test_a_letter_of_which_a_queue_took_nothing_is_told_from_one_that_may_have_been_sent(
    answer: Exception, error: type[Exception]
) -> None:
    class Sqs:
        def send_message(self, **_: Any) -> None:
            raise answer

    with pytest.raises(error):
        SqsInboxes(SqsQueues(cast(Any, Sqs()))).send(INBOX, "a body \x00", {})


def test_outcomes_are_received_and_deleted(queues: SqsQueues) -> None:
    url = consumers.queue_url("operations-outcomes")
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody='{"outcome": "done"}')
    outcomes = SqsOutcomes(queues, url)
    [held] = outcomes.receive()
    outcomes.delete([held])
    assert outcomes.receive() == []


class Lambda:
    """Lambda's Invoke: what each function answers, or raises; by name."""

    def __init__(self, **answers: Any) -> None:
        self._answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.events: list[str] = []

    def invoke(self, FunctionName: str, Payload: bytes, InvocationType: str = "RequestResponse") -> dict[str, Any]:
        answer = self._answers[FunctionName]
        if isinstance(answer, Exception):
            raise answer
        if InvocationType == "Event":
            self.events.append(FunctionName)
            return {"StatusCode": 202}
        failed = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
        return {"Payload": io.BytesIO(json.dumps({**answer, "asked": json.loads(Payload)}).encode()), **failed}


THROTTLED = ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, "Invoke")


@pytest.mark.usefixtures("queues")
def test_a_function_of_a_service_answers_what_it_is_asked() -> None:
    relays = LambdaFunctions(cast(Any, Lambda(mallbots_dev_depot_relay={"messages": []})), "relay")
    assert relays.invoke("depot", {"history": {}}) == {"messages": [], "asked": {"history": {}}}


@pytest.mark.usefixtures("queues")
@pytest.mark.parametrize("answer", [{"errorMessage": "no jar"}, THROTTLED])
def test_a_function_that_fails_or_does_not_answer_can_be_asked_again(answer: Any) -> None:
    relays = LambdaFunctions(cast(Any, Lambda(mallbots_dev_depot_relay=answer)), "relay")
    with pytest.raises(UnavailableError, match="the relay of depot"):
        relays.invoke("depot", {})


@pytest.mark.usefixtures("queues")
@pytest.mark.parametrize("begins_with", [0.5, 0.9, 1.0])
@pytest.mark.parametrize(
    ("port", "timeout"),
    [
        *((port, API_TIMEOUT) for port in (cloud.forecasts_now, cloud.relays_now, cloud.replays_now)),
        *((port, SCHEDULED_TIMEOUT) for port in (cloud.forecasts, cloud.relays, cloud.replays)),
    ],
    ids=lambda given: given.name if isinstance(given, Port) else "",
)
def test_a_function_that_waits_for_others_ends_by_itself_however_many_of_them_hang(
    runtime: Runtime, port: Port[Functions], timeout: int, begins_with: float
) -> None:
    left = timeout * begins_with
    functions = port()
    assert isinstance(functions, LambdaFunctions)
    client = functions._client
    needed = client.meta.config.connect_timeout + client.meta.config.read_timeout

    def hang(**_: Any) -> None:
        nonlocal left
        left -= needed
        raise ReadTimeoutError(endpoint_url="https://lambda")

    client.meta.events.register_last("before-send", hang)
    is_asked = left >= needed + budget.RESERVE
    begun = left
    with budget.limited(lambda: left):
        for _ in range(5):
            with pytest.raises(UnavailableError):
                functions.invoke("depot", {})
    assert left >= budget.RESERVE
    assert (left < begun) == is_asked


@pytest.mark.usefixtures("queues")
def test_a_function_that_could_not_be_started_runs_by_its_schedule() -> None:
    client = Lambda(mallbots_dev_operations_runner={}, mallbots_dev_operations_redriver=THROTTLED)
    starts = LambdaStarts(cast(Any, client))
    starts.start("runner")
    starts.start("redriver")
    assert client.events == ["mallbots-dev-operations-runner"]


def test_a_notice_reaches_the_topic_with_a_subject_that_sns_takes() -> None:
    with mock_aws():
        arn = boto3.client("sns").create_topic(Name="alarms")["TopicArn"]
        SnsTopic(boto3.client("sns"), arn).publish("x" * 300, "what happened")
        with pytest.raises(ClientError, match="NotFound"):
            SnsTopic(boto3.client("sns"), f"{arn}-gone").publish("subject", "text")
        throttled = boto3.client("sns")
        with (
            answering(throttled, "Publish", error_of("Throttling")),
            pytest.raises(UnavailableError, match="did not take a notice"),
        ):
            SnsTopic(throttled, arn).publish("subject", "text")
