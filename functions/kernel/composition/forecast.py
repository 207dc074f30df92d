"""What would come of dead letters if their consumer received them now: each is handled, and nothing kept.

The consumer's own deployed code runs its real dispatch over what the store and the read models hold. What it writes
goes into an overlay, so that a letter sees what earlier ones of its set would have written. Bus, queues and ports only
note what they are given; owners are asked. docs/adr/0052 says why, and what cannot be told.

    {"letters": [{"id", "consumer", "body", "error"?}], "overlay": {…} or null, "seconds"?}
    → {"answers": [{"id", "answer", "detail"}], "overlay": {…}, "code"}

An invocation answers the first letters of a set: as many as it has time for, and one at least unless the caller waits
for less `seconds` than one may take. The caller sends the rest with the overlay that came back. See answers.py.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any, cast

from functions.kernel.composition.answers import CANNOT_TELL, Answer, Attempt, cannot_tell, is_unread
from functions.kernel.composition.manifest import manifest
from functions.kernel.composition.overlay import Overlay
from functions.kernel.composition.recording import Asking, GivingUp, NotingBus, NotingQueue
from functions.kernel.eventstore.overlay import OverlayStore, ReadOnlyVault
from functions.kernel.messaging.inbox import Handled
from functions.kernel.projections.generations import Generations, Rows
from functions.kernel.projections.overlay import OverlayViews
from functions.kernel.runtime import budget, clock, observe, runtime
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.side_by_side import one_by_one, outcome
from functions.kernel.runtime.trial import Trial
from functions.kernel.runtime.views import ViewStore

LONGEST = 20  # seconds: the function's timeout (infra/queues.py)
SECONDS = 11  # for one letter: a sweep, and a look of the dispatcher, end by themselves after 10
TRIES = 3  # of a letter, in one invocation, whose reads fail
FULL = "the letters before it would write more than a forecast carries: redrive those first"


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Answer the first letters of a set, in their order. Writes nothing, and sends nothing."""
    with budget.at_most(event.get("seconds", LONGEST)):
        return _answered(event)


def _answered(event: dict[str, Any]) -> dict[str, Any]:
    overlay = Overlay.read(event.get("overlay"))
    asking = Asking(runtime.current().invoke)
    answers: list[Answer] = []
    for letter in event["letters"]:
        if answers and budget.left() < budget.MESSAGE:
            break
        tried, answer = (overlay, cannot_tell(FULL)) if overlay.is_full else _tried(letter, overlay, asking)
        if answer is None:
            break
        answers.append({"id": letter["id"], **answer})
        if answer["answer"] != CANNOT_TELL:  # what one did until it failed stays, as it would
            overlay = tried
    return {"answers": answers, "overlay": overlay.written(), "code": runtime.current().code}


def _tried(letter: dict[str, Any], overlay: Overlay, asking: Asking) -> tuple[Overlay, Answer | None]:
    """The overlay with what a letter would write, and its answer: again where something could not be read just now."""
    attempt = 0
    while True:
        tried = overlay.copy()
        answer = _forecast(letter, tried, asking)
        attempt += 1
        if answer is None or not is_unread(answer) or attempt == TRIES or budget.left() < SECONDS:
            return tried, answer
        clock.back_off(attempt)


def _forecast(letter: dict[str, Any], overlay: Overlay, asking: Asking) -> Answer | None:
    """The answer for a letter. None where it ran out of time that another invocation, which begins with it, has."""
    real, trial = runtime.current(), Trial()
    service, _, queue = letter["consumer"].partition("/")
    if service != real.service:
        return cannot_tell(f"{letter['consumer']} is no consumer of {real.service}")
    attempt = _attempts(service).get(queue)
    if attempt is None:
        return cannot_tell(f"{service} has no queue {queue}")
    has_its_time = budget.left() >= SECONDS
    with runtime.active(_trying(real, overlay, trial, asking)), observe.silent(), budget.at_most(SECONDS):
        result = outcome(partial(attempt, letter["body"]))
        out_of_time = isinstance(result, Exception) and budget.left() < budget.TRY + budget.RESERVE
    if out_of_time and not has_its_time:
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
        views=_rows(real.views, overlay, trial),
        vault=ReadOnlyVault(real.vault, trial),
        bus=NotingBus(trial),
        queue=queue,
        dead_letters=GivingUp(trial),
        queues=dict.fromkeys(real.queues, queue),
        invoke=asking.for_letter(trial),
        adapters={},
        side_by_side=one_by_one,
        outcomes=None,
        trial=trial,
    )


def _rows(real: ViewStore, overlay: Overlay, trial: Trial) -> ViewStore:
    """The rows of a service with those of the trial over them, by generation where they have some."""
    if isinstance(real, Generations):
        return Generations(OverlayViews(real.store, overlay.rows, trial), real.views)
    return OverlayViews(cast(Rows, real), overlay.rows, trial)
