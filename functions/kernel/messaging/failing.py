"""A consumer most of whose messages fail asks for a pause: what waits in its queue is mended by code, not by tries.

Judged in each container, over the messages that it tried last. Counted are errors of ours: what may pass passes, what
is refused was understood, and what cannot be read says nothing of the code. The request goes to operations with the
outcomes of letters; operations switches the consumer's event source mapping off (functions/operations/pauses.py).
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from functions.kernel.domain.errors import MallBotsError
from functions.kernel.messaging import retry
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import clock, observe, runtime
from functions.kernel.runtime.recent import Recent, Try

PAUSE = "pause"  # the member of a request that names the consumer; an outcome of a letter has none
WINDOW = timedelta(minutes=10)
LEAST = 20  # messages: of fewer, nothing is concluded
SHARE = 0.5  # that must be exceeded
ASKS_EVERY = timedelta(minutes=1)  # at most, also where the queue does not take the request


def note(queue: str, record: dict[str, Any], error: Exception | None, name_in: Callable[[str], str]) -> None:
    """Note how a try of a message ended, and ask for a pause where most fail.

    name_in: the name of the message in a body.
    """
    now = clock.now()
    recent = runtime.current().recent.setdefault(queue, Recent())
    failure = f"{type(error).__name__}: {observe.reason(error)}" if error and is_ours(error) else ""
    recent.note(record["messageId"], now, failure)
    if not failure or (recent.asked and now < recent.asked + ASKS_EVERY):
        return
    tries = recent.since(now - WINDOW)
    share = sum(bool(one.failure) for one in tries.values()) / len(tries)
    if len(tries) >= LEAST and share > SHARE:
        recent.asked = now
        request = _request(queue, share, tries)
        _ask({**request, "error": failure[:500], "sample": f"{name_in(record['body'])} {record['messageId']}"}, recent)


def is_ours(error: Exception) -> bool:
    """Whether an error says that the code is wrong."""
    return not retry.may_pass(error) and not isinstance(error, MallBotsError | UndeliverableError)


def _request(queue: str, share: float, tries: Mapping[str, Try]) -> dict[str, Any]:
    first = min(one.at for one in tries.values() if one.failure)
    running = runtime.current()
    return {
        PAUSE: f"{running.service}/{queue}",
        "share": round(share, 3),
        "messages": len(tries),
        "since": clock.stamp(first),
        "at": clock.stamp(),
        "code": running.code,
    }


def _ask(request: dict[str, Any], recent: Recent) -> None:
    """A request that is lost does no harm: the next failure after a minute asks again."""
    queue = runtime.current().outcomes
    try:
        if queue is None:
            raise RuntimeError("this function does not know the queue of outcomes")
        queue.send(json.dumps(request))
    except Exception as failure:
        observe.log_error(f"{request[PAUSE]} could not ask for a pause", failure)
        return
    recent.tries.clear()  # so that it asks again by new failures only
