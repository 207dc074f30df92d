"""List the messages in dead-letter queues, with their reasons; they stay there."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from infra.operate.deployment import Deployment, stacks

FAILURES = ("DeadLetters", "Undelivered", "RelayFailures")
PEEK_SECONDS = 30
VISIBLE = "ApproximateNumberOfMessages"


@dataclass(frozen=True)
class DeadLetter:
    """A message in a dead-letter queue, with the reason; receives: how often it was received before it was given up."""

    queue: str
    name: str
    id: str
    reason: str
    receives: str
    body: str


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", help="only those of one service")
    parser.add_argument("--bodies", action="store_true", help="also print the messages")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    letters = dead_letters(deployment, options.service)
    if not letters:
        print("No dead letters.")
        return 0
    table = Table(Column("queue", no_wrap=True), "message", "id", "receives", "reason")
    for letter in letters:
        table.add_row(letter.queue, letter.name, letter.id, letter.receives, letter.reason)
    Console().print(table)
    if options.bodies:
        for letter in letters:
            print(_readable(letter.body))
    return 0


def _readable(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2)
    except ValueError:
        return body


def dead_letters(deployment: Deployment, service: str | None = None) -> list[DeadLetter]:
    """All messages in dead-letter queues. Raises OperateError for a service that is not deployed."""
    sqs = deployment.client("sqs")
    return [letter for name, url in failure_queues(deployment, service) for letter in _peek(sqs, name, url)]


def failure_queues(deployment: Deployment, service: str | None = None) -> Iterator[tuple[str, str]]:
    """The dead-letter queues: their names, such as depot/InboxDeadLetters, and URLs."""
    for name, outputs in stacks(deployment, service).items():
        for output, value in outputs.items():
            if output.endswith(FAILURES):
                yield f"{name}/{output}", value


def _peek(sqs: Any, queue: str, url: str) -> list[DeadLetter]:
    """Receive all messages, each batch hidden from the next receive, then make them visible again."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[VISIBLE])["Attributes"]
    found: list[dict[str, Any]] = []
    while int(attributes[VISIBLE]) and (batch := _receive(sqs, url)):
        found += batch
    for message in found:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return [_letter(queue, message) for message in found]


def _receive(sqs: Any, url: str) -> list[dict[str, Any]]:
    """Up to ten messages. It waits a second, because only then all of SQS's servers are asked.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
    """
    received = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=PEEK_SECONDS,
        WaitTimeSeconds=1,
        MessageAttributeNames=["All"],
    )
    found: list[dict[str, Any]] = received.get("Messages", [])
    return found


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
