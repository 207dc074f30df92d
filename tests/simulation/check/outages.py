"""Long days: after outages of minutes and hours, everything comes to its end without an operator."""

from collections.abc import Iterator

from tests.simulation.check.delivery import FIFO, is_hopeless
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import DeadLetter
from tests.simulation.check.violation import Violation

NO_HAND = "after outages of up to two hours nothing needs an operator"


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Dead letters and parked sagas of a schedule with outages."""
    if not history.outages:
        return
    for letter in history.dead_letters:
        if not _is_expected(letter):
            name = letter.message.name if letter.message else "an unreadable message"
            text = f"{name} was given up at {letter.queue}: {letter.reason.get('reason')}"
            yield Violation(NO_HAND, text, {"message": letter.message.id if letter.message else None})
    for commit in history.commits:
        if commit.kind == "CreateOrderSaga" and "Parked" in commit.event_names():
            yield Violation(NO_HAND, f"{commit.where} is parked", {"stream": commit.stream})


def _is_expected(letter: DeadLetter) -> bool:
    """Whether no attempt can succeed, or the message is a hint to the dispatcher, which a schedule makes good."""
    if letter.queue.endswith(FIFO):
        return True
    return is_hopeless(letter) and letter.reason.get("error") in ("UndeliverableError", "RefusedByBus")
