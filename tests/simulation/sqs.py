"""SQS: queues with delay, visibility, receive counts and redrive policy; FIFO queues; and the pollers of a function."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from tests.simulation.batch_response import failed_items
from tests.simulation.containers import BEGIN, Function
from tests.simulation.cost import message_size
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World, client_error

VISIBILITY = 120 * SECOND
DEDUPLICATED = 300 * SECOND
BODY_LIMIT = 1_048_576
LONGEST_DELAY = 900
LONGEST_VISIBILITY = 43_200

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Message:
    """A message in a queue. `receives` is part of its receipt: an earlier receipt is not valid any more."""

    __slots__ = (
        "attributes",
        "body",
        "first_received_us",
        "group",
        "id",
        "lineage",
        "received_us",
        "receives",
        "sent_us",
        "visible_us",
    )

    def __init__(
        self, id: str, body: str, sent_us: int, visible_us: int, attributes: Mapping[str, str], group: str
    ) -> None:
        self.id = id
        self.body = body
        self.sent_us = sent_us
        self.visible_us = visible_us
        self.attributes = attributes
        self.group = group
        self.lineage: Mapping[str, int] = {}
        self.receives = 0
        self.first_received_us = 0
        self.received_us = 0

    @property
    def receipt(self) -> str:
        """Its latest receipt handle."""
        return f"{self.id}/{self.receives}"


class Queue:
    """One queue. dead_letters: the target of the redrive policy, after max_receives receives."""

    def __init__(
        self,
        world: World,
        name: str,
        *,
        fifo: bool = False,
        dead_letters: "Queue | None" = None,
        max_receives: int = 0,
        is_dead_letters: bool = False,
    ) -> None:
        self.world = world
        self.name = name
        self.fifo = fifo
        self.dead_letters = dead_letters
        self.max_receives = max_receives
        self.is_dead_letters = is_dead_letters
        self.messages: dict[str, Message] = {}
        self.worker: Worker | None = None
        self._seen: dict[str, tuple[int, str]] = {}  # deduplication id → until when, message id

    @property
    def url(self) -> str:
        """Its address; that of a FIFO queue ends with .fifo."""
        return f"https://sqs/{self.name}" + (".fifo" if self.fifo else "")

    def send(
        self,
        body: str,
        delay: int = 0,
        attributes: Mapping[str, str] | None = None,
        group: str = "",
        dedup: str = "",
        by: str = "",
        lineage: Mapping[str, int] | None = None,
    ) -> str:
        """Accept a message; its id. A FIFO queue accepts a deduplication id once in five minutes."""
        now = self.world.scheduler.now_us
        if by != "redrive":  # which SQS does by itself
            self.world.cost.request((body, attributes or {}))
        if self.fifo:
            dedup = dedup or hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
            until, before = self._seen.get(dedup, (0, ""))
            if until > now:
                return before
        message = Message(self.world.number("message"), body, now, now + delay * SECOND, attributes or {}, group)
        message.lineage = lineage or {}
        if self.fifo:
            self._seen[dedup] = (now + DEDUPLICATED, message.id)
        self.messages[message.id] = message
        if self.is_dead_letters:
            reason = dict(attributes or {})
            self.world.history.record("dead", queue=self.name, message=message.id, body=body, reason=reason, by=by)
        else:
            self.world.history.record("sent", queue=self.name, message=message.id, body=body, delay=delay)
        if self.worker:
            self.worker.poll_at(message.visible_us)
        return message.id

    def delete(self, id: str, receipt: str) -> bool:
        """Delete a message by its latest receipt; an earlier one does nothing."""
        message = self.messages.get(id)
        if message is None or message.receipt != receipt:
            return False
        del self.messages[id]
        self.world.history.record("deleted", queue=self.name, message=id)
        return True

    def change_visibility(self, receipt: str, seconds: int) -> None:
        """Make a message in flight visible after so many seconds, at most 12 hours from its receive.

        Raises LookupError when it is not in flight, and OverflowError when that is too long.
        """
        message = self.messages.get(receipt.partition("/")[0])
        now = self.world.scheduler.now_us
        if message is None or message.receipt != receipt or message.visible_us <= now:
            raise LookupError(receipt)
        if now + seconds * SECOND > message.received_us + LONGEST_VISIBILITY * SECOND:
            raise OverflowError(receipt)
        message.visible_us = now + seconds * SECOND
        self.world.history.record("postponed", queue=self.name, message=message.id, seconds=seconds)
        if self.worker:
            self.worker.poll_at(message.visible_us)

    def dead_letter(self, message: Message) -> None:
        """Dead-letter a message that was received too often."""
        assert self.dead_letters
        del self.messages[message.id]
        self.world.history.record("deleted", queue=self.name, message=message.id)
        self.dead_letters.send(message.body, attributes=message.attributes, group=message.group, by="redrive")


class Worker:
    """The event source mapping of a queue: it invokes a function with batches and deletes what was handled.

    `disabled`: it does not poll.
    """

    def __init__(self, queue: Queue, function: Function, batch_size: int = 10) -> None:
        self._queue = queue
        self._function = function
        self._batch_size = batch_size
        self._world = queue.world
        self._next_poll: int | None = None
        self.disabled = False
        queue.worker = self

    def enable(self) -> None:
        """Poll again, if it was disabled."""
        if self.disabled:
            self.disabled = False
            self._plan_poll()

    def poll_at(self, at_us: int) -> None:
        """Poll at a time, unless an earlier poll is planned."""
        at_us = max(at_us, self._world.scheduler.now_us)
        if self._next_poll is not None and self._next_poll <= at_us:
            return
        self._next_poll = at_us
        seconds = self._world.choices.seconds(0.001, 0.03, "poll")
        if self._world.faults.strikes("queue delay", self._queue.name):
            seconds = self._world.choices.seconds(0.5, 20.0, "queue delay")
        self._world.scheduler.call_at(at_us + int(seconds * SECOND), lambda: self._poll(at_us))

    def _poll(self, at_us: int) -> None:
        if self._next_poll != at_us:
            return  # an earlier poll was planned instead, and has planned the next
        self._next_poll = None
        if self.disabled:
            return
        if self._function.busy < self._function.concurrency:
            batch = self._receive()
            if batch:
                self._invoke(batch)
        self._plan_poll()

    def _plan_poll(self) -> None:
        """Plan a poll for the next visible message; when all containers are busy, the end of one plans it."""
        if self._function.busy >= self._function.concurrency:
            return
        blocked = self._blocked_groups()
        times = [blocked.get(message.group, message.visible_us) for message in self._queue.messages.values()]
        if times:
            self.poll_at(min(times))

    def _blocked_groups(self) -> dict[str, int]:
        """The groups of a FIFO queue that a message in flight blocks, and until when; {} for a standard queue."""
        if not self._queue.fifo:
            return {}
        now, until = self._world.scheduler.now_us, dict[str, int]()
        for message in self._queue.messages.values():
            if message.receives and message.visible_us > now:
                until[message.group] = max(message.visible_us, until.get(message.group, 0))
        return until

    def _receive(self) -> list[Message]:
        now = self._world.scheduler.now_us
        queue, choices = self._queue, self._world.choices
        messages = list(queue.messages.values())
        if queue.fifo:
            blocked = self._blocked_groups()
            due = [message for message in messages if message.group not in blocked][: self._batch_size]
        else:
            due = [message for message in messages if message.visible_us <= now]
            if len(due) > 1:
                # With many messages visible, most batches are full.
                size = min(choices.between(1, 2 * self._batch_size, "batch"), self._batch_size)
                due = choices.shuffled(due, "receive")[:size]
        batch = []
        for message in due:
            message.receives += 1
            message.received_us = now
            message.first_received_us = message.first_received_us or now
            if queue.dead_letters and message.receives > queue.max_receives:
                queue.dead_letter(message)
                continue
            hidden = VISIBILITY
            if self._world.faults.strikes("visibility ends", queue.name):
                hidden = choices.between(2_000, 3 * SECOND, "visible after")
            message.visible_us = now + hidden
            batch.append(message)
        return batch

    def _invoke(self, batch: list[Message]) -> None:
        queue = self._queue
        self._world.cost.request(*((message.body, message.attributes) for message in batch))
        receipts = {message.id: message.receipt for message in batch}
        records = [
            {
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": str(message.receives),
                    "SentTimestamp": _milliseconds(message.sent_us),
                    "ApproximateFirstReceiveTimestamp": _milliseconds(message.first_received_us),
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
            for message in batch
        ]
        for message in batch:
            self._world.history.record(
                "received", queue=queue.name, message=message.id, count=message.receives, function=self._function.name
            )

        def done(how: str, answer: Any) -> None:
            if how == "ok":
                failed = failed_items(answer, list(receipts))
                if failed is not None:
                    self._acknowledge({id: receipt for id, receipt in receipts.items() if id not in failed})
            self._plan_poll()

        lineage: dict[str, int] = {}
        for message in batch:
            lineage |= {name: max(turns, lineage.get(name, 0)) for name, turns in message.lineage.items()}
        # A throttled batch becomes visible again when its visibility ends; the receive counts.
        self._function.invoke({"Records": records}, list(receipts), done, lineage)

    def _acknowledge(self, receipts: Mapping[str, str]) -> None:
        queue, faults, choices = self._queue, self._world.faults, self._world.choices
        if receipts:
            self._world.cost.request()
        if receipts and faults.strikes("acknowledgement lost", queue.name):
            return
        for id, receipt in receipts.items():
            message = queue.messages.get(id)
            if message and message.receipt == receipt and not queue.fifo and faults.strikes("queue duplicate", id):
                message.visible_us = self._world.scheduler.now_us + choices.between(10_000, 30 * SECOND, "duplicate")
            else:
                queue.delete(id, receipt)


class SQSClient:
    """One container's client."""

    def __init__(self, queues: Mapping[str, Queue], wire: Wire) -> None:
        self._queues = queues  # by address
        self._wire = wire

    def _queue(self, url: str, operation: str) -> Queue:
        if url not in self._queues:
            code = "AWS.SimpleQueueService.NonExistentQueue"
            raise client_error(code, "The specified queue does not exist.", operation)
        return self._queues[url]

    def send_message(self, *, QueueUrl: str, MessageBody: str, **more: Any) -> dict[str, Any]:
        """Send one message."""
        queue = self._queue(QueueUrl, "SendMessage")
        delay = more.get("DelaySeconds", 0)
        reason = {name: value["StringValue"] for name, value in more.get("MessageAttributes", {}).items()}
        group, dedup = more.get("MessageGroupId", ""), more.get("MessageDeduplicationId", "")

        def effect() -> dict[str, Any]:
            if not 0 <= delay <= LONGEST_DELAY or not MessageBody or message_size(MessageBody, reason) > BODY_LIMIT:
                raise client_error("InvalidParameterValue", "the delay or the body is out of range", "SendMessage")
            if _NOT_IN_XML.search(MessageBody):
                raise client_error("InvalidMessageContents", "a character that is not allowed", "SendMessage")
            if queue.fifo and not group:
                raise client_error("MissingParameter", "The request must contain MessageGroupId.", "SendMessage")
            if queue.fifo and delay:
                raise client_error("InvalidParameterValue", "a message in turn has no delay", "SendMessage")
            return {"MessageId": queue.send(MessageBody, delay, reason, group, dedup, "inbox", self._wire.lineage)}

        answer: dict[str, Any] = self._wire.call("SendMessage", queue.name, effect)
        return answer

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> dict[str, Any]:
        """Make a received message visible after so many seconds."""
        queue = self._queue(QueueUrl, "ChangeMessageVisibility")

        def effect() -> dict[str, Any]:
            queue.world.cost.request()
            if "/" not in ReceiptHandle:
                raise client_error("ReceiptHandleIsInvalid", "this is no receipt", "ChangeMessageVisibility")
            if not 0 <= VisibilityTimeout <= LONGEST_VISIBILITY:
                raise client_error("InvalidParameterValue", "the timeout is out of range", "ChangeMessageVisibility")
            try:
                queue.change_visibility(ReceiptHandle, VisibilityTimeout)
            except LookupError as error:
                message = "Message does not exist or is not available for visibility timeout change."
                raise client_error("InvalidParameterValue", message, "ChangeMessageVisibility") from error
            except OverflowError as error:
                message = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
                raise client_error("InvalidParameterValue", message, "ChangeMessageVisibility") from error
            return {}

        answer: dict[str, Any] = self._wire.call("ChangeMessageVisibility", queue.name, effect)
        return answer


def _milliseconds(at_us: int) -> str:
    """A moment of virtual time as SQS gives it: in milliseconds since 1970."""
    return str(int(BEGIN.timestamp()) * 1000 + at_us // 1000)
