"""The row of a consumer that is paused, or was: what is wanted and was seen of it, and since when its messages wait.

Pure. SQS drops a message 14 days after it was sent, however often its consumer was resumed meanwhile, and does not say
here how old the oldest is. So the row keeps `waits_since`: nothing in the queue was sent earlier, but for what was
being retried then (RETRIED), where the consumer kept up until then. It is the beginning of the first pause whose
messages may still be there, and is over

- when the queue has been empty at two looks in a row, with the consumer switched on;
- RETRIED after a look at which nothing was left to be received (`caught_up`), at the next such look: a message is
  handled or given up by then, also one that failed. If the consumer was off in between, what was sent since `caught_up`
  may wait: `waits_since` is that time then;
- when the consumer has been on for 14 days.

Whether a pause rings is another question, with a smaller answer: since when is next to nothing brought to it?
(`behind_since`). That is over as soon as the consumer is on and next to nothing waits to be received.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from functions.kernel.messaging.retry import NEWER_FOR
from functions.kernel.runtime import clock
from functions.operations.mappings import ENABLED, Backlog

PAUSED, RUNNING = "paused", "running"
KEPT = timedelta(days=14)  # by SQS, from when a message was sent
DELAYS = timedelta(hours=1)  # more than the 15 minutes before a first receive, and before the last, and a function take
RETRIED = timedelta(seconds=NEWER_FOR) + DELAYS  # a message that is received is handled, or given up, by then
CERTAIN = timedelta(minutes=2)  # longer than a function lives: nothing that began earlier switches a mapping any more
FEW = 10  # messages that wait to be received: a queue at work may have so many at any moment
SAMPLES = 15  # one a minute


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """How many messages a queue had at a moment (RFC 3339)."""

    at: str
    total: int


class Pause(msgspec.Struct, frozen=True):
    """What is wanted of a consumer. state: that of its mapping, as seen at `seen_at`.

    itself: whether it asked for the pause itself, and `told` whether the alarms' topic knows. samples: its backlog of
    the last minutes. waits_since, caught_up, behind_since: see above; "" where nothing waits. on_since: from when on
    its mapping was seen to be on, each time; failing_since: from when on it could not be seen, or switched; "" where it
    is not so. settled: after a resume, that its mapping is on and nothing waits from a pause.
    """

    consumer: str
    wanted: str = RUNNING
    by: str = ""
    reason: str = ""
    since: str = ""
    state: str = ""
    seen_at: str = ""
    itself: bool = False
    told: bool = True
    samples: tuple[Sample, ...] = ()
    waits_since: str = ""
    caught_up: str = ""
    behind_since: str = ""
    on_since: str = ""
    failing_since: str = ""
    settled: bool = False
    version_of_row: int = 0


def stored(data: Mapping[str, Any]) -> Pause:
    """A row as it was stored, also by code that did not note what waits."""
    pause = msgspec.convert(data, Pause)
    return pause if "waits_since" in data else _of_earlier_code(pause)


def _of_earlier_code(pause: Pause) -> Pause:
    """That code noted the last change alone, and settled a resume with ten messages left, or a day later with any.

    So of one that runs it is not known how long its messages had waited. It may be 14 days: 14 days later none is left.
    """
    if pause.wanted == PAUSED:
        return msgspec.structs.replace(pause, waits_since=pause.since, behind_since=pause.since)
    resumed = clock.read(pause.since)
    was_empty = all(one.total == 0 for one in pause.samples[-1:])
    if pause.settled and (was_empty or clock.now() - resumed > KEPT):
        return pause
    return msgspec.structs.replace(pause, waits_since=clock.stamp(resumed - KEPT + RETRIED), settled=False)


def lost_from(pause: Pause) -> str | None:
    """When SQS drops the first message of a backlog at the earliest; None where nothing is left from a pause."""
    return clock.stamp(clock.read(pause.waits_since) + KEPT - RETRIED) if pause.waits_since else None


def wanting(before: Pause, wanted: str, by: str, reason: str, *, itself: bool = False) -> Pause:
    """The row with another wish, from now on. What waited and was not drained still waits since then."""
    now = clock.stamp()
    begins = now if wanted == PAUSED else ""
    return msgspec.structs.replace(
        before,
        wanted=wanted,
        by=by,
        reason=reason,
        since=now,
        itself=itself,
        told=not itself,
        samples=(),
        waits_since=before.waits_since or begins,
        behind_since=before.behind_since or begins,
        on_since="",
        failing_since="",
        settled=False,
    )


def failing(pause: Pause) -> Pause:
    """The row of a consumer that could not be seen, or switched, now."""
    return pause if pause.failing_since else msgspec.structs.replace(pause, failing_since=clock.stamp())


def seen(pause: Pause, when: Pause, state: str, at: str, waiting: Backlog) -> Pause:
    """The row with what was seen of the consumer, if it is still wanted as it was then."""
    if (pause.wanted, pause.since) != (when.wanted, when.since):
        return pause
    samples = (*pause.samples, Sample(at, waiting.total))[-SAMPLES:]
    after = msgspec.structs.replace(pause, state=state, seen_at=at, samples=samples, failing_since="")
    if pause.wanted == PAUSED or state != ENABLED:
        return msgspec.structs.replace(after, on_since="", settled=False)
    behind_since = "" if waiting.visible <= FEW else pause.behind_since
    after = _drained(msgspec.structs.replace(after, on_since=pause.on_since or at, behind_since=behind_since), waiting)
    is_certain = clock.read(at) - clock.read(pause.since) > CERTAIN
    return msgspec.structs.replace(after, settled=is_certain and not after.waits_since)


def _drained(pause: Pause, waiting: Backlog) -> Pause:
    """The row of a consumer that is on, without what waits no more. SQS's counts are late, each by itself: twice 0."""
    at = clock.read(pause.seen_at)
    is_empty = len(pause.samples) > 1 and all(one.total == 0 for one in pause.samples[-2:])
    if is_empty or at - clock.read(pause.on_since) > KEPT:
        return msgspec.structs.replace(pause, waits_since="", caught_up="")
    if not pause.waits_since or waiting.visible > 0:
        return pause
    if not pause.caught_up:
        return msgspec.structs.replace(pause, caught_up=pause.seen_at)
    if at - clock.read(pause.caught_up) <= RETRIED or at - clock.read(pause.on_since) <= DELAYS:
        return pause
    was_off = pause.on_since > pause.caught_up
    since, caught_up = (pause.caught_up, pause.seen_at) if was_off else ("", "")
    return msgspec.structs.replace(pause, waits_since=since, caught_up=caught_up)
