"""Whose turn it is: to a consumer one redrive sends at a time, the oldest that is running, and the others wait.

So its rate and its ramp are those that the consumer has to bear, however many redrives there are. A run waits as a
whole where its next letter is for a consumer that an older one sends to soon. Only younger ones wait, so the oldest
goes on, and none waits for one that is paused, stopped, cancelled or done with sending.
"""

from collections.abc import Iterable, Mapping
from itertools import islice

from functions.operations import rows, run_rows, runs, sending
from functions.operations.letters import Letter
from functions.operations.runs import PENDING, RUNNING, Run

AHEAD = 100  # letters of a run that are looked at: what one tick of the redriver sends at most


def receiver(run: Run, letter: Letter) -> str:
    """The consumer that a run sends a letter to."""
    return run.to or letter.consumer


def taken(run: Run, others: Iterable[Run]) -> Mapping[str, str]:
    """The consumers to which older runs send now or soon, each with the id of the oldest. others: the oldest first."""
    found: dict[str, str] = {}
    for other in others:
        if _goes_before(other, run):
            for letter in ahead(other):
                found.setdefault(receiver(other, letter), other.id)
    return found


def ahead(run: Run) -> list[Letter]:
    """The letters that a run sends next, in their order, without their bodies."""
    pending = (position for position, state in enumerate(run_rows.states_of(run)) if state == PENDING)
    found = sorted(run_rows.letters_of(run, islice(pending, AHEAD)).items())
    heads = rows.heads(id for _, id in found)
    return [heads[id] for position, id in found if not sending.mark_of(run, position, heads.get(id))]


def why_it_waits(run: Run) -> str:
    """For which run another waits, in words; empty where it does not."""
    if run.state != RUNNING:
        return ""
    older = [other for other in run_rows.at_work(runs.REDRIVE) if _goes_before(other, run)]
    next_one = next(iter(ahead(run)), None) if older else None
    consumer = receiver(run, next_one) if next_one else ""
    first = taken(run, older).get(consumer)
    return f"it waits for run {first}, which sends to {consumer} before it" if first else ""


def _goes_before(other: Run, run: Run) -> bool:
    return other.state == RUNNING and (other.created, other.id) < (run.created, run.id)
