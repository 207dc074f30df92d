"""Errors of the language: no fault excuses them, for no call that fails raises one."""

import re
from collections.abc import Iterator

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.violation import Violation

NO_ERROR = "nothing fails by an error of the language"

ERRORS = frozenset(
    {
        "AssertionError",
        "AttributeError",
        "IndexError",
        "KeyError",
        "NameError",
        "TypeError",
        "UnboundLocalError",
        "ZeroDivisionError",
    }
)
NAMED = re.compile(rf"\b({'|'.join(sorted(ERRORS))})\b")
LOG, FORECAST = "the log of ", "/forecast"


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Functions that end with one, letters, logged errors and forecasts that name one."""
    for who, error in _found(history):
        yield Violation(NO_ERROR, f"{who} failed by {error}", {"error": error})


def _found(history: ParsedHistory) -> Iterator[tuple[str, str]]:
    for _, kind, fields in history.entries:
        if kind == "ended" and fields.get("error") in ERRORS:
            yield fields["container"], fields["error"]
        elif kind == "told" and fields["function"].endswith(FORECAST) and (named := NAMED.search(fields["answer"])):
            yield fields["function"], named[0]
    for letter in history.dead_letters:
        if letter.reason.get("error") in ERRORS:
            yield letter.queue, letter.reason["error"]
    for where, line in history.final.get("held", ()):
        # What led to an error may be one of the language that was expected: only the first reason counts.
        if where.startswith(LOG) and len(line) > 2 and str(line[1]).partition(":")[0] in ERRORS:
            yield where.removeprefix(LOG), str(line[1])
