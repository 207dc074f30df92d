"""The AWS side of the kernel's ports: bus, queues, and the functions of other services."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock, observe
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.json_text import compact

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

ENTRIES_AT_ONCE = 10  # PutEvents takes so many entries,
BYTES_AT_ONCE = 250_000  # and they were limited to 256 KB together for longer than the larger limit of today exists.
TRIES = 4


class EventBridgeBus:
    """An EventBridge bus: PutEvents in batches, refused entries tried again here."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def put(self, messages: Sequence[Outgoing]) -> list[int]:
        """Publish; the positions returned are those that four tries could not place."""
        failed: list[int] = []
        entries = [self._entry(message) for message in messages]
        for positions in batches([_size(entry) for entry in entries]):
            failed += self._put_batch(entries, positions)
        return failed

    def _put_batch(self, entries: Sequence[Any], positions: list[int]) -> list[int]:
        for attempt in range(TRIES):
            if attempt:
                clock.wait(0.05 * 2**attempt)
            try:
                response = self._client.put_events(Entries=[entries[p] for p in positions])
            except (ClientError, BotoCoreError):
                if attempt + 1 == TRIES:
                    return positions
                continue
            answers = zip(positions, response["Entries"], strict=True)
            positions = [position for position, answer in answers if answer.get("ErrorCode")]
            if not positions:
                return []
        return positions

    def _entry(self, message: Outgoing) -> Any:
        return {
            "EventBusName": self._name,
            "Source": message.detail["metadata"]["source"],
            "DetailType": message.name,
            "Detail": compact(message.detail),
        }


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
                name: {"DataType": "String", "StringValue": value[:2000]} for name, value in reason.items()
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
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"{service} does not answer: ask again in a moment") from error
        answer: dict[str, Any] = json.loads(response["Payload"].read())
        if response.get("FunctionError"):
            observe.logger().error("a query failed", extra={"owner": service, "error": answer.get("errorType")})
            raise UnavailableError(f"{service} cannot answer: ask again in a moment")
        return answer

    return invoke
