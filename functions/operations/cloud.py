"""What the functions of operations ask of AWS: ports to queues, functions, and the topic of alarms.

Each port is a grant of its own (infra/operations.py), so that a function that stores letters cannot send any.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.kernel.domain.errors import RefusedError, UnavailableError
from functions.kernel.runtime import budget, observe
from functions.kernel.runtime.json_text import compact
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.transient import is_transient
from functions.operations import consumers
from functions.operations.consumers import Consumer, FailureQueue

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

AT_ONCE = 10  # messages of one call of SQS
# A queue that is not there. SQS answers with the second; its header x-amzn-query-error has the first, which botocore
# puts in its place. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
MISSING = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
HIDDEN = 120  # seconds, for which a message that is being stored is received by no other: twice a function's timeout
# Seconds for which a function that is invoked is waited for, with those to connect.
SHORT_CALL = 7  # within a request, which has 10
LONGEST_CALL = 25  # by a schedule: a relay and a replay may take 20


@dataclass(frozen=True)
class Held:
    """A message that was received and not deleted yet.

    attributes: those that its sender gave it. system: SQS's own, such as SentTimestamp (milliseconds since 1970),
    MessageGroupId and DeadLetterQueueSourceArn.
    """

    id: str
    receipt: str
    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)

    @property
    def was_left(self) -> bool:
        """Whether it was received before, and stayed in its queue."""
        return int(self.system.get("ApproximateReceiveCount", "1")) > 1

    @classmethod
    def of(cls, message: Any) -> "Held":
        """A message as boto3 gives it."""
        given = message.get("MessageAttributes", {})
        return cls(
            id=message["MessageId"],
            receipt=message["ReceiptHandle"],
            body=message["Body"],
            attributes={name: value.get("StringValue", "") for name, value in given.items()},
            system=message.get("Attributes", {}),
        )


class FailureQueues(Protocol):
    """The queues of what was given up."""

    def receive(self, queue: FailureQueue) -> list[Held]:
        """Up to ten messages, hidden from others for HIDDEN seconds; of a FIFO queue, of one group in order.

        None of a queue that is not there: stacks come and go in any order.
        """

    def delete(self, queue: FailureQueue, held: Sequence[Held]) -> None:
        """Delete messages. One that cannot be deleted now is received again."""


class Inboxes(Protocol):
    """The queues that consumers receive from."""

    def send(
        self, consumer: Consumer, body: str, attributes: Mapping[str, str], *, group: str = "", dedup: str = ""
    ) -> None:
        """Send a body with these attributes; group and dedup are for a FIFO queue.

        Raises UnavailableError, and RefusedError where the queue took nothing, and takes nothing the next time.
        """


class Outcomes(Protocol):
    """The queue in which consumers say what became of letters."""

    def receive(self) -> list[Held]:
        """Up to ten messages, hidden from others for HIDDEN seconds."""

    def delete(self, held: Sequence[Held]) -> None:
        """Delete messages. One that cannot be deleted now is received again."""


class Functions(Protocol):
    """A function that services have, each its own."""

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """What a service's function answers. Raises UnavailableError where it fails or does not answer."""


class Starts(Protocol):
    """The functions of operations that run by a schedule."""

    def start(self, function: str) -> None:
        """Have a function (`collector`, `redriver`, `runner`) run now rather than within a minute.

        Nothing is raised where that fails: the schedule comes.
        """


class Topic(Protocol):
    """The topic of alarms."""

    def publish(self, subject: str, text: str) -> None:
        """Notify whoever subscribed. Raises UnavailableError, and what no retry mends as it is."""


class SqsQueues:
    """Queues of SQS, by their addresses."""

    def __init__(self, client: "SQSClient") -> None:
        self._client = client

    def receive_from(self, url: str) -> list[Held]:
        """Without a wait: a message that this call does not see comes with the next, within a minute.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
        """
        received = self._client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=AT_ONCE,
            VisibilityTimeout=HIDDEN,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return [Held.of(message) for message in received.get("Messages", [])]

    def delete_from(self, url: str, held: Sequence[Held]) -> None:
        for first in range(0, len(held), AT_ONCE):
            entries = [{"Id": str(n), "ReceiptHandle": one.receipt} for n, one in enumerate(held[first:][:AT_ONCE])]
            self._client.delete_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type]

    def send_to(self, url: str, body: str, attributes: Mapping[str, str], group: str, dedup: str) -> None:
        fifo: dict[str, Any] = {"MessageGroupId": group, "MessageDeduplicationId": dedup} if group else {}
        given: Any = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        try:
            self._client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=given, **fifo)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and not is_transient(error):
                # It took nothing: there is no such queue, it may not be sent to, or it never takes such a message.
                # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
                raise RefusedError(f"the queue refuses it: {error.response['Error']['Code']}") from error
            raise UnavailableError("the queue did not take a letter") from error


