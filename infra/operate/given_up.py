"""What is in the queues of what was given up, and was not stored by operations yet; it stays there."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from functions.operations import forms
from functions.operations.cloud import Held
from functions.operations.consumers import FAILURES, FailureQueue
from functions.operations.letters import Letter
from infra.operate.deployment import Deployment, stacks

# How the name of an output ends → the kind of queue, as operations names it.
KINDS = {"DeadLetters": "dead-letters", "Undelivered": "undelivered", "RelayFailures": FAILURES}
PEEK_SECONDS = 30
VISIBLE = "ApproximateNumberOfMessages"
AT_ONCE = 10


def failure_queues(deployment: Deployment, service: str | None = None) -> Iterator[tuple[FailureQueue, str]]:
    """The queues of what was given up, as letters name them (depot/inbox/dead-letters), and their URLs.

    Raises OperateError for a service that is not deployed.
    """
    for name, outputs in stacks(deployment, service).items():
        for output, url in outputs.items():
            ending = next((ending for ending in KINDS if output.endswith(ending)), None)
            if ending:
                consumer = "relay" if ending == "RelayFailures" else output.removesuffix(ending).lower()
                yield FailureQueue(f"{name}/{consumer}", KINDS[ending], url.rpartition("/")[2]), url


def waiting(
    deployment: Deployment, service: str | None, limit: int
) -> Iterator[tuple[FailureQueue, list[Letter], int]]:
    """The letters of each queue, at most so many, and about how many it has; of a FIFO queue ten of a group."""
    sqs = deployment.client("sqs")
    for queue, url in failure_queues(deployment, service):
        found, count = _peek(sqs, url, limit)
        yield queue, [_letter(queue, held) for held in found], count


def _peek(sqs: Any, url: str, limit: int) -> tuple[list[Held], int]:
    """Receive messages, each batch hidden from the next receive, then make them visible again.

    Returns them, and about how many there are. It stops at a batch without a new one: those received first are visible
    again. Of a FIFO queue's group none is received while others of it are hidden: ten are all.
    https://repost.aws/knowledge-center/sqs-fifo-messages-not-returned
    """
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[VISIBLE])["Attributes"]
    count, found = int(attributes[VISIBLE]), dict[str, Held]()
    while count and len(found) < limit and (batch := _receive(sqs, url, min(AT_ONCE, limit - len(found)))):
        known = found.keys() >= batch.keys()
        found |= batch
        if known:
            break
    show_again(sqs, url, [held.receipt for held in found.values()])
    return list(found.values()), count


def show_again(sqs: Any, url: str, handles: Sequence[str]) -> None:
    """Make messages visible that were received, and leave those that are visible already or were deleted."""
    for first in range(0, len(handles), AT_ONCE):
        # A batch raises no MessageNotInflight for a message that is visible already: it is only reported as failed.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
        ten = enumerate(handles[first : first + AT_ONCE])
        entries = [{"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": 0} for n, handle in ten]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _receive(sqs: Any, url: str, most: int) -> dict[str, Held]:
    """Up to ten messages, by id. It waits a second, because only then all of SQS's servers are asked.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
    """
    received = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=most,
        VisibilityTimeout=PEEK_SECONDS,
        WaitTimeSeconds=1,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )
    return {message["MessageId"]: Held.of(message) for message in received.get("Messages", [])}


def _letter(queue: FailureQueue, held: Held) -> Letter:
    """The letter that operations will make of a record; of a stream's batch, which holds several, one for all."""
    if queue.kind != FAILURES or "reason" in held.attributes:
        return forms.read(queue, held)
    context = _within(forms.content_of(held.body), "requestContext")
    why = f"the relay gave up commits ({context.get('condition', 'unknown')}): see its log"
    return forms.letter(queue, held.body, forms.Why(why, "", forms.number(context.get("approximateInvokeCount"))), held)


def _within(found: object, name: str) -> dict[str, Any]:
    inner = found.get(name) if isinstance(found, dict) else None
    return inner if isinstance(inner, dict) else {}


def readable(body: str) -> str:
    """A body on several lines, where it is JSON."""
    try:
        return json.dumps(json.loads(body), indent=2)
    except ValueError:
        return body
