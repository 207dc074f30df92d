"""What would come of dead letters if their consumer received them now: each is handled, and nothing kept.

The consumer's own deployed code runs its real dispatch over what the store and the read models hold. What it writes
goes into an overlay, so that a letter sees what earlier ones of its set would have written. Bus, queues and ports only
note what they are given; owners are asked. docs/adr/0052 says why, and what cannot be told.

    {"letters": [{"id", "consumer", "body", "error"?, "stream"?}], "overlay": {…} or null}
    → {"answers": [{"id", "answer", "detail"}], "overlay": {…}, "code"}

An invocation answers the first letters of a set: as many as it has time for, and one at least. The caller sends the
rest with the overlay that came back. The answers: answers.py.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

from functions.kernel.composition.answers import CANNOT_TELL, Answer, Attempt, cannot_tell
from functions.kernel.composition.manifest import manifest
from functions.kernel.composition.overlay import Overlay
from functions.kernel.composition.recording import Asking, NotingBus, NotingQueue
from functions.kernel.composition.relayed import forecast_relayed
from functions.kernel.eventstore.overlay import OverlayStore, ReadOnlyVault
from functions.kernel.messaging.inbox import Handled
from functions.kernel.projections.overlay import OverlayViews
from functions.kernel.runtime import budget, observe, runtime
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.side_by_side import one_by_one, outcome
from functions.kernel.runtime.trial import Trial

RELAY = "relay"
SECONDS = 11  # for one letter: a sweep, and a look of the dispatcher, end by themselves after 10
FULL = "the letters before it would write more than a forecast carries: redrive those first"


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Answer the first letters of a set, in their order. Writes nothing, and sends nothing."""
    overlay = Overlay.read(event.get("overlay"))
    asking = Asking(runtime.current().invoke)
    answers: list[Answer] = []
    for letter in event["letters"]:
        if answers and budget.left() < budget.MESSAGE:
            break
        tried = overlay.copy()
        answer = cannot_tell(FULL) if overlay.is_full else _forecast(letter, tried, asking, is_first=not answers)
        if answer is None:
            break
        answers.append({"id": letter["id"], **answer})
        if answer["answer"] != CANNOT_TELL:  # what one did until it failed stays, as it would
            overlay = tried
    code = runtime.current().settings.get("MALLBOTS_CODE", "")
    return {"answers": answers, "overlay": overlay.written(), "code": code}


def _forecast(letter: dict[str, Any], overlay: Overlay, asking: Asking, *, is_first: bool) -> Answer | None:
    """The answer for a letter. None where it ran out of time that an invocation that begins with it would have."""
    real, trial = runtime.current(), Trial()
    service, _, queue = letter["consumer"].partition("/")
    if service != real.service:
        return cannot_tell(f"{letter['consumer']} is no consumer of {real.service}")
    if queue == RELAY:
        return forecast_relayed(letter, real.store)
    attempt = _attempts(service).get(queue)
    if attempt is None:
        return cannot_tell(f"{service} has no queue {queue}")
    with runtime.active(_trying(real, overlay, trial, asking)), observe.silent(), budget.at_most(SECONDS):
        result = outcome(partial(attempt, letter["body"]))
        out_of_time = isinstance(result, Exception) and budget.left() < budget.TRY + budget.RESERVE
    if out_of_time and not is_first:
        return None
    return Attempt(letter, result, trial, out_of_time).answer()


@cache
def _attempts(service: str) -> dict[str, Callable[[str], Handled | None]]:
    """How the consumers of a service handle one message, by their queues."""
    registered = manifest(service)
    attempts: dict[str, Callable[[str], Handled | None]] = {i.queue: i.attempt for i in registered.inboxes}
    return attempts | ({registered.topics.queue: registered.topics.attempt} if registered.topics else {})


def _trying(real: Runtime, overlay: Overlay, trial: Trial, asking: Asking) -> Runtime:
    """The runtime of a service with adapters that write nothing."""
    queue = NotingQueue(trial)
    return replace(
        real,
        store=OverlayStore(real.store, overlay.commits, trial),
        views=OverlayViews(real.views, overlay.rows, trial),
        vault=ReadOnlyVault(real.vault, trial),
        bus=NotingBus(trial),
        queue=queue,
        dead_letters=queue,
        queues=dict.fromkeys(real.queues, queue),
        invoke=asking.for_letter(trial),
        adapters={},
        side_by_side=one_by_one,
        trial=trial,
    )
