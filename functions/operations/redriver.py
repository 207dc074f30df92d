"""The redriver: advances every redrive there is, and takes what consumers say became of letters.

A rule runs it each minute, and the API when an operator starts or resumes a run. It goes on while there is work, and
ends by itself. A run is advanced by one at a time, who has its lease; should two be at work all the same, a letter is
sent twice under one place of its run, and handled once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.messaging.outcomes import DEAD
from functions.kernel.messaging.scheduled import Scheduled
from functions.kernel.runtime import budget, clock, ids, runtime
from functions.kernel.runtime.uses import Uses
from functions.operations import cloud, intake, letters, rows, run_rows, runs, sending, transitions, turns
from functions.operations.letters import Letter
from functions.operations.rows import Filter
from functions.operations.run_rows import PAGE
from functions.operations.runs import FAILING, GATHERING, PENDING, REDRIVE, RUNNING, SENT, Run
from functions.operations.sending import LaterError
from functions.operations.views import OF_GROUP, OF_ORDER, OF_STATE
from functions.operations.worker import Worker

WORKS_FOR = 45  # seconds after which it begins nothing more,
WORK_ENDS = 50  # after which no call for a run is at work,
ENDS_WITHIN = 55  # and after which none is at all
LEASE = 75  # seconds: longer than a function lives
TICK = 1.0  # seconds between two looks at the runs
QUIET = 15  # seconds without any progress after which the rest is left for the next minute
LOOKED_AT = 100  # letters read at once to find those that may be sent
LOOKS = 10  # of that many, in one tick
BATCHES = 20  # of ten outcomes, in one tick
BACK = {runs.DEAD, runs.HANDLED}  # marks of a letter that was sent by its run
KEPT_BY_QUEUES = timedelta(days=14)
NO_OUTCOME = "no outcome came within 14 days, for which its queue keeps it"

redriver = Scheduled(
    "operations",
    "redriver",
    uses=Uses(
        rows=("get", "get_many", "query", "put", "delete"),
        indexes=(OF_STATE, OF_GROUP, OF_ORDER),
        ports=(cloud.inboxes, cloud.outcomes, cloud.relays),
    ),
)


@redriver.work
def redrive(event: Mapping[str, Any]) -> dict[str, Any]:
    """Advance all runs. Raises the first error that it met, once all else is done."""
    worker = Worker(ids.new(), clock.now() + timedelta(seconds=WORKS_FOR))
    with budget.at_most(ENDS_WITHIN):
        with budget.at_most(WORK_ENDS):
            ticks = _work(worker)
        for run_id in sorted(worker.leased):  # a set has another order in each process
            worker.attempt(partial(_release, run_id, worker), f"run {run_id}")
    if worker.errors:
        raise worker.errors[0]
    return {"ticks": ticks}


def _work(worker: Worker) -> int:
    """Look at outcomes and runs each second while there is work, and time; returns how often."""
    progress, ticks = clock.now(), 0
    while ticks < WORKS_FOR / TICK and worker.has_time():
        moved = worker.attempt(lambda: _take_outcomes(worker), "taking outcomes")
        worker.running = list(run_rows.at_work(REDRIVE))
        for run in worker.running:
            if run.version_of_row > worker.idle.get(run.id, -1) and not runs.rests(run) and worker.has_time():
                moved |= worker.attempt(partial(_advance, run.id, worker), f"run {run.id}")
        ticks += 1
        progress = clock.now() if moved else progress
        if not moved and (not worker.leased or clock.now() - progress >= timedelta(seconds=QUIET)):
            break
        clock.wait(TICK)
    return ticks


def _take_outcomes(worker: Worker) -> bool:
    taken = 0
    for _ in range(BATCHES):
        batch = intake.take() if worker.has_time() else 0
        taken += batch
        if not batch:
            break
    return taken > 0


def _advance(run_id: str, worker: Worker) -> bool:
    """Do what is due of a run now; whether that was anything."""
    run = _lease(run_id, worker)
    if run is None:
        return False
    if run.state == GATHERING:
        return _gather(run)
    states = run_rows.states_of(run)
    told = _look_up(run, states) if run.id not in worker.looked else {}
    worker.looked.add(run.id)
    if not run.is_settled:
        told |= _settle(run, states, worker)
    states = _marked(run, states, told)
    after, why = run, runs.why_to_stop(run, states)
    if why and run.state == RUNNING:
        after = run_rows.change(run.id, lambda one: runs.stopped(one, why))
    elif run.state == RUNNING:
        sent = _send_next(run, states, worker)
        states, told = runs.marked(states, sent), told | sent
    if runs.ended(after, states, "now") != after or _is_idle(after, states):
        _release(run.id, worker, states)
    return bool(told) or after != run


def _is_idle(run: Run, states: str) -> bool:
    """Whether nothing is due of it within this minute: what is failing may fail for hours."""
    return run.is_settled and (run.state != RUNNING or not set(states) & {PENDING, SENT})


def _lease(run_id: str, worker: Worker) -> Run | None:
    """A run as it is now, if no other worker advances it."""
    now = clock.now()

    def decide(run: Run) -> Run:
        others = run.lease_by not in ("", worker.id) and run.lease_until > clock.stamp(now)
        if others or run.ended or run.lease_by == worker.id:
            return run
        return replace(run, lease_by=worker.id, lease_until=clock.stamp(now + timedelta(seconds=LEASE)))

    run = run_rows.change(run_id, decide)
    if run.lease_by != worker.id or run.ended:
        return None
    worker.leased.add(run_id)
    return run


def _release(run_id: str, worker: Worker, states: str | None = None) -> bool:
    """Leave a run to others, and note its counts, and its end. states: what has become of its letters, if known."""

    def decide(run: Run) -> Run:
        known = run_rows.states_of(run) if states is None else states
        free = replace(run, lease_by="", counts=runs.counts(known)) if run.lease_by == worker.id else run
        return runs.ended(free, known, clock.stamp())

    worker.idle[run_id] = run_rows.change(run_id, decide).version_of_row
    worker.leased.discard(run_id)
    return True


def _gather(run: Run) -> bool:
    """Add a page of a filter's letters to the set: those that there were when it was asked for, the oldest first.

    Its first write is of the run, so that each try has a version of its own, and its page replaces that of the try
    before, which may have found other letters.
    """
    run = run_rows.put(run)
    begun = run.total // PAGE * PAGE
    found = list(run_rows.letters_of(run, range(begun, run.total)).values())
    most, after = min(PAGE, runs.MOST - begun), run.after
    for _ in range(LOOKS):
        wanted = most - len(found)
        page = rows.letters(Filter(**run.filter), wanted, after, bodies=False, oldest_first=True)
        found += [letter.id for letter in page.letters]
        after = page.after
        if after is None or len(found) >= most:
            break
    run_rows.add_letters(run, begun, found)
    total = begun + len(found)
    is_all = after is None or total >= runs.MOST

    def decide(one: Run) -> Run:
        is_next = one.lease_by == run.lease_by and (one.total, one.after) == (run.total, run.after)
        return runs.gathered(one, total, None if is_all else after) if is_next else one

    run_rows.change(run.id, decide)
    return True


def _look_up(run: Run, states: str) -> dict[int, str]:
    """What is known of letters that have no outcome yet, or are failing: a report that they are dead may be lost."""
    positions = [position for position, state in enumerate(states) if state in (SENT, FAILING)]
    told: dict[int, str] = {}
    for position, letter in _letters(run, positions):
        place = runs.place(run.id, position)
        letter = _overdue(letter, place) if letter else None
        if letter is None or not transitions.is_claimed(letter, place):
            is_done = letter is not None and letter.run == place and letter.state == letters.DONE
            told[position] = runs.HANDLED if is_done else runs.DEAD
    return told


def _overdue(letter: Letter, place: str) -> Letter:
    """The letter, open again where it was sent so long ago that its queue keeps it no more."""
    sent_at = max((one.time for one in letter.history if one.what == transitions.SENT_BACK), default="")
    if not transitions.is_claimed(letter, place) or sent_at >= clock.stamp(clock.now() - KEPT_BY_QUEUES):
        return letter
    return rows.change(letter.id, lambda one: transitions.with_outcome(one, place, DEAD, NO_OUTCOME))


def _settle(run: Run, states: str, worker: Worker) -> dict[int, str]:
    """Send what is claimed and may not have been sent: a run that does not go on leaves no letter on its way for ever.

    Such letters, and those that are back but were not marked, are among the first that are pending, for each time the
    first are taken.
    """
    pending = [position for position, state in enumerate(states) if state == PENDING][:LOOKED_AT]
    found = _letters(run, pending)
    claimed = [
        (position, letter.id)
        for position, letter in found
        if letter and transitions.is_claimed(letter, runs.place(run.id, position))
    ]
    marks = {position: sending.mark_of(run, position, letter) for position, letter in found}
    back = {position: mark for position, mark in marks.items() if mark in BACK}
    sent = _send(run, claimed, worker)
    if len(sent) == len(claimed):
        run_rows.change(run.id, lambda one: replace(one, is_settled=True) if one.state == run.state else one)
    return back | sent


def _send_next(run: Run, states: str, worker: Worker) -> dict[int, str]:
    """Send the next letters, as many as ramp and rate allow; those before them that are not to be sent are skipped."""
    most = min(runs.may_send(run, states), worker.allowance(run), LOOKED_AT)
    if most <= 0:
        return {}
    skipped, chosen = _choose(run, states, most, turns.taken(run, worker.running))
    run_rows.mark(run, skipped)  # before others are claimed: what is claimed is among the first that are pending
    if set(skipped.values()) & BACK:
        return skipped  # sent before a crash, and back: it counts for the ramp, which is judged again first
    sent = _send(run, chosen, worker)
    worker.spend(run, len(chosen))
    run_rows.mark(run, sent)
    return skipped | sent


def _choose(run: Run, states: str, most: int, taken: Collection[str]) -> tuple[dict[int, str], list[tuple[int, str]]]:
    """The letters to skip, with why, and those to send next: none from the first on that is for a consumer taken."""
    pending = [position for position, state in enumerate(states) if state == PENDING]
    skipped: dict[int, str] = {}
    chosen: list[tuple[int, str]] = []
    for begin in range(0, min(len(pending), LOOKS * LOOKED_AT), LOOKED_AT):
        for position, letter in _letters(run, pending[begin : begin + LOOKED_AT]):
            if len(chosen) == most:
                return skipped, chosen
            mark = sending.mark_of(run, position, letter)
            if mark or letter is None:
                skipped[position] = mark
            elif turns.receiver(run, letter) in taken:
                return skipped, chosen
            else:
                chosen.append((position, letter.id))
    return skipped, chosen


def _send(run: Run, chosen: Sequence[tuple[int, str]], worker: Worker) -> dict[int, str]:
    """Send letters side by side; what became of each. One that could not be sent now stays pending."""
    outcomes = runtime.current().side_by_side([partial(sending.send, run, *one) for one in chosen])
    sent: dict[int, str] = {}
    for (position, letter_id), outcome in zip(chosen, outcomes, strict=True):
        if not isinstance(outcome, Exception):
            sent[position] = outcome
        elif not isinstance(outcome, ConcurrencyError | LaterError):
            worker.failed(outcome, f"sending letter {letter_id}")
    return sent


def _letters(run: Run, positions: Sequence[int]) -> list[tuple[int, Letter | None]]:
    """Letters of a run without their bodies, by their positions."""
    found = run_rows.letters_of(run, positions)
    heads = rows.heads(found.values())
    return [(position, heads.get(found.get(position, ""))) for position in positions]


def _marked(run: Run, states: str, marks: Mapping[int, str]) -> str:
    run_rows.mark(run, marks)
    return runs.marked(states, marks)
