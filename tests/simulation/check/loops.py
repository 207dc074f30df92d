"""Loops: no function is invoked again and again by messages that it sends itself, for Lambda stops such a chain."""

from collections.abc import Iterator

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.violation import Violation

NO_LOOP = "no chain of messages is stopped as a recursive loop"


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """The first invocation that was stopped, of each function."""
    seen = set()
    for _, kind, fields in history.entries:
        if kind == "loop" and fields["function"] not in seen:
            seen.add(fields["function"])
            copy = history.copies.get(fields["cause"][0]) if fields["cause"] else None
            name = copy.message.name if copy and copy.message else "a message"
            text = f"{fields['function']} was stopped at {name}, after a chain of messages of its own"
            yield Violation(NO_LOOP, text, {"messages": fields["cause"]})
