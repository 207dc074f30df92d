"""SQS: queues with delay, visibility, receive counts and redrive policy, FIFO queues, and the client."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.simulation.containers import BEGIN
from tests.simulation.cost import message_size
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World, client_error
from tests.simulation.templates import deployed

if TYPE_CHECKING:
    from tests.simulation.event_source import Worker

DEDUPLICATED = 300 * SECOND
BODY_LIMIT = 1_048_576
LONGEST_DELAY = 900
LONGEST_VISIBILITY = 43_200
COUNTS_BEHIND = 60 * SECOND

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

POLLER_KILLED = "poller killed"


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
    """One queue. dead_letters: the target of the redrive policy, after max_receives receives. visibility: seconds."""

    def __init__(
        self,
        world: World,
        name: str,
        *,
        fifo: bool = False,
        dead_letters: "Queue | None" = None,
        max_receives: int = 0,
        is_dead_letters: bool = False,
        visibility: float = 120.0,
    ) -> None:
        self.world = world
        self.name = name
        self.fifo = fifo
        self.dead_letters = dead_letters
        self.max_receives = max_receives
        self.is_dead_letters = is_dead_letters
        self.visibility = visibility
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
        container: str = "",
    ) -> str:
        """Accept a message; its id. A FIFO queue accepts a deduplication id once in five minutes."""
        now = self.world.scheduler.now_us
        if by != "redrive":  # which SQS does by itself
            self.world.cost.request(self.name, (body, attributes or {}))
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
            of_letter = {name: message.attributes[name] for name in ("letter", "run") if name in message.attributes}
            of_letter |= {"container": container} if of_letter else {}
            self.world.history.record("sent", queue=self.name, message=message.id, body=body, delay=delay, **of_letter)
        if self.worker:
            self.worker.poll_at(message.visible_us)
        return message.id

    def delete(self, id: str, receipt: str, container: str = "") -> bool:
        """Delete a message by its latest receipt; an earlier one does nothing. container: the one that asks for it."""
        message = self.messages.get(id)
        if message is None or message.receipt != receipt:
            return False
        del self.messages[id]
        by = {"container": container} if container else {}
        self.world.history.record("deleted", queue=self.name, message=id, **by)
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

    def receive(self, most: int, hidden: int) -> list[dict[str, Any]]:
        """Some of the messages that are visible, hidden for so many seconds, as the client gives them."""
        world = self.world
        now = world.scheduler.now_us
        visible = [message for message in self.messages.values() if message.visible_us <= now]
        if self.fifo:
            held = {message.group for message in self.messages.values() if message.visible_us > now}
            visible = [message for message in visible if message.group not in held]
        elif visible:
            few = world.choices.chance(0.2, "a receive sees some servers alone")
            most = world.choices.between(0, len(visible), "which messages") if few else most
            visible = world.choices.shuffled(visible, "receive")
        world.cost.request(self.name, *((message.body, message.attributes) for message in visible[:most]))
        given = []
        for message in visible[: min(most, 10)]:
            message.receives += 1
            message.received_us, message.first_received_us = now, message.first_received_us or now
            if self.dead_letters and message.receives > self.max_receives:
                self.dead_letter(message)
                continue
            message.visible_us = now + hidden * SECOND
            if world.faults.strikes("visibility ends", self.name):
                message.visible_us = now + world.choices.between(2_000, 3 * SECOND, "visible after")
            given.append(_as_received(message))
        return given

    def dead_letter(self, message: Message) -> None:
        """Dead-letter a message that was received too often."""
        assert self.dead_letters
        del self.messages[message.id]
        self.world.history.record("deleted", queue=self.name, message=message.id)
        self.dead_letters.send(message.body, attributes=message.attributes, group=message.group, by="redrive")


def _as_received(message: Message) -> dict[str, Any]:
    given = {name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()}
    begin = int(BEGIN.timestamp()) * 1000
    system = {
        "ApproximateReceiveCount": str(message.receives),
        "SentTimestamp": str(begin + message.sent_us // 1000),
        "ApproximateFirstReceiveTimestamp": str(begin + message.first_received_us // 1000),
        **({"MessageGroupId": message.group} if message.group else {}),
    }
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "Attributes": system,
        **({"MessageAttributes": given} if given else {}),
    }


def made_queue(world: World, name: str) -> Queue:
    """A deployed queue, with that of its dead letters where it has one."""
    facts = deployed().queues[name]
    dead = None
    if facts.dead_letters:
        dead = Queue(world, facts.dead_letters, fifo=deployed().queues[facts.dead_letters].fifo, is_dead_letters=True)
    return Queue(
        world,
        name,
        fifo=facts.fifo,
        dead_letters=dead,
        max_receives=facts.max_receives or 0,
        visibility=facts.visibility,
    )


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
            return {
                "MessageId": queue.send(
                    MessageBody, delay, reason, group, dedup, "inbox", self._wire.lineage, self._wire.caller
                )
            }

        answer: dict[str, Any] = self._wire.call("SendMessage", queue.name, effect)
        return answer

    def receive_message(
        self, *, QueueUrl: str, MaxNumberOfMessages: int, VisibilityTimeout: int, **names: Any
    ) -> dict[str, Any]:
        """Receive messages without a wait: some of those that are visible; of a FIFO queue, of groups none is held of.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
        """
        queue = self._queue(QueueUrl, "ReceiveMessage")
        answer: dict[str, Any] = self._wire.call(
            "ReceiveMessage", queue.name, lambda: {"Messages": queue.receive(MaxNumberOfMessages, VisibilityTimeout)}
        )
        if answer["Messages"]:
            self._wire.may_be_killed(POLLER_KILLED, "ReceiveMessage", queue.name)
        return answer

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Delete messages by their receipts, each by itself."""
        queue = self._queue(QueueUrl, "DeleteMessageBatch")

        def effect() -> dict[str, Any]:
            queue.world.cost.request(queue.name)
            for entry in Entries:
                receipt = entry["ReceiptHandle"]
                queue.delete(receipt.partition("/")[0], receipt, self._wire.caller)
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

        answer: dict[str, Any] = self._wire.call("DeleteMessageBatch", queue.name, effect)
        self._wire.may_be_killed(POLLER_KILLED, "DeleteMessageBatch", queue.name)
        return answer

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> dict[str, Any]:
        """About how many messages there are: of those sent within the last minute, not all are counted.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
        """
        queue = self._queue(QueueUrl, "GetQueueAttributes")

        def effect() -> dict[str, Any]:
            now = queue.world.scheduler.now_us
            counted = now - now % COUNTS_BEHIND  # differs from call to call, without a choice of the schedule's
            messages = [one for one in queue.messages.values() if one.sent_us <= counted]
            hidden = sum(one.visible_us > now and one.receives > 0 for one in messages)
            delayed = sum(one.visible_us > now and not one.receives for one in messages)
            counts = {
                "ApproximateNumberOfMessages": len(messages) - hidden - delayed,
                "ApproximateNumberOfMessagesNotVisible": hidden,
                "ApproximateNumberOfMessagesDelayed": delayed,
            }
            return {"Attributes": {name: str(counts[name]) for name in AttributeNames}}

        answer: dict[str, Any] = self._wire.call("GetQueueAttributes", queue.name, effect)
        return answer

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> dict[str, Any]:
        """Make a received message visible after so many seconds."""
        queue = self._queue(QueueUrl, "ChangeMessageVisibility")

        def effect() -> dict[str, Any]:
            queue.world.cost.request(queue.name)
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
