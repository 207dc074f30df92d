"""The collector: each minute, from every failure queue into the rows of letters.

A letter leaves its queue only when it is stored. What cannot be stored, or not now, stays in its queue, is received
again after two minutes, and is kept there for 14 days. What is not stored at its second receive rings `Errors`. The age
of the queue's oldest message does not tell it: that leaves out what was received three times and is still there.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.messaging import undone
from functions.kernel.messaging.scheduled import Scheduled
from functions.kernel.runtime import budget, clock, runtime
from functions.kernel.runtime.side_by_side import outcome
from functions.kernel.runtime.uses import Uses
from functions.operations import batches, consumers, forms, groups, rows, transitions
from functions.operations.alarms import LETTER, group_grows, letter_waits, new_group
from functions.operations.cloud import Held, failure_queues, relays
from functions.operations.consumers import FailureQueue
from functions.operations.letters import OPEN, Letter
from functions.operations.views import OF_GROUP, OF_STATE

__all__ = ["collector", "group_grows", "letter_waits", "new_group"]

TRIES = 6  # of a letter that others change at the same time
DELIVERIES = 20  # records of which a letter knows that they were stored
STORING = 2 * budget.MESSAGE  # seconds that it takes at most to receive ten letters and to store one
COUNTING = 10  # seconds that are kept for the groups, so that they are counted, and ring, also while a flood lasts
EDIT_MISSING = "it failed in what is built, which lacks {}, the message that was sent in its place: edit it once more"
WAITS = timedelta(days=1)  # after which an open letter rings

collector = Scheduled(
    "operations",
    "collector",
    uses=Uses(
        rows=("get", "get_many", "query", "put", "delete"),
        indexes=(OF_GROUP, OF_STATE),
        ports=(failure_queues, relays),
    ),
)


@collector.work
def collect(event: dict[str, Any]) -> dict[str, int]:
    """Store what is in the failure queues, those side by side, for as long as there is time."""
    queues = _in_turn(list(consumers.failure_queues().values()))
    stored: list[Letter] = []
    failed = 0
    for queue, found in zip(
        queues, runtime.current().side_by_side([partial(drain, one) for one in queues]), strict=True
    ):
        if isinstance(found, Exception):
            failed += 1
            undone.note("DeadLetters", "a failure queue was not drained", found, queue=queue.name)
        else:
            stored += found
    ring_for_the_oldest()  # before the groups, which may take all the time that is left
    groups.count_changed(stored, lambda: budget.left() > STORING)
    rows.settle_bodies(lambda: budget.left() > budget.MESSAGE)
    return {"stored": len(stored), "queues_not_drained": failed}


def _in_turn(queues: list[FailureQueue]) -> list[FailureQueue]:
    """The queues, each minute from another one on: those that are drained first may be so full that no time is left."""
    first = int(clock.now().timestamp() // 60) % len(queues) if queues else 0
    return queues[first:] + queues[:first]


def drain(queue: FailureQueue) -> list[Letter]:
    """Store the letters of a queue until it gives no more, or the time for that is up; returns those that were stored.

    Without their bodies: those of a flood would be more than the function's memory.
    """
    stored: list[Letter] = []
    while _has_time():
        held = failure_queues().receive(queue)
        if not held:
            break
        done: list[Held] = []
        for one in held:
            if not _has_time():
                break
            found = outcome(partial(_take, queue, one))
            if isinstance(found, Exception):
                text = "a letter was not stored: it stays in its queue"
                undone.note(LETTER, text, found, again=one.was_left, queue=queue.name)
            else:
                stored += (replace(letter, body="") for letter in found)
                done.append(one)
        if done:
            failure_queues().delete(queue, done)
            for one in done:
                _forget(one)
    return stored


def _has_time() -> bool:
    return budget.left() > STORING + COUNTING


def _take(queue: FailureQueue, held: Held) -> list[Letter]:
    """Store all letters of a record."""
    batch = batches.batch(queue, forms.content_of(held.body))
    if batch is None:
        return [store(forms.read(queue, held))]
    return [store(letter) for page in batches.pages(queue, held, batch) for letter in page]


def _forget(held: Held) -> None:
    if batches.WHERE in held.body:
        batches.forget(held)


def store(arrived: Letter) -> Letter:
    """Store a letter as it came, or, where it is there already, that it came again. Raises ConcurrencyError."""
    for attempt in range(TRIES):
        before = rows.find(arrived.id)
        if before and before.life and _is_known(before, arrived):
            return before
        after = _again(before, arrived) if before else _first(arrived)
        if before and before.fingerprint != after.fingerprint:
            rows.mark(before.fingerprint)
        try:
            return rows.put(after)
        except ConcurrencyError:
            clock.back_off(attempt)
    raise ConcurrencyError(f"letter {arrived.id} is changed by others all the time: the next minute tries again")


def _is_known(before: Letter, arrived: Letter) -> bool:
    """Whether this record was stored before, and could not be deleted then."""
    return set(arrived.deliveries) <= set(before.deliveries)


def _first(arrived: Letter) -> Letter:
    return arrived.after("stored", detail=arrived.reason, stored_at=clock.stamp(), open_since=arrived.failed_at)


def _again(before: Letter, arrived: Letter) -> Letter:
    """A letter that came again, open again where transitions.py says so. Why it failed is what was said last."""
    opens = transitions.opens_again(before, arrived)
    again = before.after(
        "came again",
        detail=arrived.reason,
        body=before.body if before.life else arrived.body,
        queue=arrived.queue,
        fifo_group=arrived.fifo_group or before.fifo_group,
        reason=arrived.reason,
        error=arrived.error,
        tries=arrived.tries,
        failed_at=max(before.failed_at, arrived.failed_at),
        code=arrived.code,
        fingerprint=arrived.fingerprint,
        repetitions=before.repetitions + 1,
        state=OPEN if opens else before.state,
        open_since=arrived.failed_at if opens and before.state != OPEN else before.open_since,
        deliveries=(*before.deliveries, *arrived.deliveries)[-DELIVERIES:],
    )
    if not transitions.lacks_its_edit(before, arrived):
        return again
    return again.after("opened again", detail=EDIT_MISSING.format(before.sent_as))


def ring_for_the_oldest() -> None:
    """Ring while a letter has been open for more than a day."""
    oldest = rows.oldest_open()
    if oldest and clock.now() - clock.read(oldest.open_since) > WAITS:
        letter_waits.ring(letter=oldest.id, open_since=oldest.open_since, consumer=oldest.consumer)
