"""From the queue of outcomes to letters and runs: what became of each letter that was sent back.

A message is deleted only when the letter and the run have it; what is done twice changes nothing the second time.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from functions.kernel.messaging import outcomes, undone
from functions.kernel.runtime import runtime
from functions.operations import cloud, pauses, rows, run_rows, runs, transitions
from functions.operations.cloud import Held
from functions.operations.letters import Letter


@dataclass(frozen=True)
class Outcome:
    """What a consumer said. place: the run, `/`, and the letter's place in it. why: error and reason, of a failure."""

    letter: str
    place: str
    outcome: str
    why: str
    held: Held


def take() -> int:
    """Take up to ten outcomes; returns how many were done with. One that cannot be read stays, and is a dead letter."""
    received = cloud.outcomes().receive()
    requests = [held for held in received if pauses.is_request(held.body)]
    read = [one for held in received if held not in requests and (one := _read(held))]
    stored = _on_letters(read)
    done = [one.held for of_run in _by_run(stored) for one in _on_run(of_run)]
    done += [held for held in requests if _paused(held)]
    done = _reported(done)
    if done:
        cloud.outcomes().delete(done)
    return len(done)


def _reported(done: Sequence[Held]) -> list[Held]:
    """Those that may go: of one that was a letter itself, and was sent back, its letter and run are told before."""
    sent_back = [held for held in done if held.attributes.get(outcomes.LETTER) and held.attributes.get(outcomes.RUN)]
    own = [
        Outcome(held.attributes[outcomes.LETTER], held.attributes[outcomes.RUN], outcomes.DONE, "", held)
        for held in sent_back
    ]
    told = [one.held for of_run in _by_run(_on_letters(own)) for one in _on_run(of_run)]
    return [held for held in done if held not in sent_back or held in told]


def _paused(held: Held) -> bool:
    """Pause a consumer that asks for it; whether the request is done with."""
    try:
        pauses.take_request(held.body)
    except Exception as error:
        undone.note("Pause", "a request for a pause was not taken", error, again=held.was_left, message_id=held.id)
        return False
    return True


def _read(held: Held) -> Outcome | None:
    try:
        said = json.loads(held.body)
        runs.of_place(said[outcomes.RUN])
        runs.OF_OUTCOME[said["outcome"]]
        why = ": ".join(text for text in (said["error"], said["reason"]) if text)
        return Outcome(said[outcomes.LETTER], said[outcomes.RUN], said["outcome"], why, held)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        undone.note("Outcome", "an outcome cannot be read", error, again=held.was_left, message_id=held.id)
        return None


def _on_letters(read: Sequence[Outcome]) -> list[Outcome]:
    """Change the letters that outcomes are about, one outcome of a letter after the other; returns what went well."""
    of_letter: dict[str, list[Outcome]] = {}
    for outcome in read:
        of_letter.setdefault(outcome.letter, []).append(outcome)
    heads = rows.heads(of_letter)
    jobs = [partial(_on_letter, heads.get(id), of_one) for id, of_one in of_letter.items()]
    stored: list[Outcome] = []
    for of_one, failure in zip(of_letter.values(), runtime.current().side_by_side(jobs), strict=True):
        if isinstance(failure, Exception):
            text, again = "the outcome of a letter was not stored", any(one.held.was_left for one in of_one)
            undone.note("Outcome", text, failure, again=again, letter=of_one[0].letter)
        else:
            stored += of_one
    return stored


def _on_letter(head: Letter | None, of_one: Iterable[Outcome]) -> None:
    """head: the letter without its body, None for one that has expired: nothing is left to be said of it."""

    def after(letter: Letter) -> Letter:
        for outcome in of_one:
            letter = transitions.with_outcome(letter, outcome.place, outcome.outcome, outcome.why)
        return letter

    if head and (head.is_closed or after(head) != head):  # a crash may have left its body without an expiry
        rows.change(head.id, after)


def _by_run(stored: Iterable[Outcome]) -> list[list[Outcome]]:
    of_run: dict[str, list[Outcome]] = {}
    for outcome in stored:
        of_run.setdefault(runs.of_place(outcome.place)[0], []).append(outcome)
    return list(of_run.values())


def _on_run(of_run: list[Outcome]) -> list[Outcome]:
    """Mark what became of letters of one run; returns those that are done with. A run that has expired has no marks."""
    run = run_rows.find(runs.of_place(of_run[0].place)[0])
    marks: dict[int, str] = {}
    for outcome in of_run:
        position, mark = runs.of_place(outcome.place)[1], runs.OF_OUTCOME[outcome.outcome]
        marks[position] = max(marks.get(position, mark), mark, key=runs.ORDER.index)
    try:
        if run:
            run_rows.mark(run, marks)
    except Exception as error:
        text, again = "what became of letters was not noted with their run", any(one.held.was_left for one in of_run)
        undone.note("Outcome", text, error, again=again, run=of_run[0].place)
        return []
    return of_run
