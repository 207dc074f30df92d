"""What becomes of a message of a queue that failed: it stays and comes back later, or is dead-lettered with its reason.

When a failed message is retried and when it is given up: see retry.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

from functions.kernel.messaging import failing, outcomes, retry
from functions.kernel.messaging.record import first_received, receives, tried
from functions.kernel.runtime import clock, observe, runtime
from functions.kernel.runtime.runtime import LONGEST_DELAY, LONGEST_WAIT, Queue
from functions.kernel.runtime.side_by_side import outcome

FIFO_GROUP = "in-turn"  # the one message group of a FIFO queue: messages of two groups are handled in parallel

Record = dict[str, Any]


class Again(Exception):  # noqa: N818  (a request, not an error)
    """Raised by a handler that cannot decide yet, or has done a part for good: call it again after so many seconds."""

    def __init__(self, after: int) -> None:
        super().__init__(f"again after {after} s")
        self.after = after


@dataclass(frozen=True)
class Redelivery:
    """What becomes of the messages of one queue of the service.

    name_in: the name of the message in a body, for logs and alarms.
    """

    queue: str
    fifo: bool
    name_in: Callable[[str], str]

    def may_leave(self, record: Record, error: Exception | None, set_aside: Exception | None = None) -> bool:
        """Whether a message may leave the queue: it was handled, or is dead-lettered now. Otherwise it is put off.

        A letter that was sent back is handled only when that has been reported. set_aside: why it was dead-lettered
        although it was handled: it failed in a generation of a view that is not read yet. Such a letter is not done.
        """
        if isinstance(error, Again):
            self.keep(record, min(error.after, LONGEST_WAIT))
            return False
        if error is None and set_aside:
            outcomes.dead(record, set_aside)
        elif error is None:
            error = outcome(partial(outcomes.done, record))
        failing.note(self.queue, record, error, self.name_in)
        return error is None or self._failed(record, error)

    def keep(self, record: Record, seconds: int) -> None:
        """Have a message received again after so many seconds; where that fails, when its visibility ends.

        It stays the same message: a new one would make a chain function → queue → function, which Lambda cuts.
        """
        try:
            self._own_queue().retry_in(record["receiptHandle"], seconds)
        except Exception as failure:
            observe.failed("visibility", failure, receives(record))

    def _own_queue(self) -> Queue:
        running = runtime.current()
        return running.queues.get(self.queue, running.queue)

    def _failed(self, record: Record, error: Exception) -> bool:
        count = receives(record)
        name = self.name_in(record["body"])
        observe.failed(name, error, count)
        if not retry.may_pass(error):
            observe.count(observe.ERRORS, name)
        elif tried(record) >= LONGEST_DELAY:
            observe.count(observe.STILL_FAILING, name)
        if not retry.is_final(error, count, inf if self.fifo else tried(record)):
            self.keep(record, retry.delay(count, fifo=self.fifo))
            outcomes.failing(record, error)
            return False
        try:
            runtime.current().dead_letters.send(
                record["body"], reason=_facts(record, error), group=FIFO_GROUP, dedup=record["messageId"]
            )
        except Exception as failure:
            observe.failed("dead-letter", failure, count)
            self.keep(record, retry.delay(count, fifo=self.fifo))
            return False
        outcomes.dead(record, error)
        return True


def _facts(record: Record, error: Exception) -> dict[str, str]:
    """What a dead letter carries as message attributes, of which SQS allows ten, none of them empty.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    code = runtime.current().code
    return {
        "reason": observe.reason(error),
        "error": type(error).__name__,
        "tries": str(receives(record)),
        "first": clock.stamp(first_received(record)),
        **({"code": code} if code else {}),
        **outcomes.identity(record),
    }
