"""What becomes of a letter when it is sent back, has an outcome, comes again, or is edited. README.md has the table.

All are pure, and the same when they are done twice: an outcome and a letter that comes again may be seen in any order,
more than once, and late, when the letter is in another run already.
"""

from dataclasses import replace

from functions.kernel.messaging import outcomes
from functions.kernel.runtime import clock
from functions.operations import runs
from functions.operations.letters import CLOSED, DISCARDED, DONE, OPEN, PARKED, REDRIVING, Letter

SENT_BACK, FAILED, FAILING, CAME_AGAIN, EDITED = "redriven", "failed", "failing", "came again", "edited"


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


def with_outcome(letter: Letter, run: str, outcome: str, why: str) -> Letter:
    """The letter after its consumer said what became of it: `done`, `failing` or `dead`. why: error and reason.

    That it was handled is so whichever redrive says it; that it failed counts for the latest redrive alone.
    """
    if outcome == outcomes.DONE:
        return letter if letter.state in CLOSED else letter.after(DONE, detail=run.rpartition("/")[0], state=DONE)
    if not is_claimed(letter, run):
        return letter
    if outcome == outcomes.DEAD:
        return letter.after(FAILED, detail=why, state=OPEN, open_since=clock.stamp())
    if letter.history and (letter.history[-1].what, letter.history[-1].detail) == (FAILING, why):
        return letter
    return letter.after(FAILING, detail=why)


def came_again(letter: Letter, failed: Letter, run: str) -> Letter:
    """The letter after its message was given up once more. failed: as it is now; run: the redrive that it carries.

    What was given up before a letter was done is another copy of what has been handled. What a redrive of it, or what
    was given up later, opens it again, but for a letter that an operator put aside.
    """
    seen = replace(
        letter,
        repetitions=letter.repetitions + 1,
        reason=failed.reason,
        error=failed.error,
        tries=failed.tries,
        first_received=failed.first_received,
        failed_at=failed.failed_at,
        code=failed.code,
        queue=failed.queue,
    )
    if not _opens(letter, failed, run):
        return seen.after(CAME_AGAIN, detail=failed.reason)
    return seen.after(CAME_AGAIN, detail=failed.reason, state=OPEN, open_since=failed.failed_at)


def _opens(letter: Letter, failed: Letter, run: str) -> bool:
    if letter.state == REDRIVING:
        return run == letter.run
    if letter.state == DONE:
        done_at = max((one.time for one in letter.history if one.what == DONE), default="")
        return run != letter.run and not letter.sent_as and failed.failed_at > done_at
    return letter.state not in (PARKED, DISCARDED)