class SqsFailureQueues:
    """The failure queues of all services. In one that is there, what is not taken rings by its own stack's alarm."""

    def __init__(self, queues: SqsQueues) -> None:
        self._queues = queues

    def receive(self, queue: FailureQueue) -> list[Held]:
        try:
            return self._queues.receive_from(consumers.queue_url(queue.physical))
        except ClientError as error:
            _must_be_missing(queue, error)
            return []

    def delete(self, queue: FailureQueue, held: Sequence[Held]) -> None:
        try:
            self._queues.delete_from(consumers.queue_url(queue.physical), held)
        except ClientError as error:
            _must_be_missing(queue, error)


def _must_be_missing(queue: FailureQueue, error: ClientError) -> None:
    """Raise an error again that says anything else than that there is no such queue."""
    if error.response["Error"]["Code"] not in MISSING:
        raise error
    text = "a failure queue is not there: its stack is not deployed yet, or is deleted"
    observe.logger().warning(text, extra={"queue": queue.name})


class SqsInboxes:
    """The queues of all services' consumers."""

    def __init__(self, queues: SqsQueues) -> None:
        self._queues = queues

    def send(
        self, consumer: Consumer, body: str, attributes: Mapping[str, str], *, group: str = "", dedup: str = ""
    ) -> None:
        url = consumers.queue_url(consumer.physical)
        in_turn = (group, dedup) if consumer.fifo else ("", "")
        self._queues.send_to(url, body, attributes, *in_turn)


class SqsOutcomes:
    """The queue that OUTCOMES_URL names."""

    def __init__(self, queues: SqsQueues, url: str) -> None:
        self._queues, self._url = queues, url

    def receive(self) -> list[Held]:
        return self._queues.receive_from(self._url)

    def delete(self, held: Sequence[Held]) -> None:
        self._queues.delete_from(self._url, held)


class LambdaFunctions:
    """The functions of one name, such as all relays."""

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client, self._function = client, function

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        name = consumers.function_name(service, self._function)
        try:
            response = self._client.invoke(FunctionName=name, Payload=compact(dict(request)).encode())
            answer: dict[str, Any] = json.loads(response["Payload"].read())
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"the {self._function} of {service} does not answer") from error
        if response.get("FunctionError"):
            raise UnavailableError(f"the {self._function} of {service} failed: {answer.get('errorMessage')}")
        return answer


class LambdaStarts:
    """Asynchronous invocations of operations' own functions."""

    def __init__(self, client: "LambdaClient") -> None:
        self._client = client

    def start(self, function: str) -> None:
        name = consumers.function_name("operations", function)
        try:
            self._client.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
        except (ClientError, BotoCoreError, UnavailableError) as error:
            observe.log_error(f"the {function} was not started: it runs within a minute", error)


class SnsTopic:
    """The topic that TOPIC names."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client, self._arn = client, arn

    def publish(self, subject: str, text: str) -> None:
        """A subject has at most 100 characters. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
        try:
            self._client.publish(TopicArn=self._arn, Subject=subject[:100], Message=text)
        except (ClientError, BotoCoreError) as error:
            if not is_transient(error):
                raise
            raise UnavailableError("the alarms' topic did not take a notice") from error


def _queues() -> SqsQueues:
    return SqsQueues(budget.guard(boto3.client("sqs", config=budget.config())))


def may_wait() -> bool:
    """Whether a function that runs by a schedule may wait for another one, and still end by itself."""
    return budget.left() >= LONGEST_CALL + budget.RESERVE


def _lambda(seconds: float) -> Any:
    """One try alone, of so many seconds: what was invoked may be at work, and a second would do it twice."""
    config = Config(
        connect_timeout=budget.CONNECT, read_timeout=seconds - budget.CONNECT, retries={"total_max_attempts": 1}
    )
    return budget.guard(boto3.client("lambda", config=config))


def _functions(function: str) -> LambdaFunctions:
    return LambdaFunctions(_lambda(LONGEST_CALL), function)


def _topic() -> SnsTopic:
    return SnsTopic(budget.guard(boto3.client("sns", config=budget.config())), os.environ["TOPIC"])


failure_queues: Port[FailureQueues] = Port("failure_queues", connect=lambda: SqsFailureQueues(_queues()))
inboxes: Port[Inboxes] = Port("inboxes", connect=lambda: SqsInboxes(_queues()))
outcomes: Port[Outcomes] = Port("outcomes", connect=lambda: SqsOutcomes(_queues(), os.environ["OUTCOMES_URL"]))
relays: Port[Functions] = Port("relays", connect=lambda: _functions("relay"))
relays_now: Port[Functions] = Port("relays_now", connect=lambda: LambdaFunctions(_lambda(SHORT_CALL), "relay"))
forecasts: Port[Functions] = Port("forecasts", connect=lambda: _functions("forecast"))
forecasts_now: Port[Functions] = Port("forecasts_now", connect=lambda: LambdaFunctions(_lambda(SHORT_CALL), "forecast"))
replays: Port[Functions] = Port("replays", connect=lambda: _functions("replay"))
replays_now: Port[Functions] = Port("replays_now", connect=lambda: LambdaFunctions(_lambda(SHORT_CALL), "replay"))
starts: Port[Starts] = Port("starts", connect=lambda: LambdaStarts(_lambda(budget.TRY)))
topic: Port[Topic] = Port("topic", connect=_topic)
