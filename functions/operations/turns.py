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
        if other.state == RUNNING and _age(other) < _age(run):
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
    letters = ahead(run)[:1] if run.state == RUNNING else []
    others = taken(run, run_rows.at_work(runs.REDRIVE)) if letters else {}
    for consumer in (receiver(run, letter) for letter in letters):
        if consumer in others:
            return f"it waits for run {others[consumer]}, which sends to {consumer} before it"
    return ""


def _age(run: Run) -> tuple[str, str]:
    return run.created, run.id
