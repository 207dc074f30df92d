"""What operators see of consumers: whether each is paused, what waits in its queue, and for how long it may.

SQS keeps a message for 14 days from when it was sent, whatever becomes of it meanwhile, and then drops it without a
word: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
How old the oldest is, SQS tells CloudWatch alone (ApproximateAgeOfOldestMessage, which the alarm OldestMessage
watches). Here it is said by what is known of pauses (pause_rows.py): what waits has waited since the first one whose
messages may still be there, and before that a message was retried for a day at most (kernel/messaging/retry.py). So the
first is lost almost 13 days after that pause, at the earliest, however often the consumer was resumed meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from math import ceil

from functions.kernel.runtime import clock, observe, runtime
from functions.operations import consumers, pauses
from functions.operations.consumers import Consumer
from functions.operations.mappings import DISABLED, ENABLED, Backlog, backlog
from functions.operations.pause_rows import PAUSED, Pause, Sample, lost_from

RECENT = timedelta(minutes=20)  # a consumer that is as it is wanted is not measured any more: its samples grow old
LEAST_TIME = timedelta(minutes=1)  # between the first sample and the last: SQS's counts are up to a minute late


@dataclass(frozen=True)
class Overview:
    """A consumer. state: running, pausing, paused or resuming; a mapping is switched asynchronously.

    waiting: None where SQS does not answer. arrives, drains: messages an hour, by what was seen in the last minutes;
    None where that is not known. drained_in: seconds. lost_from: RFC 3339, while what waited in a pause is not drained.
    """

    consumer: str
    pause: Pause
    state: str
    waiting: Backlog | None
    arrives: int | None = None
    drains: int | None = None
    drained_in: int | None = None
    lost_from: str | None = None


def overviews() -> list[Overview]:
    """All consumers that may be paused, by name."""
    wanted = pauses.known()
    shown = [one for _, one in sorted(consumers.consumers().items()) if pauses.may_be_paused(one)]
    measured = runtime.current().side_by_side([partial(backlog().measure, one) for one in shown])
    return [
        overview(one, wanted.get(one.name, Pause(one.name)), waiting)
        for one, waiting in zip(shown, measured, strict=True)
    ]


def overview(consumer: Consumer, pause: Pause, waiting: Backlog | Exception) -> Overview:
    """What is known of one. waiting: what its queue has, or why SQS did not say."""
    if isinstance(waiting, Exception):
        observe.log_error("a queue was not measured", waiting, consumer=consumer.name)
        return Overview(consumer.name, pause, state_of(pause), None)
    grows = growth([one for one in pause.samples if clock.read(one.at) > clock.now() - RECENT])
    is_paused = pause.wanted == PAUSED
    drains = -grows if grows and grows < 0 and not is_paused else None
    return Overview(
        consumer=consumer.name,
        pause=pause,
        state=state_of(pause),
        waiting=waiting,
        arrives=max(grows, 0) if grows is not None and is_paused else None,
        drains=drains,
        drained_in=ceil(waiting.total / drains * 3_600) if drains else None,
        lost_from=lost_from(pause) if waiting.total else None,
    )


def state_of(pause: Pause) -> str:
    """What a consumer does, in a word."""
    if pause.wanted == PAUSED:
        return "paused" if pause.state == DISABLED else "pausing"
    return "running" if pause.state in ("", ENABLED) else "resuming"


def growth(samples: Sequence[Sample]) -> int | None:
    """By how many messages an hour a backlog grew (below 0: shrank); None where too little was seen."""
    if len(samples) < 2:
        return None
    took = clock.read(samples[-1].at) - clock.read(samples[0].at)
    if took < LEAST_TIME:
        return None
    return round((samples[-1].total - samples[0].total) / (took / timedelta(hours=1)))
