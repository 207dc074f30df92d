"""What becomes of a letter when it is sent back, has an outcome, comes again, or is edited. README.md has the table.

All are pure, and the same when they are done twice: an outcome and a letter that comes again may be seen in any order,
more than once, and late, when the letter is in another run already.
"""

from dataclasses import replace

from functions.kernel.messaging import outcomes
from functions.kernel.projections.generation import is_of_one_generation
from functions.kernel.runtime import clock
from functions.operations import runs
from functions.operations.letters import DISCARDED, DONE, OPEN, REDRIVING, Letter

SENT_BACK, NOT_SENT, FAILED, FAILING, EDITED = "redriven", "not sent", "failed", "failing", "edited"


def is_claimed(letter: Letter, run: str) -> bool:
    """Whether a letter is on its way for this redrive: claimed and maybe sent, and not back yet."""
    return letter.state == REDRIVING and letter.run == run


def why_not(letter: Letter, run: str, cap: int) -> str:
    """Why a letter is not sent by a redrive, as runs.py marks it; empty where it is.

    A letter is in one run at a time, and each run sends it once: where it is back, that says what became of it.
    """
    if is_claimed(letter, run):
        return ""
    if letter.run == run:
        return runs.HANDLED if letter.state == DONE else runs.DEAD
    if letter.state == REDRIVING:
        return runs.IN_ANOTHER_RUN
    if letter.state != OPEN:
        return runs.NOT_OPEN
    return runs.CAPPED if letter.redrives >= cap else ""


def claimed(letter: Letter, run: str, actor: str, cap: int) -> Letter:
    """The letter on its way for a redrive, unless it is not to be sent. run: the id of the run, `/`, and its place."""
    if is_claimed(letter, run) or why_not(letter, run, cap):
        return letter
    detail = run.rpartition("/")[0]
    return letter.after(SENT_BACK, actor, detail, state=REDRIVING, run=run, redrives=letter.redrives + 1)


def released(letter: Letter, run: str, why: str) -> Letter:
    """The letter open as before, if this redrive has it: no consumer takes it any more. why: in words.

    It is no failure, so it has been open since it was opened, and another redrive may send it to another consumer. It
    may have been sent before, so it counts for the cap, and an outcome that its consumer still reports is taken.
    """
    return letter.after(NOT_SENT, detail=why, state=OPEN, run="") if is_claimed(letter, run) else letter


def with_outcome(letter: Letter, run: str, outcome: str, why: str) -> Letter:
    """The letter after its consumer said what became of it: `done`, `failing` or `dead`. why: error and reason.

    That it was handled is so whichever redrive says it; that it failed counts for the latest redrive alone. One that
    was discarded on its way stays so, and its history says that it was handled all the same.
    """
    if outcome == outcomes.DONE:
        by = run.rpartition("/")[0]
        is_noted = any((one.what, one.detail) == (DONE, by) for one in letter.history)
        if letter.state == DONE or (letter.state == DISCARDED and is_noted):
            return letter
        return letter.after(DONE, detail=by, state=letter.state if letter.state == DISCARDED else DONE)
    if not is_claimed(letter, run):
        return letter
    if outcome == outcomes.DEAD:
        return _dead(letter, FAILED, why)
    if letter.history and (letter.history[-1].what, letter.history[-1].detail) == (FAILING, why):
        return letter
    return letter.after(FAILING, detail=why)


def refused(letter: Letter, run: str, why: str) -> Letter:
    """The letter after its queue, or its relay, refused it: dead, but not sent back, so that it counts for no cap."""
    if not is_claimed(letter, run):
        return letter
    return replace(_dead(letter, NOT_SENT, why), redrives=letter.redrives - 1)


def opens_again(letter: Letter, failed: Letter) -> bool:
    """Whether a letter is open after its message was given up once more. failed: as it came, with the run it carries.

    What was given up before a letter was done is another copy of what has been handled. What was given up later opens
    it again; what an operator put aside stays there. While it is on its way, only what was sent on that way counts.
    """
    if letter.state == REDRIVING:
        return failed.run == letter.run
    if letter.sent_as and letter.state == DONE:
        return lacks_its_edit(letter, failed)
    if letter.state == DONE:
        return failed.run != letter.run and failed.failed_at > _last(letter, DONE)
    return letter.state == OPEN


def lacks_its_edit(letter: Letter, failed: Letter) -> bool:
    """Whether a message failed in what a rebuild builds after another was sent in its place, edited.

    History holds the original alone, so the edited one is not in what is built. Elsewhere it was handled.
    """
    is_replaced = letter.state == DONE and bool(letter.sent_as)
    is_newer = failed.failed_at > _last(letter, EDITED)
    return is_replaced and is_newer and is_of_one_generation(failed.reason)


def _dead(letter: Letter, what: str, why: str) -> Letter:
    """The letter open by a failure like any other: a group that was resolved before comes back."""
    now = clock.stamp()
    return letter.after(what, detail=why, state=OPEN, open_since=now, failed_at=max(letter.failed_at, now))


def _last(letter: Letter, what: str) -> str:
    return max((one.time for one in letter.history if one.what == what), default="")
