"""Consumers that are paused: their messages wait in their queues, until an operator resumes them.

    consumers   <service>/<queue>   what is wanted of a consumer, by whom and why, and what was seen of it last

The row is the intent, and is written first; each minute the runner switches the consumer's event source mapping as the
row says, so a crash in between, a mapping that cannot be switched now, and a deployment that switches it on again are
made good a minute later. A consumer that nothing was ever wanted of has no row, and its mapping is left as it is.
What a row knows of messages that wait: pause_rows.py.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from functions.kernel.domain.errors import ConcurrencyError, InvalidError, NotFoundError, RefusedError
from functions.kernel.messaging import undone
from functions.kernel.messaging.failing import PAUSE
from functions.kernel.projections.projection import read, rows
from functions.kernel.runtime import clock, context, observe, runtime
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.side_by_side import outcome
from functions.kernel.runtime.views import Row
from functions.operations import cloud, consumers, mappings
from functions.operations.consumers import Consumer
from functions.operations.mappings import DISABLED, DISABLING, ENABLED, ENABLING, EventSource
from functions.operations.pause_rows import PAUSED, RUNNING, Pause, failing, seen, stored, wanting

PARTITION = "consumers"
AS_WANTED = {PAUSED: (DISABLED, DISABLING), RUNNING: (ENABLED, ENABLING)}
LONG = timedelta(hours=1)  # after which a pause rings
HOLDS = timedelta(minutes=15)  # for which an operator's resume is not undone by the consumer itself
STALE = timedelta(minutes=15)  # after which a request is dropped: a consumer that still fails asks again each minute
LATE = timedelta(minutes=10)  # after which a consumer that could not be switched rings, whatever the error is
TRIES = 6
TOO_LONG = 1_000  # characters of a reason

CONSUMER = "Consumer"
consumer_paused = Alarm("ConsumerPaused", CONSUMER)  # for more than an hour: its queue keeps messages for 14 days
consumer_paused_itself = Alarm("ConsumerPausedItself", CONSUMER)  # most of its messages fail by errors of ours


def pause(name: str, reason: str) -> Pause:
    """Have a consumer receive no more messages. Paused already, it stays as it is.

    Raises NotFoundError, RefusedError for one of operations' own, and InvalidError without a reason.
    """
    consumer = _pausable(name)
    if not reason.strip() or len(reason) > TOO_LONG:
        raise InvalidError(f"say why, in 1 to {TOO_LONG} characters")
    return _want(consumer.name, PAUSED, context.current().actor, reason.strip())


def resume(name: str) -> Pause:
    """Have a consumer receive messages again. Raises NotFoundError and RefusedError."""
    return _want(_pausable(name).name, RUNNING, context.current().actor, "")


def is_request(body: str) -> bool:
    """Whether a message of the queue of outcomes is a consumer's request for a pause."""
    try:
        return PAUSE in json.loads(body)
    except (ValueError, TypeError):
        return False


def take_request(body: str) -> None:
    """Pause a consumer that asks for it, unless it is paused, or an operator has resumed it a moment ago.

    A request of a while ago, or of a consumer that this code does not know, is dropped: it may be mended by now.
    Raises LookupError, TypeError and ValueError for what is no request, and ConcurrencyError.
    """
    said: dict[str, Any] = json.loads(body)
    why = f"{said['share']:.0%} of the last {said['messages']} messages failed, such as {said['sample']}"
    reason = f"{why}: {said['error']}"[:TOO_LONG]
    asked = clock.read(said["at"])
    consumer = consumers.consumers().get(said[PAUSE])
    if consumer is None or not may_be_paused(consumer) or asked < clock.now() - STALE:
        about = {"consumer": said[PAUSE], "at": said["at"]}
        observe.logger().warning("a request for a pause was dropped: it is too old, or not of a consumer", extra=about)
        return

    def decide(before: Pause) -> Pause:
        held = before.since and asked < clock.read(before.since) + HOLDS
        if before.wanted == PAUSED or held:
            return before
        return wanting(before, PAUSED, consumer.name, reason, itself=True)

    change(consumer.name, decide)


def find(name: str) -> Pause:
    """What is wanted of a consumer."""
    data = read(PARTITION, name)
    return stored(data) if data else Pause(name)


