"""What was done with one-time codes for a customer's numbers, for an access request: read in bounded pieces.

A customer may have had any number of numbers, and a phone any number of codes. So a piece remembers how far it came in
the customer's stream and in that of the phone, and reads so many pages of streams at most.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from functions.customers import codes
from functions.customers.domain import Customer, Erased, Registered, SmsChanged
from functions.customers.phone import Phone
from functions.customers.sealing import CustomerKey
from functions.kernel.eventstore.loading import fold
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Commit

COMMITS = 100  # of one stream that are read at a time
READS = 100  # of phones' streams in one piece: 10 ms each, of the 10 s that a request has
NEVER = "9999"  # after every time
MOVES = {event.__name__ for event in (Registered, SmsChanged, Erased)}  # what gives a customer a number, or takes it

Code = tuple[str, dict[str, Any]]  # an id, and what was done


@dataclass
class Reached:
    """How far was read. commit: the version of the customer's last commit that is done with. number: the one by which
    the customer has the number as of then, 0 for none. phone: the last commit read of that number's phone."""

    commit: int = 0
    number: int = 0
    phone: int = 0


def found(
    customer_id: str, key: CustomerKey | None, after: Mapping[str, int] | None, most: int
) -> tuple[list[Code], dict[str, int] | None]:
    """Codes for each number while it was the customer's, at most so many, even none; and where the next piece begins.

    Before and after that a number may have been somebody else's, of whom nothing is told.
    """
    reading = _Reading(customer_id, key, Reached(**(after or {})), most)
    is_whole = reading.read()
    return reading.codes, None if is_whole else vars(reading.at)


class _Reading:
    def __init__(self, customer_id: str, key: CustomerKey | None, at: Reached, most: int) -> None:
        self.stream, self.customer_id, self.key = Customer.stream(customer_id), customer_id, key
        self.at, self.most, self.left = at, most, READS
        self.codes: list[Code] = []

    def read(self) -> bool:
        """Read one piece; whether it is the last."""
        store, at = runtime.current().store, self.at
        commits, further = store.page(self.stream, at.commit, COMMITS)
        had = store.read(self.stream, at.number) if at.number else None
        number = self._number_in(had) if had else None
        for run, until in _runs(commits, is_last=further is None):
            if _moves(run[0]) and run[0].version != at.number:
                at.number, at.phone, number = run[0].version, 0, self._number_in(run[0])
            if number and not self._read_phone(number, run[0].time, until):
                return False
            at.commit = run[-1].version
        return further is None

    def _read_phone(self, number: str, since: str, until: str) -> bool:
        """Read what was done between two times; whether that is all."""
        stream, further = Phone.stream(codes.phone_id(number)), True
        while further:
            if not self.left:
                return False
            self.left -= 1
            commits, last = runtime.current().store.page(stream, self.at.phone, COMMITS)
            further = last is not None
            for commit in commits:
                if commit.time >= until:
                    return True
                if commit.time >= since:
                    if len(self.codes) == self.most:
                        return False
                    self.codes += _codes_in(commit, number)
                self.at.phone = commit.version
        return True

    def _number_in(self, commit: Commit) -> str | None:
        """The number that a customer has by a commit; None where it is forgotten, or was taken."""
        then = Customer(id=self.customer_id, version=commit.version - 1)
        for event in commit.events:
            fold(then, event)
        return then.number_opened_by(self.key)


def _runs(commits: Sequence[Commit], *, is_last: bool) -> Iterator[tuple[Sequence[Commit], str]]:
    """Commits of a customer through which the number stays the same, each with the time at which that ends.

    Where more commits follow, the last one only tells when those before it end.
    """
    known = commits if is_last else commits[:-1]
    starts = [n for n, commit in enumerate(known) if n == 0 or _moves(commit)]
    for start, end in pairwise([*starts, len(known)]):
        yield known[start:end], commits[end].time if end < len(commits) else NEVER


def _moves(commit: Commit) -> bool:
    return any(event.name in MOVES for event in commit.events)


def _codes_in(commit: Commit, number: str) -> Iterator[Code]:
    for event in commit.events:
        data = {"sms_number": number, "event": event.name, "time": commit.time, "by": commit.actor}
        yield f"code {commit.id}", data
