"""A poison message delays others by a bounded time: once the faults are over, each is handled soon after it is due."""

from collections.abc import Iterator

from tests.simulation.check.parsed_history import SECOND, Reading
from tests.simulation.check.violation import Violation

BOUNDED = "a message delays others by a bounded time"

# In a standard queue nobody waits for a message that fails: at most for the end of one visibility (120 s). A FIFO queue
# lets all wait for it until it lies with the dead letters: eight tries with back-off, one or two of them that long.
BOUND = 120 * SECOND
FIFO_BOUND = 600 * SECOND
FIFO = "/dispatcher"


def violations(reading: Reading) -> Iterator[Violation]:
    """Messages that had to wait, though nothing was wrong with them."""
    if not reading.is_still:
        return
    dead = {(letter.queue, letter.body) for letter in reading.dead}
    for copy in reading.copies.values():
        if (copy.queue, copy.body) in dead or copy.failed or copy.message is None or copy.due < reading.quiet_from:
            continue
        bound = FIFO_BOUND if copy.queue.endswith(FIFO) else BOUND
        until = reading.end if copy.deleted is None else copy.deleted
        if until - copy.due > bound:
            text = f"{copy.message.name} waited {(until - copy.due) // SECOND} s at {copy.queue}, and nothing was wrong"
            yield Violation(BOUNDED, text, {"message": copy.message.id, "queue": copy.queue})