def known() -> dict[str, Pause]:
    """What is wanted of those of which anything ever was."""
    found = (stored(data) for data in rows(PARTITION, consistent=True))
    return {one.consumer: one for one in found}


def change(name: str, decide: Callable[[Pause], Pause]) -> Pause:
    """Load a row, change it, and store it; again where another was quicker. Raises ConcurrencyError."""
    for attempt in range(TRIES):
        before = find(name)
        after = decide(before)
        if after == before:
            return before
        written = msgspec.structs.replace(after, version_of_row=before.version_of_row + 1)
        row = Row(PARTITION, name, msgspec.to_builtins(written))
        if runtime.current().views.put(row, written.version_of_row) or find(name) == written:
            return written
        clock.back_off(attempt)
    raise ConcurrencyError(f"{name} is changed by others all the time: try again")


def reconcile() -> int:
    """Switch mappings as their rows say, measure what waits, and ring for what is paused too long.

    Returns for how many consumers there was anything to do. What fails for one is logged, and done a minute later.
    Raises what the list of mappings raises, once all else is done.
    """
    unsettled = [one for one in known().values() if not one.settled]
    there = consumers.consumers() if unsettled else {}
    due = [one for one in unsettled if one.consumer in there]
    if not due:
        return 0
    found = outcome(lambda: mappings.mappings().find([there[one.consumer] for one in due]))
    for one in due:
        if not isinstance(found, Exception):
            _attempt(one, partial(_reconcile, one.consumer, found.get(one.consumer)))
        _attempt(one, partial(_tell, one.consumer))
    if isinstance(found, Exception):
        raise found
    return len(due)


def _attempt(pause: Pause, step: Callable[[], object]) -> None:
    try:
        step()
    except Exception as error:
        text = f"{pause.consumer} is not as it is wanted: the next minute tries again"
        undone.note(CONSUMER, text, error, again=_is_late(pause.consumer))


def _is_late(name: str) -> bool:
    """Whether it could not be seen, or switched, for long. Since when is noted in its row, if that can be written."""
    noted = outcome(partial(change, name, failing))
    return not isinstance(noted, Exception) and clock.now() - clock.read(noted.failing_since) >= LATE


def _reconcile(name: str, source: EventSource | None) -> None:
    now = find(name)  # again: an operator may have changed it since
    if source is None:
        observe.logger().warning("a consumer has no event source mapping", extra={"consumer": name})
        return
    state = source.state
    if state not in AS_WANTED[now.wanted]:
        state = mappings.mappings().switch(source, on=now.wanted == RUNNING)
    at, waiting = clock.stamp(), mappings.backlog().measure(consumers.consumers()[name])
    change(name, lambda one: seen(one, now, state, at, waiting))


def _tell(name: str) -> None:
    """Ring while a consumer is paused for over an hour, also with resumes that did not bring it what waited by then.

    Say once where it has paused itself. Whether or not its mapping could be switched.
    """
    pause = find(name)
    if pause.wanted != PAUSED:
        return
    if clock.now() - clock.read(pause.behind_since) > LONG:
        about = {"since": pause.since, "behind_since": pause.behind_since, "by": pause.by, "reason": pause.reason}
        consumer_paused.ring(consumer=name, **about)
    if not pause.told:
        consumer_paused_itself.ring(consumer=name, reason=pause.reason)
        cloud.topic().publish(f"{name} has paused itself", pause.reason)
        change(name, lambda one: msgspec.structs.replace(one, told=True))


def _want(name: str, wanted: str, by: str, reason: str) -> Pause:
    def decide(before: Pause) -> Pause:
        if before.wanted == wanted:
            return before
        return wanting(before, wanted, by, reason)

    after = change(name, decide)
    cloud.starts().start("runner")
    return after


def _pausable(name: str) -> Consumer:
    consumer = consumers.consumers().get(name)
    if consumer is None:
        raise NotFoundError(f"there is no consumer {name}")
    if not may_be_paused(consumer):
        raise RefusedError(f"{name} cannot be paused: nothing would resume it, or nothing feeds it from a queue")
    return consumer


def may_be_paused(consumer: Consumer) -> bool:
    """Whether a queue feeds it, and others would be left to resume it."""
    return consumer.handles and consumer.service != "operations"
