"""List the messages in dead-letter queues, with their reasons; they stay there."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from infra.operate.deployment import Deployment, stacks
from infra.operate.options import at_least_one

FAILURES = ("DeadLetters", "Undelivered", "RelayFailures")
PEEK_SECONDS = 30
LIMIT = 1_000  # messages of a queue: those received first should still be hidden when the last are
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
    parser.add_argument("--limit", type=at_least_one, default=LIMIT, help=f"of each queue (default: {LIMIT})")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    sqs = deployment.client("sqs")
    queues = failure_queues(deployment, options.service)
    peeked = [(name, *_peek(sqs, name, url, options.limit)) for name, url in queues]
    letters = [letter for _, found, _ in peeked for letter in found]
    if not letters:
        print("No dead letters.")
        return 0
    table = Table(Column("queue", no_wrap=True), "message", "id", "receives", "reason")
    for one in letters:
        # As Text: what a message holds is no markup.
        table.add_row(*map(Text, (one.queue, one.name, one.id, one.receives, one.reason)))
    Console().print(table)
    for name, found, count in peeked:
        if len(found) < count:
            print(f"{name}: {len(found)} of about {count}")
    if options.bodies:
        for letter in letters:
            print(_readable(letter.body))
    return 0


def _readable(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2)
    except ValueError:
        return body


def dead_letters(deployment: Deployment, service: str | None = None, limit: int = LIMIT) -> list[DeadLetter]:
    """The messages in dead-letter queues, so many of each; of a FIFO queue ten of a group.

    Raises OperateError for a service that is not deployed.
    """
    sqs = deployment.client("sqs")
    return [letter for name, url in failure_queues(deployment, service) for letter in _peek(sqs, name, url, limit)[0]]


def failure_queues(deployment: Deployment, service: str | None = None) -> Iterator[tuple[str, str]]:
    """The dead-letter queues: their names, such as depot/InboxDeadLetters, and URLs."""
    for name, outputs in stacks(deployment, service).items():
        for output, value in outputs.items():
            if output.endswith(FAILURES):
                yield f"{name}/{output}", value


def _peek(sqs: Any, queue: str, url: str, limit: int) -> tuple[list[DeadLetter], int]:
    """Receive messages, each batch hidden from the next receive, then make them visible again.

    Returns them, and about how many there are. It stops at a batch without a new one: those received first are visible
    again. Of a FIFO queue's group none is received while others of it are hidden: ten are all.
    https://repost.aws/knowledge-center/sqs-fifo-messages-not-returned
    """
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[VISIBLE])["Attributes"]
    count, found = int(attributes[VISIBLE]), dict[str, dict[str, Any]]()
    while count and len(found) < limit and (batch := _receive(sqs, url, min(10, limit - len(found)))):
        known = found.keys() >= batch.keys()
        found |= batch
        if known:
            break
    handles = [message["ReceiptHandle"] for message in found.values()]
    for first in range(0, len(handles), 10):
        # A batch raises no MessageNotInflight for a message that is visible already: it is only reported as failed.
        ten = enumerate(handles[first : first + 10])
        entries = [{"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": 0} for n, handle in ten]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    return [_letter(queue, message) for message in found.values()], count


def _receive(sqs: Any, url: str, most: int) -> dict[str, dict[str, Any]]:
    """Up to ten messages, by id. It waits a second, because only then all of SQS's servers are asked.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
    """
    received = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=most,
        VisibilityTimeout=PEEK_SECONDS,
        WaitTimeSeconds=1,
        MessageAttributeNames=["All"],
    )
    return {message["MessageId"]: message for message in received.get("Messages", [])}


def _letter(queue: str, message: dict[str, Any]) -> DeadLetter:
    attributes = {n: value.get("StringValue", "") for n, value in message.get("MessageAttributes", {}).items()}
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = None
    metadata = _within(body, "detail", "metadata")
    reason, receives = _reason(queue, attributes, body)
    return DeadLetter(
        queue=queue,
        name=str(metadata.get("name") or "unreadable"),
        id=str(metadata.get("id") or message["MessageId"]),
        reason=reason,
        receives=receives,
        body=message["Body"],
    )


def _reason(queue: str, attributes: dict[str, str], body: object) -> tuple[str, str]:
    """Why a message is here, and after how many tries, by whom sent it: an inbox, a rule, Lambda for a stream, or SQS.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/rule-dlq.html
    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    if "reason" in attributes:
        return attributes["reason"], attributes.get("tries", "?")
    if "ERROR_CODE" in attributes:
        why = f"{attributes['ERROR_CODE']}: {attributes.get('ERROR_MESSAGE', '')}"
        return f"the rule could not deliver it: {why}", attributes.get("RETRY_ATTEMPTS", "?")
    if queue.endswith("/RelayFailures"):
        context = _within(body, "requestContext")
        why = f"the relay gave up commits ({context.get('condition', 'unknown')}): see its log, then make republish"
        return why, str(context.get("approximateInvokeCount", "?"))
    return "the function crashed at each receive: see its log", "?"


def _within(found: object, *path: str) -> dict[str, Any]:
    """The object at a path of what JSON holds; empty where there is none."""
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
