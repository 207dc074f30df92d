"""What became of a letter that an operator sent back to its consumer: reported to the queue of outcomes of operations.

Such a message has the attributes `letter`, which names the letter, and `run`, which names the redrive. Both stay with
it when it is received again, when the inbox gives it up, and when the queue's own redrive policy does.
"""

import json
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock, observe, runtime

LETTER, RUN = "letter", "run"
DONE, FAILING, DEAD = "done", "failing", "dead"


def identity(record: dict[str, Any]) -> dict[str, str]:
    """The attributes that say which letter a message is, and of which redrive; empty for any other message."""
    attributes = record.get("messageAttributes") or {}
    found = {name: str((attributes.get(name) or {}).get("stringValue") or "") for name in (LETTER, RUN)}
    return found if found[LETTER] else {}


def done(record: dict[str, Any]) -> None:
    """Report that a letter was handled, as a part of its handling: where that fails, its message is retried."""
    if letter := identity(record):
        _report(letter, DONE)


def failing(record: dict[str, Any], error: Exception) -> None:
    """Report that a letter failed and is tried again. A report that is lost does no harm: another outcome follows."""
    _try_to_report(record, FAILING, error)


def dead(record: dict[str, Any], error: Exception) -> None:
    """Report that a letter was given up. A report that is lost does no harm: it comes back as a dead letter."""
    _try_to_report(record, DEAD, error)


def _try_to_report(record: dict[str, Any], outcome: str, error: Exception) -> None:
    letter = identity(record)
    try:
        if letter:
            _report(letter, outcome, error=type(error).__name__, reason=observe.reason(error))
    except Exception as failure:
        observe.log_error(f"the outcome {outcome} of a letter was not reported", failure)


def _report(letter: dict[str, str], outcome: str, *, error: str = "", reason: str = "") -> None:
    """One message. Raises UnavailableError where the function does not know the queue."""
    queue = runtime.current().outcomes
    if queue is None:
        raise UnavailableError("this function does not know the queue of outcomes")
    queue.send(json.dumps({**letter, "outcome": outcome, "error": error, "reason": reason, "at": clock.stamp()}))
