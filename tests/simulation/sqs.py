"""SQS: queues with delay, visibility, receive counts and redrive; FIFO queues; and what feeds a function from one."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.batch_response import failed_items
from tests.simulation.containers import Function
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World, client_error

VISIBILITY = 120 * SECOND
KEPT = 14 * 86_400 * SECOND
DEDUPLICATED = 300 * SECOND
BODY_LIMIT = 1_048_576
LONGEST_DELAY = 900
LONGEST_VISIBILITY = 43_200

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Message:
    """A message in a queue. `receives` names its receipt too: an earlier receipt is worth nothing any more."""

    __slots__ = ("attributes", "body", "group", "id", "receives", "sent_us", "visible_us")

    def __init__(
        self, id: str, body: str, sent_us: int, visible_us: int, attributes: Mapping[str, str], group: str
    ) -> None:
        self.id = id
        self.body = body
        self.sent_us = sent_us
        self.visible_us = visible_us
        self.attributes = attributes
        self.group = group
        self.receives = 0

    @property
    def receipt(self) -> str:
        """Its latest receipt handle."""
        return f"{self.id}/{self.receives}"


class Queue:
    """One queue. dead_letters: where the redrive policy lays what was received more than max_receives times."""

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
        """Its address; that of a FIFO queue ends so."""
        return f"https://sqs/{self.name}" + (".fifo" if self.fifo else "")

    def send(
        self,
        body: str,
        delay: int = 0,
        attributes: Mapping[str, str] | None = None,
        group: str = "",
        dedup: str = "",
        by: str = "",
    ) -> str:
        """Take a message; its id. A FIFO queue takes one of the same deduplication id once in five minutes."""
        now = self.world.scheduler.now_us
        if self.fifo:
            dedup = dedup or hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
            until, before = self._seen.get(dedup, (0, ""))
            if until > now:
                return before
        message = Message(self.world.number("message"), body, now, now + delay * SECOND, attributes or {}, group)
        if self.fifo:
            self._seen[dedup] = (now + DEDUPLICATED, message.id)
        self.messages[message.id] = message
        if self.is_dead_letters:
            reason = dict(attributes or {})
            self.world.history.note("dead", queue=self.name, message=message.id, body=body, reason=reason, by=by)
        else:
            self.world.history.note("sent", queue=self.name, message=message.id, body=body, delay=delay)
        if self.worker:
            self.worker.look_at(message.visible_us)
        return message.id

    def delete(self, id: str, receipt: str) -> bool:
        """Delete a message by its latest receipt; an earlier one does nothing."""
        message = self.messages.get(id)
        if message is None or message.receipt != receipt:
            return False
        del self.messages[id]
        self.world.history.note("deleted", queue=self.name, message=id)
        return True

    def change_visibility(self, receipt: str, seconds: int) -> None:
        """Let a message that is worked on come back after so many seconds. Raises LookupError when it is not."""
        message = self.messages.get(receipt.partition("/")[0])
        now = self.world.scheduler.now_us
        if message is None or message.receipt != receipt or message.visible_us <= now:
            raise LookupError(receipt)
        message.visible_us = now + seconds * SECOND
        if self.worker:
            self.worker.look_at(message.visible_us)

    def bury(self, message: Message) -> None:
        """Lay a message that was received too often with the dead letters."""
        assert self.dead_letters
        del self.messages[message.id]
        self.world.history.note("deleted", queue=self.name, message=message.id)
        self.dead_letters.send(message.body, attributes=message.attributes, group=message.group, by="redrive")


class Worker:
    """What Lambda runs for a queue: pollers that hand batches to a function and delete what went well.

    `disabled`: it does not look into its queue, as an operator may have it for a while.
    """

    def __init__(self, queue: Queue, function: Function, batch_size: int = 10) -> None:
        self._queue = queue
        self._function = function
        self._batch_size = batch_size
        self._world = queue.world
        self._looks_at: int | None = None
        self.disabled = False
        queue.worker = self

    def enable(self) -> None:
        """Look into the queue again, if it was disabled."""
        if self.disabled:
            self.disabled = False
            self._look_again()

    def look_at(self, at_us: int) -> None:
        """Look into the queue then, unless it is to be looked into earlier."""
        at_us = max(at_us, self._world.scheduler.now_us)
        if self._looks_at is not None and self._looks_at <= at_us:
            return
        self._looks_at = at_us
        seconds = self._world.choices.seconds(0.001, 0.03, "poll")
        if self._world.faults.strikes("queue delay", self._queue.name):
            seconds = self._world.choices.seconds(0.5, 20.0, "queue delay")
        self._world.scheduler.call_at(at_us + int(seconds * SECOND), lambda: self._look(at_us))

    def _look(self, at_us: int) -> None:
        if self._looks_at != at_us:
            return  # another look came earlier, and has arranged the next
        self._looks_at = None
        if self.disabled:
            return
        if self._function.busy < self._function.concurrency:
            batch = self._receive()
            if batch:
                self._hand_over(batch)
        self._look_again()

    def _look_again(self) -> None:
        """Look when the next message becomes visible, or, when all containers are busy, when one is done."""
        if self._function.busy >= self._function.concurrency:
            return
        held_up = self._held_up()
        times = [held_up.get(message.group, message.visible_us) for message in self._queue.messages.values()]
        if times:
            self.look_at(min(times))

    def _held_up(self) -> dict[str, int]:
        """The groups of a FIFO queue that wait for a message of theirs, and until when; a standard queue has none."""
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
            held_up = self._held_up()
            due = [message for message in messages if message.group not in held_up][: self._batch_size]
        else:
            due = [message for message in messages if message.visible_us <= now]
            if len(due) > 1:
                # Where many lie, a batch is full more often than not.
                size = min(choices.between(1, 2 * self._batch_size, "batch"), self._batch_size)
                due = choices.shuffled(due, "receive")[:size]
        batch = []
        for message in due:
            message.receives += 1
            if queue.dead_letters and message.receives > queue.max_receives:
                queue.bury(message)
                continue
            hidden = VISIBILITY
            if self._world.faults.strikes("visibility ends", queue.name):
                hidden = choices.between(2_000, 3 * SECOND, "visible after")
            message.visible_us = now + hidden
            batch.append(message)
        return batch

    def _hand_over(self, batch: list[Message]) -> None:
        queue = self._queue
        receipts = {message.id: message.receipt for message in batch}
        records = [
            {
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": str(message.receives),
                    "SentTimestamp": str(message.sent_us // 1000),
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
            for message in batch
        ]
        for message in batch:
            self._world.history.note(
                "received", queue=queue.name, message=message.id, count=message.receives, function=self._function.name
            )

        def done(how: str, answer: Any) -> None:
            if how == "ok":
                failed = failed_items(answer, list(receipts))
                if failed is not None:
                    self._acknowledge({id: receipt for id, receipt in receipts.items() if id not in failed})
            self._look_again()

        # A batch that is throttled comes back when its visibility ends, and has been received all the same.
        self._function.invoke({"Records": records}, list(receipts), done)

    def _acknowledge(self, receipts: Mapping[str, str]) -> None:
        queue, faults, choices = self._queue, self._world.faults, self._world.choices
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

    def __init__(self, queues: Mapping[str, Queue], wire: Wire, by: str) -> None:
        self._queues = queues  # by address
        self._wire = wire
        self._by = by

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
            if not 0 <= delay <= LONGEST_DELAY or not MessageBody or _size(MessageBody, reason) > BODY_LIMIT:
                raise client_error("InvalidParameterValue", "the delay or the body is out of range", "SendMessage")
            if _NOT_IN_XML.search(MessageBody):
                raise client_error("InvalidMessageContents", "a character that is not allowed", "SendMessage")
            if queue.fifo and not group:
                raise client_error("MissingParameter", "The request must contain MessageGroupId.", "SendMessage")
            if queue.fifo and delay:
                raise client_error("InvalidParameterValue", "a message in turn has no delay", "SendMessage")
            return {"MessageId": queue.send(MessageBody, delay, reason, group, dedup, by="inbox")}

        answer: dict[str, Any] = self._wire.call("SendMessage", queue.name, effect)
        return answer

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> dict[str, Any]:
        """Let a received message come back after so many seconds."""
        queue = self._queue(QueueUrl, "ChangeMessageVisibility")

        def effect() -> dict[str, Any]:
            if "/" not in ReceiptHandle:
                raise client_error("ReceiptHandleIsInvalid", "this is no receipt", "ChangeMessageVisibility")
            if not 0 <= VisibilityTimeout <= LONGEST_VISIBILITY:
                raise client_error("InvalidParameterValue", "the timeout is out of range", "ChangeMessageVisibility")
            try:
                queue.change_visibility(ReceiptHandle, VisibilityTimeout)
            except LookupError as error:
                message = "Message does not exist or is not available for visibility timeout change."
                raise client_error("InvalidParameterValue", message, "ChangeMessageVisibility") from error
            return {}

        answer: dict[str, Any] = self._wire.call("ChangeMessageVisibility", queue.name, effect)
        return answer


def _size(body: str, attributes: Mapping[str, str]) -> int:
    """The bytes of a message; names, types and values of its attributes count too."""
    size = len(body) if body.isascii() else len(body.encode("utf-8", "surrogatepass"))
    return size + sum(len(name) + len("String") + len(value.encode()) for name, value in attributes.items())


def in_order(queues: Sequence[Queue]) -> dict[str, Queue]:
    """Queues by their addresses."""
    return {queue.url: queue for queue in queues}
