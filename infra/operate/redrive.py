"""Move the messages of a dead-letter queue back to the queue that they came from.

SQS's own task moves from queues of a redrive policy only, not what a rule could not deliver.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

import argparse
from collections.abc import Callable
from typing import Any

from functions.kernel.messaging.inbox import FIFO_GROUP
from functions.kernel.messaging.topics import dated
from functions.kernel.runtime import clock
from infra.operate.dead_letters import failure_queues
from infra.operate.deployment import Deployment, OperateError, stacks
from infra.operate.options import above_zero, at_least_one

HIDDEN_SECONDS = 60


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--queue", required=True, help="as dead-letters lists it: depot/InboxDeadLetters")
    parser.add_argument("--limit", type=at_least_one, default=1_000, help="how many messages at most (default: 1000)")
    parser.add_argument("--rate", type=above_zero, default=10.0, help="how many a second at most (default: 10)")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    moved = redrive(deployment, options.queue, options.limit, options.rate)
    print(f"{moved} messages of {options.queue} were moved back.")
    return 0


def redrive(
    deployment: Deployment, queue: str, limit: int = 1_000, rate: float = 10, wait: Callable[[float], None] = clock.wait
) -> int:
    """Send each message to the service's queue again, then delete it here; returns how many.

    Those that came after it began stay: they may be messages that it moved and that were given up again. Redriving a
    message that was handled does no harm. Raises OperateError for a queue that is not there, or whose messages no queue
    of the service takes.
    """
    source, target = _queues(deployment, queue)
    sqs, begun, moved = deployment.client("sqs"), clock.now().timestamp() * 1000, 0
    # As many as are sent in half the time for which they are hidden: one that is visible again would be moved twice.
    at_once = max(1, int(min(10, rate * HIDDEN_SECONDS / 2)))
    while moved < limit and (batch := _receive(sqs, source, min(at_once, limit - moved))):
        earlier = [message for message in batch if int(message["Attributes"]["SentTimestamp"]) <= begun]
        for message in earlier:
            body = dated(message["Body"], int(message["Attributes"]["SentTimestamp"]))
            sqs.send_message(QueueUrl=target, MessageBody=body, **_in_turn(target, message))
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            wait(1 / rate)
        moved += len(earlier)
        later = [message for message in batch if message not in earlier]
        for message in later:
            sqs.change_message_visibility(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        if later:
            break
    return moved


def _queues(deployment: Deployment, queue: str) -> tuple[str, str]:
    service, _, output = queue.partition("/")
    known = dict(failure_queues(deployment, service))
    if queue not in known:
        raise OperateError(f"there is no queue {queue}: there are {', '.join(sorted(known))}")
    if output == "RelayFailures":
        raise OperateError("what the relay gave up is in its commits: make republish sends it again")
    name = output.removesuffix("DeadLetters").removesuffix("Undelivered") + "Queue"
    [outputs] = stacks(deployment, service).values()
    return known[queue], outputs[name]


def _receive(sqs: Any, url: str, most: int) -> list[dict[str, Any]]:
    received = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=most,
        VisibilityTimeout=HIDDEN_SECONDS,
        WaitTimeSeconds=1,
        AttributeNames=["SentTimestamp"],
    )
    found: list[dict[str, Any]] = received.get("Messages", [])
    return found


def _in_turn(url: str, message: dict[str, Any]) -> dict[str, str]:
    """The group and the deduplication of a FIFO queue: an id of its own, or a body that was sent lately is dropped."""
    if not url.endswith(".fifo"):
        return {}
    return {"MessageGroupId": FIFO_GROUP, "MessageDeduplicationId": message["MessageId"]}
