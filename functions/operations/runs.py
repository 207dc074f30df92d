"""A redrive: which letters it sends back, how many now, and when it stops by itself. Pure.

What has become of each letter of a run is one character of a text, in the order of the set. The ramp, the share of
failures, the counts and the end of a run follow from that text alone, so there is no second account of them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

from functions.kernel.domain.errors import InvalidError, RefusedError
from functions.kernel.messaging import outcomes

REDRIVE = "redrive"

GATHERING = "gathering"
RUNNING = "running"
PAUSED = "paused"
STOPPED = "stopped"
CANCELLED = "cancelled"
DONE = "done"
STATES = (GATHERING, RUNNING, PAUSED, STOPPED, CANCELLED, DONE)

RAMP = (1, 2, 5, 20, 50)  # letters of each step; after them the rate
STOP_AT = 0.2  # the share of failures at which a run stops
LEAST_FAILURES = 2  # one letter that fails is no sign that the others will
JUDGED = 100  # of those sent last, so that what begins to fail late is seen as soon as what fails at once
RATE, HIGHEST_RATE = 10.0, 100.0  # letters a second
CAP, HIGHEST_CAP = 3, 20  # how often one letter is sent back
MOST = 100_000  # letters of a run
WAITING_SECONDS = 30  # how much may be on its way without an outcome, in seconds of the rate

# What has become of a letter of the set. It only ever goes to a later one; what was not sent has no outcome.
PENDING = "."
IN_ANOTHER_RUN, CAPPED, NOT_OPEN, MISFIT, GONE = "r", "c", "n", "m", "g"
SKIPPED = {
    IN_ANOTHER_RUN: "in another run",
    CAPPED: "sent back too often",
    NOT_OPEN: "not open any more",
    MISFIT: "not for that consumer",
    GONE: "not there any more",
}
SENT, FAILING, DEAD, HANDLED = "s", "f", "x", "+"
ORDER = PENDING + "".join(SKIPPED) + SENT + FAILING + DEAD + HANDLED
IN_WORDS = {
    PENDING: "pending",
    **{code: f"skipped: {why}" for code, why in SKIPPED.items()},
    SENT: "sent",
    FAILING: "failing",
    DEAD: "dead",
    HANDLED: "done",
}
OF_OUTCOME = {outcomes.DONE: HANDLED, outcomes.FAILING: FAILING, outcomes.DEAD: DEAD}
FAILED = FAILING + DEAD
UNDECIDED = PENDING + SENT + FAILING


@dataclass(frozen=True)
class Run:
    """A redrive of a set of letters.

    asked: the set as the operator asked for it. by: who. created, ended: RFC 3339. why: why it is not running. total:
    how many letters it has. filter, after: while it is gathered, what the set is and where the next page begins.
    rate: letters a second. stop_at: the share of failures. cap: how often a letter may be sent back. to: the consumer
    that takes the letters in the place of theirs, which is not there any more. ramp_from: the place in the set at which
    the ramp began (again). ramp_also: the places before it that were pending then, as their queue did not take them:
    of letters that are sent side by side, some may fail. digest: of the request, to tell another one under its key.
    lease_by, lease_until: who advances it, and until when no other does. is_settled: whether no letter is claimed and
    maybe not sent, once it does not run any more. counts: as they were when it was written last. life: what its pages
    are called by.
    """

    id: str
    asked: dict[str, Any]
    by: str
    created: str
    kind: str = REDRIVE
    state: str = RUNNING
    why: str = ""
    ended: str = ""
    total: int = 0
    filter: dict[str, str] = field(default_factory=dict)
    after: dict[str, Any] | None = None
    rate: float = RATE
    stop_at: float = STOP_AT
    cap: int = CAP
    to: str = ""
    ramp_from: int = 0
    ramp_also: tuple[int, ...] = ()
    digest: str = ""
    lease_by: str = ""
    lease_until: str = ""
    is_settled: bool = True
    counts: dict[str, int] = field(default_factory=dict)
    life: str = ""
    version_of_row: int = 0

    @property
    def is_at_work(self) -> bool:
        """Whether there is something left to do, or to be told, of it."""
        return not self.ended


def check(rate: float, stop_at: float, cap: int) -> None:
    """Raises InvalidError for a rate, a share or a cap that makes no sense."""
    if not 0 < rate <= HIGHEST_RATE:
        raise InvalidError(f"rate: it is above 0 and at most {HIGHEST_RATE:g} letters a second")
    if not 0 < stop_at <= 1:
        raise InvalidError("stopAt: the share of failures is above 0 and at most 100 percent")
    if not 1 <= cap <= HIGHEST_CAP:
        raise InvalidError(f"cap: a letter may be sent back 1 to {HIGHEST_CAP} times")


def place(run_id: str, position: int) -> str:
    """How a letter and its message name their place in a run."""
    return f"{run_id}/{position}"


def of_place(text: str) -> tuple[str, int]:
    """The run and the position that such a text names. Raises ValueError."""
    run_id, _, position = text.rpartition("/")
    if not run_id:
        raise ValueError(f"{text!r} names no place in a run")
    return run_id, int(position)


def marked(states: str, marks: Mapping[int, str]) -> str:
    """The text with what became of letters, by their positions: of each what is later, whichever is told first."""
    after = list(states)
    for position, mark in marks.items():
        if position < len(after):
            after[position] = max(after[position], mark, key=ORDER.index)
    return "".join(after)


def counts(states: str) -> dict[str, int]:
    """How many letters are pending, sent, done, failing, dead and skipped; each is one of these, so they add up."""
    found = Counter(states)
    return {
        "total": len(states),
        "pending": found[PENDING],
        "sent": found[SENT],
        "done": found[HANDLED],
        "failing": found[FAILING],
        "dead": found[DEAD],
        "skipped": sum(found[code] for code in SKIPPED),
    }


def may_send(run: Run, states: str) -> int:
    """How many more letters may be sent before another outcome is known.

    A step of the ramp begins when all letters that were sent have an outcome or are failing; letters that were skipped
    count for none. After the ramp no outcome is waited for, unless too many are missing.
    """
    if run.state != RUNNING:
        return 0
    sent = _sent(run, states)
    waiting, pending = sent.count(SENT), states.count(PENDING)
    end = 0
    for size in RAMP:
        end += size
        if len(sent) < end:
            at_a_boundary = len(sent) == end - size
            return 0 if waiting and at_a_boundary else min(pending, end - len(sent))
    if len(sent) == end and waiting:
        return 0
    return max(0, min(pending, _most_waiting(run) - waiting))


def why_to_stop(run: Run, states: str) -> str:
    """Why a run must stop now, in words; empty where it may go on. Judged are the outcomes of the letters sent last."""
    known = [state for state in _sent(run, states) if state != SENT][-JUDGED:]
    failures = sum(state in FAILED for state in known)
    if failures < LEAST_FAILURES or failures / len(known) < run.stop_at:
        return ""
    return f"{failures} of the last {len(known)} letters failed"


def is_over(run: Run, states: str) -> bool:
    """Whether nothing is left to send, and every letter that was sent is done or dead."""
    undecided = UNDECIDED if run.state == RUNNING else SENT + FAILING
    return run.state in (RUNNING, CANCELLED) and not any(state in undecided for state in states)


def rests(run: Run) -> bool:
    """Whether nothing is due of a run until an operator resumes or cancels it."""
    waits = run.counts.get("sent", 1) + run.counts.get("failing", 0)
    return run.state in (PAUSED, STOPPED) and run.is_settled and not run.lease_by and not waits


def step(run: Run, states: str) -> str:
    """How far the ramp is, for people."""
    sent, end = len(_sent(run, states)), 0
    for number, size in enumerate(RAMP, 1):
        end += size
        if sent < end:
            return f"step {number} of {len(RAMP)}: {size} letters"
    return f"{run.rate:g} letters a second"


def seconds_left(run: Run, states: str) -> int | None:
    """About how long the sending takes from now on, at the rate; None where it does not go on by itself."""
    return ceil(states.count(PENDING) / run.rate) if run.state == RUNNING else None


def paused(run: Run, by: str) -> Run:
    """Sends nothing more until it is resumed. Raises RefusedError."""
    return run if run.state == PAUSED else _halted(run, PAUSED, f"by {by}", RUNNING, GATHERING)


def stopped(run: Run, why: str) -> Run:
    """Stopped by itself. It may be resumed."""
    return _halted(run, STOPPED, why, RUNNING) if run.state == RUNNING else run


def cancelled(run: Run, by: str) -> Run:
    """Sends nothing more, ever. What is on its way still has its outcome. Raises RefusedError."""
    return run if run.state == CANCELLED else _halted(run, CANCELLED, f"by {by}", RUNNING, GATHERING, PAUSED, STOPPED)


def resumed(run: Run, states: str) -> Run:
    """Goes on; where it stopped by itself, the ramp begins again, and earlier failures count no more.

    Raises RefusedError.
    """
    if run.state in (RUNNING, GATHERING):
        return run
    _must_be(run, "resumed", PAUSED, STOPPED)
    state = GATHERING if run.filter else RUNNING
    if run.state == PAUSED:
        return replace(run, state=state, why="")
    begun = states.rstrip(PENDING)
    also = tuple(position for position, mark in enumerate(begun) if mark == PENDING)
    return replace(run, state=state, why="", ramp_from=len(begun), ramp_also=also)


def gathered(run: Run, total: int, after: dict[str, Any] | None) -> Run:
    """With so many letters in its set by now. after: where the next page begins; None when the set is whole."""
    if after is not None:
        return replace(run, total=total, after=after)
    why = f"it has the first {MOST:,} letters of more" if total >= MOST else run.why
    state = RUNNING if run.state == GATHERING else run.state
    return replace(run, total=total, after=None, filter={}, state=state, why=why)


def ended(run: Run, states: str, now: str) -> Run:
    """The run with its end, if it is over."""
    if run.ended or not is_over(run, states) or not run.is_settled:
        return run
    return replace(run, state=DONE if run.state == RUNNING else run.state, ended=now)


def _halted(run: Run, state: str, why: str, *before: str) -> Run:
    _must_be(run, state, *before)
    return replace(run, state=state, why=why, is_settled=False)


def _must_be(run: Run, what: str, *states: str) -> None:
    if run.state not in states:
        raise RefusedError(f"a run that is {run.state} cannot be {what}", state=run.state)


def _sent(run: Run, states: str) -> str:
    """What has become of the letters that were sent since the ramp began, in the order of the set."""
    since = "".join(states[position] for position in run.ramp_also) + states[run.ramp_from :]
    return "".join(state for state in since if state in SENT + FAILED + HANDLED)


def _most_waiting(run: Run) -> int:
    return max(RAMP[-1], ceil(run.rate * WAITING_SECONDS))
