"""What AWS knows of consumers: the event source mappings that feed their functions, and how much waits in their queues.

Ports of their own beside cloud.py: the API may measure queues, also those of dead letters that were not collected yet;
the runner alone may switch mappings.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.transient import is_transient
from functions.operations import consumers
from functions.operations.consumers import Consumer, FailureQueue

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

# The states of a mapping. It is switched asynchronously, and cannot be switched while it is created or updated.
# https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
ENABLED, ENABLING, DISABLED, DISABLING = "Enabled", "Enabling", "Disabled", "Disabling"
# What the next minute finds otherwise: a mapping that is being changed, or that was deleted since it was listed.
# https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
CHANGED = {"ResourceConflictException", "ResourceInUseException", "ResourceNotFoundException"}


@dataclass(frozen=True)
class EventSource:
    """The event source mapping of a consumer, and its state."""

    id: str
    state: str


@dataclass(frozen=True)
class Backlog:
    """About how many messages a queue has: to be received, received and not deleted yet, and delayed.

    SQS says so of a minute ago at worst, and does not say here how old the oldest is.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
    """

    visible: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        return self.visible + self.in_flight + self.delayed


class Mappings(Protocol):
    """The event source mappings of all consumers. What no retry mends is raised as it is, such as a denied call."""

    def find(self, wanted: Iterable[Consumer]) -> dict[str, EventSource]:
        """Those of these consumers that there are, by the consumer's name. Raises UnavailableError."""

    def switch(self, source: EventSource, *, on: bool) -> str:
        """Switch one on or off; returns its state then. Raises UnavailableError, also while AWS changes it."""


class Backlogs(Protocol):
    """How much waits in the queues of consumers. What no retry mends is raised as it is."""

    def measure(self, queue: Consumer | FailureQueue) -> Backlog:
        """How much waits in the queue of a consumer, or in one of what it gave up. Raises UnavailableError."""


class LambdaMappings:
    """The mappings of the account, known by the names of their queues."""

    def __init__(self, client: "LambdaClient") -> None:
        self._client = client

    def find(self, wanted: Iterable[Consumer]) -> dict[str, EventSource]:
        by_queue = {_name_of(consumers.queue_url(one.physical)): one.name for one in wanted}
        found: dict[str, EventSource] = {}
        marker: dict[str, Any] = {}
        while True:
            with _unavailable("the mappings of consumers cannot be listed now"):
                page = self._client.list_event_source_mappings(**marker)
            for mapping in page["EventSourceMappings"]:
                name = by_queue.get(mapping.get("EventSourceArn", "").rpartition(":")[2])
                if name:
                    found[name] = EventSource(mapping["UUID"], mapping["State"])
            if not page.get("NextMarker"):
                return found
            marker = {"Marker": page["NextMarker"]}

    def switch(self, source: EventSource, *, on: bool) -> str:
        with _unavailable(f"mapping {source.id}, which is {source.state}, was not switched"):
            return self._client.update_event_source_mapping(UUID=source.id, Enabled=on)["State"]


class SqsBacklogs:
    """The counts that SQS keeps of queues."""

    def __init__(self, client: "SQSClient") -> None:
        self._client = client

    def measure(self, queue: Consumer | FailureQueue) -> Backlog:
        with _unavailable(f"the queue {queue.name} cannot be measured now"):
            counted = self._client.get_queue_attributes(
                QueueUrl=consumers.queue_url(queue.physical),
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )["Attributes"]
        return Backlog(
            visible=int(counted["ApproximateNumberOfMessages"]),
            in_flight=int(counted["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(counted["ApproximateNumberOfMessagesDelayed"]),
        )


@contextmanager
def _unavailable(text: str) -> Iterator[None]:
    """Raises UnavailableError for what may pass, and all else as it is, so that it rings."""
    try:
        yield
    except Exception as error:
        is_changed = isinstance(error, ClientError) and error.response["Error"]["Code"] in CHANGED
        if is_changed or is_transient(error):
            raise UnavailableError(text) from error
        raise


def _name_of(url: str) -> str:
    return url.rpartition("/")[2]


def _sqs_backlogs() -> Backlogs:
    return SqsBacklogs(budget.guard(boto3.client("sqs", config=budget.config())))


mappings: Port[Mappings] = Port(
    "mappings", connect=lambda: LambdaMappings(budget.guard(boto3.client("lambda", config=budget.config())))
)
backlog: Port[Backlogs] = Port("backlog", connect=_sqs_backlogs)
uncollected: Port[Backlogs] = Port("uncollected", connect=_sqs_backlogs)
