"""Attempts at a message: the invocations that had it, and whether a fault struck one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.simulation.history import Entry
from tests.simulation.scheduler import SECOND

OUTAGE = 25 * SECOND  # within which calls fail after a fault that began an outage of a service of AWS
EXTERNAL = ("provider ", "text ", "number ")  # begins of faults that strike what a handler calls


@dataclass(frozen=True)
class Attempt:
    """An invocation with a letter, from which entry of the history to which."""

    container: str
    begin: int
    end: int


def attempts_at(entries: Sequence[Entry], begin: int, message: str) -> Iterator[Attempt]:
    """The invocations with a message that have ended."""
    open_: dict[str, int] = {}
    for place in range(begin, len(entries)):
        _, kind, fields = entries[place]
        if kind == "invocation" and message in (fields["cause"] or ()):
            open_[fields["container"]] = place
        elif kind == "ended" and fields["container"] in open_:
            yield Attempt(fields["container"], open_.pop(fields["container"]), place)


def is_struck(entries: Sequence[Entry], attempt: Attempt, service: str) -> bool:
    """Whether a fault struck an attempt: its container, its tables, what it calls, or all calls for seconds."""
    begun = entries[attempt.begin][0]
    for at, kind, fields in reversed(entries[: attempt.end + 1]):
        if at < begun - OUTAGE:
            return False
        if kind == "refused" and at >= begun and fields["where"].startswith(f"{attempt.container} "):
            return True  # by what is away for minutes or hours
        if kind != "fault":
            continue
        if fields["name"] == "outage":
            return True
        if at >= begun and (
            f"{fields['where']} ".startswith((f"{attempt.container} ", f"{service}/"))
            or fields["name"].startswith(EXTERNAL)
        ):
            return True
    return False
