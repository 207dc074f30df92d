"""Sums of what baskets and orders reached, by minute and by hour, and how a range of hours is summed from these.

A sum is numbers by key. Of the kind `reached`: stage → how many reached it, how many of these waited for it, for how
many milliseconds together, and the longest. Of the kind `sold`: `mall`, `store <id>` or `product <id>` → orders, items
and revenue in cents. Rows, minutes, hours and a range are added up alike.

A stored sum is made from the rows of its minute, or from the sums of its hour's minutes: never added to (rollup.py).
`summed` says up to which minute there are sums; a minute or an hour before that without one has nothing to sum.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from operator import add
from typing import Any

from functions.insights.hours import END, begin, hour, minute, next_hour
from functions.insights.rows import SHARDS, in_order, late_partition, rows_of
from functions.kernel.domain.errors import InvalidError
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import read
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Row

REACHED, SOLD = "reached", "sold"
KINDS = {REACHED: (add, add, add, max), SOLD: (add, add, add)}
MINUTE, HOUR = "minute", "hour"
SUMS, CLAIMED, SUMMED = "sums", "claimed", "summed"
VIEW = View(  # the rows of stages, and what is made of them
    "stages",
    partitions=("stages ",),
    derived=("late ", SUMS, *(f"{kind} by {length}" for kind in KINDS for length in (MINUTE, HOUR))),
)
PART = 2_000  # keys of a sum in one row: of 36 letters an id, about a third of what an item may hold
A_ROW = 10  # to read a row of a stage takes as long as to add up ten keys: 15 to 20 µs on a whole CPU
MOST = 800_000  # keys that are added up for a request, or 80,000 rows: some 5 s of the third of a CPU that an API has
AHEAD = timedelta(hours=1)  # of our clock, that a row's time may be

Sum = dict[str, list[int]]


class Adding:
    """Sums of one kind by hour, to which others are added. Raises InvalidError when that is too much for a request."""

    def __init__(self, kind: str) -> None:
        self.hours: defaultdict[str, Sum] = defaultdict(dict)
        self._kind, self._added = kind, 0

    def add(self, hour: str, more: Mapping[str, Sequence[int]], rows: int = 0) -> None:
        """Add to the sum of an hour what was stored as a sum, or in so many rows of stages."""
        self._added += rows * A_ROW + len(more)
        if self._added > MOST:
            raise InvalidError("there is too much to add up between from and to: ask for a shorter range")
        add_up(self._kind, self.hours[hour], more)


def add_up(kind: str, into: Sum, more: Mapping[str, Sequence[int]]) -> None:
    """Add a sum to another."""
    for key, numbers in more.items():
        there = into.get(key)
        into[key] = (
            [how(*pair) for how, *pair in zip(KINDS[kind], there, numbers, strict=True)] if there else [*numbers]
        )


def of_row(kind: str, sort: str, data: Mapping[str, Any]) -> Mapping[str, Sequence[int]]:
    """What one row of a stage adds."""
    if kind == SOLD:
        sold: Mapping[str, Sequence[int]] = data.get("sold", {})
        return sold
    waited = data.get("waited")
    return {sort.split(" ")[1]: (1, 0, 0, 0) if waited is None else (1, 1, waited, waited)}


def store(kind: str, length: str, period: str, made: Sum, number: int) -> bool:
    """Store the sum of a minute or an hour, in as many rows as it needs; False when it has this number or a higher one.

    The number is the version of its rows, so that of two that are made at once the one with the higher number stays.
    """
    keys = sorted(made)
    parts = [{key: made[key] for key in keys[start : start + PART]} for start in range(0, len(keys), PART)]
    rows = (
        Row(_partition(kind, length), f"{period} {part:04}", {"number": number, "parts": len(parts), "sum": sums})
        for part, sums in enumerate(parts)
    )
    return all(runtime.current().views.put(row, number) for row in rows)


def stored(kind: str, length: str, first: str, last: str) -> Iterator[tuple[str, Sum | None, int]]:
    """The sums of minutes or hours, and their numbers, in order; None for one that lacks a part.

    Parts of different roll-ups are no sum: those with the highest number count, if all of them are there.
    """
    rows = rows_of(_partition(kind, length), first, last, consistent=True)
    for period, found in groupby(rows, key=lambda row: row[0].partition(" ")[0]):
        parts = [data for _, data in found]
        number = max(part["number"] for part in parts)
        latest = [part for part in parts if part["number"] == number]
        made = {key: numbers for part in latest for key, numbers in part["sum"].items()}
        yield period, made if len(latest) == latest[0]["parts"] else None, number


def summed_until() -> str:
    """Up to which minute there are sums; empty before the first roll-up."""
    row = read(SUMS, SUMMED)
    return row["until"] if row else ""


def late_minutes(first: str, last: str) -> set[str]:
    """The minutes into which rows came after they were claimed to be summed up, and that were not summed up since."""
    partitions = (late_partition(shard) for shard in range(SHARDS))
    return {minute(sort) for partition in partitions for sort, _ in rows_of(partition, first, last, consistent=True)}


def summed(kind: str, first: str, last: str) -> dict[str, Sum]:
    """The sums of the hours between two bounds (Range.bounds), by hour, right at any moment.

    Up to which minute all is summed up is read first, then which minutes are late: a sum that is read afterwards holds
    every row whose mark was gone by then. Where there is no such sum, the rows count. Raises InvalidError.
    """
    adding = Adding(kind)
    until = summed_until()
    late = {late for late in late_minutes(first, last) if not until or late < until}
    unsure = {hour(late) for late in late}
    for found_hour, made, _ in stored(kind, HOUR, first, min(last, hour(until))):
        if made is None:
            unsure.add(found_hour)
        elif found_hour not in unsure:
            adding.add(found_hour, made)
    if until and first <= hour(until) and begin(hour(until)) <= last:
        unsure.add(hour(until))
    for one in sorted(unsure):
        for found_minute, made, _ in stored(kind, MINUTE, begin(one), min(one + END, until)):
            if made is None:
                late.add(found_minute)
            elif found_minute not in late:
                adding.add(one, made)
    for start, end in [*_runs(late), *_since(until, first, last)]:
        for sort, data in in_order(start, end):
            adding.add(hour(start), of_row(kind, sort, data), rows=1)
    return adding.hours


def _runs(minutes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Consecutive minutes of an hour as pairs of sort keys: their rows are between them."""
    run: list[str] = []
    for one in sorted(minutes):
        if run and (hour(one) != hour(run[-1]) or int(one[14:]) != int(run[-1][14:]) + 1):
            yield run[0], run[-1] + END
            run = []
        run.append(one)
    if run:
        yield run[0], run[-1] + END


def _since(until: str, first: str, last: str) -> Iterator[tuple[str, str]]:
    """The hours of a range from the minute on that is not summed up yet, as pairs of sort keys."""
    end = min(last, clock.stamp(clock.now() + AHEAD))
    start = max(until, begin(first)) if until else END
    while start <= end:
        yield start, min(last, hour(start) + END)
        start = begin(next_hour(hour(start)))


def _partition(kind: str, length: str) -> str:
    return f"{kind} by {length}"
