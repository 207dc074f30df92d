"""The event source mapping of a queue: what Lambda does to invoke a function with a queue's messages."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from functions.operations.mappings import DISABLED, DISABLING, ENABLED, ENABLING
from tests.simulation.batch_response import failed_items
from tests.simulation.containers import BEGIN, Function
from tests.simulation.scheduler import SECOND
from tests.simulation.sqs import Message, Queue
from tests.simulation.templates import DeployedMapping
from tests.support.delivery import message_attributes

POLL_AGAIN = 20 * SECOND  # a long poll
MOST_RECEIVED = 10
SWITCHED_IN = (1.0, 40.0)  # seconds that it takes to switch a mapping
_BEGIN = int(BEGIN.timestamp()) * 1000


class Worker:
    """The pollers of a queue: they invoke a function with batches, and delete what was handled.

    Its window are seconds in which a batch is gathered from its first message on. `disabled`: it does not poll.
    state: of the mapping, which AWS switches asynchronously; while it is switched off, it still polls. gatherers: how
    many batches a window gathers side by side, each of the messages that its poller happens to receive. AWS has five,
    or as few as two: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """

    def __init__(
        self, queue: Queue, function: Function, facts: DeployedMapping | None = None, gatherers: int = 1
    ) -> None:
        self._queue = queue
        self._function = function
        facts = facts or DeployedMapping()
        self._batch_size = facts.batch
        self._window_us = int(facts.window * SECOND)
        self._reports_failures = facts.reports_failures
        self._world = queue.world
        self._gatherers = gatherers if self._window_us else 1
        self._next_polls: dict[int, int] = {}  # by gatherer
        self.disabled = False
        self.state = ENABLED
        queue.worker = self

    def enable(self) -> None:
        """Poll again, if it was disabled."""
        if self.disabled:
            self.disabled = False
            self._plan_poll()

    def switch(self, *, on: bool) -> None:
        """Begin to switch the mapping on or off."""
        before, self.state = self.state, ENABLING if on else DISABLING
        if before == self.state.replace("ing", "ed"):
            self.state = before
            return
        self._world.scheduler.call_in(self._world.choices.seconds(*SWITCHED_IN, "a mapping"), self._switched)

    def _switched(self) -> None:
        self.state = ENABLED if self.state == ENABLING else DISABLED
        self._world.history.record("mapping", queue=self._queue.name, state=self.state)
        if self.state == ENABLED:
            self._plan_poll()

    def poll_at(self, at_us: int) -> None:
        """Poll at a time, unless an earlier poll is planned."""
        if self._gatherers == 1:
            self._poll_at(at_us, 0)
        else:
            self._plan_poll()  # that of whose message it is

    def _poll_at(self, at_us: int, gatherer: int) -> None:
        at_us = max(at_us, self._world.scheduler.now_us)
        if self._window_us and not self._is_full(gatherer):
            at_us += self._window_us
        if gatherer in self._next_polls and self._next_polls[gatherer] <= at_us:
            return
        self._next_polls[gatherer] = at_us
        seconds = self._world.choices.seconds(0.001, 0.03, "poll")
        if self._world.faults.strikes("queue delay", self._queue.name):
            seconds = self._world.choices.seconds(0.5, 20.0, "queue delay")
        self._world.scheduler.call_at(at_us + int(seconds * SECOND), lambda: self._poll(at_us, gatherer))

    def _is_full(self, gatherer: int) -> bool:
        """Whether a whole batch of one receive is visible, for which no window is waited for.

        https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
        """
        if self._batch_size > MOST_RECEIVED:
            return False
        now = self._world.scheduler.now_us
        return sum(message.visible_us <= now for message in self._messages(gatherer)) >= self._batch_size

    def _messages(self, gatherer: int) -> list[Message]:
        """The messages that a gatherer would receive; one that comes again may come to another."""
        messages = self._queue.messages.values()
        if self._gatherers == 1:
            return list(messages)
        return [one for one in messages if crc32(f"{one.id} {one.receives}".encode()) % self._gatherers == gatherer]

    def _poll(self, at_us: int, gatherer: int) -> None:
        if self._next_polls.get(gatherer) != at_us:
            return  # an earlier poll was planned instead, and has planned the next
        del self._next_polls[gatherer]
        if self.disabled or self.state == DISABLED:
            return
        if self._queue.name in self._world.away:
            self._poll_at(at_us + POLL_AGAIN, gatherer)
            return
        if self._function.busy < self._function.concurrency:
            batch = self._receive(gatherer)
            if batch:
                self._invoke(batch)
        self._plan_poll()

    def _plan_poll(self) -> None:
        """Plan a poll for the next visible message; when all containers are busy, the end of one plans it."""
        if self._function.busy >= self._function.concurrency:
            return
        for gatherer in range(self._gatherers):
            messages, blocked = self._messages(gatherer), self._blocked_groups()
            times = [message.visible_us for message in messages]
            if blocked:
                times = [blocked.get(message.group, message.visible_us) for message in messages]
            if times:
                self._poll_at(min(times), gatherer)

    def _blocked_groups(self) -> dict[str, int]:
        """The groups of a FIFO queue that a message in flight blocks, and until when; {} for a standard queue."""
        if not self._queue.fifo:
            return {}
        now, until = self._world.scheduler.now_us, dict[str, int]()
        for message in self._queue.messages.values():
            if message.receives and message.visible_us > now:
                until[message.group] = max(message.visible_us, until.get(message.group, 0))
        return until

    def _receive(self, gatherer: int) -> list[Message]:
        now = self._world.scheduler.now_us
        queue, choices = self._queue, self._world.choices
        messages = self._messages(gatherer)
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
            hidden = int(queue.visibility * SECOND)
            if self._world.faults.strikes("visibility ends", queue.name):
                hidden = choices.between(2_000, 3 * SECOND, "visible after")
            message.visible_us = now + hidden
            batch.append(message)
        return batch

    def _invoke(self, batch: list[Message]) -> None:
        queue = self._queue
        self._world.cost.request(queue.name, *((message.body, message.attributes) for message in batch))
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
                "messageAttributes": message_attributes(message.attributes),
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
                failed = failed_items(answer, list(receipts)) if self._reports_failures else []
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
            self._world.cost.request(queue.name)
        if receipts and (queue.name in self._world.away or faults.strikes("acknowledgement lost", queue.name)):
            return
        for id, receipt in receipts.items():
            message = queue.messages.get(id)
            if message and message.receipt == receipt and not queue.fifo and faults.strikes("queue duplicate", id):
                message.visible_us = self._world.scheduler.now_us + choices.between(10_000, 30 * SECOND, "duplicate")
            else:
                queue.delete(id, receipt)


def _milliseconds(at_us: int) -> str:
    """A moment of virtual time as SQS gives it: in milliseconds since 1970."""
    return str(_BEGIN + at_us // 1000)
