"""The AWS side of the kernel's ports: bus, queues, and the functions of other services."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget, clock, observe
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.json_text import compact
from functions.kernel.runtime.runtime import Unsent

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

ENTRIES_AT_ONCE = 10  # PutEvents takes so many entries,
BYTES_AT_ONCE = 250_000  # and they were limited to 256 KB together for longer than the larger limit of today exists.
PAUSE = 0.1  # seconds before the second try
CHECKED_FOR = timedelta(seconds=60)
# What PutEvents refuses for its content, so that no retry helps: an entry, or for one entry's sake the whole call
# (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html). What is refused for want
# of a permission is retried: the permission may be on its way.
REFUSALS = {"InvalidArgument", "MalformedDetail", "ValidationError", "ValidationException"}


class EventBridgeBus:
    """An EventBridge bus: PutEvents in batches, what fails tried once more here (the SDK does not retry it).

    AWS accepts events for a bus that does not exist, and drops them. So the bus is looked up, by DescribeEventBus,
    before the first message and once a minute; when it is not there, nothing is published.
    """

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name
        self._checked: datetime | None = None

    def put(self, messages: Sequence[Outgoing]) -> list[Unsent]:
        """Publish, and return what could not be published."""
        if messages and not self._exists():
            return [Unsent(position) for position in range(len(messages))]
        unsent: list[Unsent] = []
        entries = [self._entry(message) for message in messages]
        for positions in batches([_size(entry) for entry in entries]):
            unsent += self._put_batch(entries, positions)
        return sorted(unsent, key=lambda one: one.position)

    def _exists(self) -> bool:
        """Whether the bus is there. It is taken to be where that cannot be told: a look-up must hold up no message."""
        if self._checked and clock.now() < self._checked + CHECKED_FOR:
            return True
        try:
            self._client.describe_event_bus(Name=self._name)
        except (ClientError, BotoCoreError, UnavailableError) as error:
            observe.log_error(f"the bus {self._name} cannot be looked up", error)
            return _code(error) != "ResourceNotFoundException"
        self._checked = clock.now()
        return True

    def _put_batch(self, entries: Sequence[Any], positions: list[int]) -> list[Unsent]:
        refused: list[Unsent] = []
        for attempt in range(budget.TRIES):
            if attempt:
                clock.wait(PAUSE)
            try:
                response = self._client.put_events(Entries=[entries[p] for p in positions])
            except (ClientError, BotoCoreError, UnavailableError) as error:
                if _code(error) not in REFUSALS:
                    continue
                if len(positions) == 1:
                    return [*refused, Unsent(positions[0], observe.reason(error))]
                return [*refused, *(one for position in positions for one in self._put_batch(entries, [position]))]
            codes = {p: answer.get("ErrorCode", "") for p, answer in zip(positions, response["Entries"], strict=True)}
            refused += [Unsent(p, f"{code} in PutEvents") for p, code in codes.items() if code in REFUSALS]
            positions = [p for p, code in codes.items() if code and code not in REFUSALS]
            if not positions:
                return refused
        return [*refused, *map(Unsent, positions)]

    def _entry(self, message: Outgoing) -> Any:
        return {
            "EventBusName": self._name,
            "Source": message.detail["metadata"]["source"],
            "DetailType": message.name,
            "Detail": compact(message.detail),
        }


def _code(error: Exception) -> str:
    """AWS's code of an error; empty where AWS did not answer."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def _size(entry: Any) -> int:
    return len(entry["Detail"].encode()) + len(entry["DetailType"]) + len(entry["Source"])


def batches(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Positions in runs of at most ten entries and 250,000 bytes; one that is larger by itself goes alone."""
    batch: list[int] = []
    filled = 0
    for position, size in enumerate(sizes):
        if batch and (len(batch) == ENTRIES_AT_ONCE or filled + size > BYTES_AT_ONCE):
            yield batch
            batch, filled = [], 0
        batch.append(position)
        filled += size
    if batch:
        yield batch


# What a robot said may be in a reason: SQS refuses a message with other characters, so it would never be dead-lettered.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_NOT_SENT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACED = "\ufffd"


class SqsQueue:
    """An SQS queue, standard or FIFO (by its address)."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(
        self,
        body: str,
        delay: int = 0,
        reason: Mapping[str, str] | None = None,
        group: str = "",
        dedup: str = "",
    ) -> None:
        """One SendMessage; `reason` goes into message attributes. A FIFO queue knows no delay of one message."""
        fifo = self._url.endswith(".fifo")
        extra: dict[str, Any] = {"MessageGroupId": group, "MessageDeduplicationId": dedup} if fifo else {}
        if delay and not fifo:
            extra["DelaySeconds"] = delay
        if reason:
            extra["MessageAttributes"] = {
                name: {"DataType": "String", "StringValue": _NOT_SENT.sub(_REPLACED, value[:2000])}
                for name, value in reason.items()
            }
        self._client.send_message(QueueUrl=self._url, MessageBody=body, **extra)

    def retry_in(self, receipt: str, seconds: int) -> None:
        """One ChangeMessageVisibility."""
        self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)


def invoker(client: "LambdaClient", functions: Mapping[str, str]) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """A function that invokes the `queries` function of a service by name and waits for its answer.

    `functions` maps a service to the name of that function. Raises UnavailableError when the owner fails or takes
    longer than the client's timeout.
    """

    def invoke(service: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            response = client.invoke(FunctionName=functions[service], Payload=json.dumps(request).encode())
            answer: dict[str, Any] = json.loads(response["Payload"].read())
        except (ClientError, BotoCoreError, UnavailableError) as error:
            raise UnavailableError(f"{service} does not answer: ask again in a moment") from error
        if response.get("FunctionError"):
            observe.logger().error("a query failed", extra={"owner": service, "error": answer.get("errorType")})
            raise UnavailableError(f"{service} cannot answer: ask again in a moment")
        return answer

    return invoke
