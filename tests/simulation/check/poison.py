"""Poison messages delay others by a bounded time: after the faults, each message is handled within it."""

from collections.abc import Iterator

from tests.simulation.check.delivery import ATTEMPTS, FIFO
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.violation import Violation

BOUNDED = "a poison message delays others by a bounded time"
IN_TURN = "a FIFO queue, where others wait for a message that fails, holds it for eight attempts"

# In a standard queue a message waits for one visibility timeout at most (120 s). A FIFO queue holds back all messages
# behind one that fails until that is dead-lettered: eight attempts with back-off, one or two of them that long.
BOUND = 120 * SECOND
FIFO_BOUND = 600 * SECOND
FIFO_FAILURES = ATTEMPTS + 1  # dead-lettering may fail, too


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Messages that failed too often where others wait, and that waited longer without a failure of their own."""
    for copy in history.copies.values():
        if copy.queue.endswith(FIFO) and copy.failed > FIFO_FAILURES:
            name = copy.message.name if copy.message else "a message"
            yield Violation(IN_TURN, f"{name} failed {copy.failed} times at {copy.queue}", {"message": copy.id})
    if not history.is_quiescent:
        return
    dead = {(letter.queue, letter.body) for letter in history.dead_letters}
    for copy in history.copies.values():
        if (copy.queue, copy.body) in dead or copy.failed or copy.message is None or copy.due < history.faults_ended_at:
            continue
        bound = FIFO_BOUND if copy.queue.endswith(FIFO) else BOUND
        until = history.end if copy.deleted is None else copy.deleted
        due = history.resumed(copy.queue, copy.due)
        if until - due > bound:
            seconds = (until - due) // SECOND
            text = f"{copy.message.name} waited {seconds} s at {copy.queue} without a failure of its own"
            yield Violation(BOUNDED, text, {"message": copy.message.id, "queue": copy.queue})
