"""What is in the queues of a local cloud."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.local.cloud import LocalCloud

COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
FAILURES = ("DeadLetters", "Undelivered", "RelayFailures")
PEEK_SECONDS = 30


@dataclass(frozen=True)
class DeadLetter:
    """A message in a dead-letter queue, with the reason; receives: how often it was received before it was given up."""

    queue: str
    name: str
    id: str
    reason: str
    receives: str
    body: str


def depths(cloud: LocalCloud) -> dict[str, int]:
    """The messages of each queue, visible, delayed or in flight, by queue name; empty queues are left out."""
    sqs = cloud.client("sqs")
    urls = [url for page in sqs.get_paginator("list_queues").paginate() for url in page.get("QueueUrls", [])]
    found = {}
    for url in urls:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))["Attributes"]
        if depth := sum(int(attributes.get(count, 0)) for count in COUNTS):
            found[url.rsplit("/", 1)[-1]] = depth
    return found


def dead_letters(cloud: LocalCloud) -> list[DeadLetter]:
    """All messages in dead-letter queues; they stay there."""
    return [letter for name, url in _failure_queues(cloud) for letter in _peek(cloud.client("sqs"), name, url)]


def _failure_queues(cloud: LocalCloud) -> Iterator[tuple[str, str]]:
    for stack, outputs in cloud.outputs().items():
        for output, value in outputs.items():
            if output.endswith(FAILURES):
                yield f"{stack.rsplit('-', 1)[-1]}/{output}", value


def _peek(sqs: Any, queue: str, url: str) -> list[DeadLetter]:
    """Receive all messages, each batch hidden from the next receive, then make them visible again."""
    found: list[dict[str, Any]] = []
    while True:
        batch = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=PEEK_SECONDS,
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not batch:
            break
        found += batch
    for message in found:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return [_letter(queue, message) for message in found]


def _letter(queue: str, message: dict[str, Any]) -> DeadLetter:
    attributes = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
    try:
        metadata = json.loads(message["Body"])["detail"]["metadata"]
    except (ValueError, KeyError, TypeError):
        metadata = {}
    return DeadLetter(
        queue=queue,
        name=metadata.get("name", "unreadable"),
        id=metadata.get("id", message["MessageId"]),
        reason=attributes.get("reason", "the function crashed at each receive: see its log"),
        receives=attributes.get("tries", "?"),
        body=message["Body"],
    )
