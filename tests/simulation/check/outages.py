"""Long days: after outages of minutes and hours, everything comes to its end without an operator."""

from collections.abc import Iterator

from tests.simulation.check.delivery import FIFO, is_hopeless
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import DeadLetter
from tests.simulation.check.violation import Violation

NO_HAND = "after outages of up to two hours nothing needs an operator"
SETTLED = "everything comes to its end within an hour after outages"

# After the last fault, in seconds: a message is in back-off for 900; one that waited for what it brings, for 900 more;
# an order that thereby becomes ready is unpaid for 600, the longest setting of the workload, until the next sweep but
# one, 120; the messages of its end take 300; and 240 without a change make a run quiescent. Together 3,060.
BOUND = 3_600 * SECOND


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Dead letters and parked sagas of a schedule with outages, and one that takes long to settle."""
    if not history.outages:
        return
    if history.end - history.faults_ended_at > BOUND:
        seconds = (history.end - history.faults_ended_at) // SECOND
        yield Violation(SETTLED, f"something was in progress until {seconds} s after the last fault")
    for letter in history.dead_letters:
        if not _is_expected(letter):
            name = letter.message.name if letter.message else "an unreadable message"
            text = f"{name} was given up at {letter.queue}: {letter.reason.get('reason')}"
            yield Violation(NO_HAND, text, {"message": letter.message.id if letter.message else None})
    for commit in history.commits:
        if commit.kind == "CreateOrderSaga" and "Parked" in commit.event_names():
            yield Violation(NO_HAND, f"{commit.where} is parked", {"stream": commit.stream})


def _is_expected(letter: DeadLetter) -> bool:
    """Whether no attempt can succeed, or something else makes it good: a schedule a hint to the dispatcher.

    And the next state of a robot what a rule of the broker could not send, for each says all: see robots_work.py.
    """
    if letter.queue.endswith(FIFO) or letter.is_robots:
        return True
    return is_hopeless(letter) and letter.reason.get("error") in ("UndeliverableError", "RefusedByBus")
