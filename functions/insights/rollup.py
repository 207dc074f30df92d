"""The roll-up: what baskets and orders reached is summed up minute by minute, and each hour from its minutes.

It is right whatever comes late and whoever works at the same time, without trusting a clock:

1. A roll-up *claims* the minutes up to a time, under the next number, before it reads any row. Whoever writes a row
   reads the latest claim afterwards: if the row's minute is claimed, a mark says that the minute is late. So a row is
   either there when its minute is read, or has a mark. Of the first ticks one notes where sums begin, before any claim:
   no claim ends before that, and a row that is older than all claims has a mark.
2. A late minute is made again, then its hour. A mark has the number of the claim that its writer read: the row was
   there before the next claim, so the next roll-up reads it, and deletes the mark. Readers of sums read marks before.
3. Minutes are made from rows, under the number of the claim; one with a higher number has read later, and stays. Hours
   are made from minutes, under the number after the one that was there before these were read: if another roll-up made
   the hour meanwhile, the marks stay, and the next one makes it again.

A tick works for as long as a sweep does, and the next goes on. It writes nothing when nothing happened.

Between two ticks, the rows of the last 130 s at most are not summed up. A request reads 80,000 rows (sums.py), which is
what 6,000 orders a minute bring in that time; hours that are summed up are read at any rate.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from itertools import groupby

from functions.insights import figures
from functions.insights.hours import END, begin, hour, minute, next_hour
from functions.insights.rows import SHARDS, in_order, late_partition
from functions.insights.sums import (
    CLAIMED,
    HOUR,
    KINDS,
    MINUTE,
    SUMMED,
    SUMS,
    VIEW,
    Sum,
    add_up,
    of_row,
    store,
    stored,
    summed_until,
)
from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.messaging import undone
from functions.kernel.messaging.sweep import SECONDS
from functions.kernel.projections.generations import in_each
from functions.kernel.projections.projection import read
from functions.kernel.runtime import budget, clock, runtime
from functions.kernel.runtime.views import Row

SETTLING = timedelta(seconds=10)  # after a minute's end: most of its rows are there by then, and few are late
MARKS_AT_ONCE = 500
FIRST = 1  # version of the first note: lower than that of any minute

HasTime = Callable[[], bool]
Mark = tuple[str, str]  # sort key and partition
Spans = list[tuple[str, str]]  # from a minute to another of the same hour


def roll_up() -> None:
    """Sum up what was reached since the last time, then make the late minutes again, in each generation of the rows."""
    advances: list[Spans] = []
    for failed in in_each(VIEW, partial(_roll_up, advances)):
        undone.note(failed.view, f"generation {failed.generation} of {failed.view} was not summed up", failed.error)
    for first, last in advances[0]:  # of the generation that is read
        figures.tell(first, last)


def _roll_up(advances: list[Spans]) -> None:
    spans: Spans = []
    advances.append(spans)
    target = minute(clock.stamp(clock.now() - SETTLING))
    claimed = read(SUMS, CLAIMED)
    until = summed_until() or _begin(target)
    marks = _marks(until)  # before the claim, so each has a lower number
    if claimed and not marks and not _is_due(until, target):
        return
    number = claimed["number"] + 1 if claimed else 1
    claim = {"number": number, "until": max(target, until, claimed["until"] if claimed else "")}
    if runtime.current().views.put(Row(SUMS, CLAIMED, claim), number):  # otherwise another has claimed it
        has_time = _limit()
        _advance(until, target, number, has_time, spans)
        _make_again(marks, number, has_time)


def _begin(target: str) -> str:
    """Note where sums begin, unless another first tick did; returns where."""
    is_ours = runtime.current().views.put(Row(SUMS, SUMMED, {"until": target}), FIRST)
    return target if is_ours else summed_until()


def _limit() -> HasTime:
    end = clock.now() + timedelta(seconds=SECONDS)
    return lambda: clock.now() < end and budget.left() >= budget.MESSAGE


def _is_due(until: str, target: str) -> bool:
    """Whether there is a row to sum up, or an hour is over."""
    return hour(until) < hour(target) or next(in_order(until, target, at_a_time=1), None) is not None


def _marks(until: str) -> list[Mark]:
    """The marks of late minutes, the earliest first, of those that were summed up."""
    query = runtime.current().views.query
    partitions = [late_partition(shard) for shard in range(SHARDS)]
    pages = [(one, query(one, last=until, limit=MARKS_AT_ONCE, consistent=True)) for one in partitions]
    return sorted((sort, partition) for partition, page in pages for sort in page.sorts)


def _advance(until: str, target: str, number: int, has_time: HasTime, spans: Spans) -> None:
    while until < target and has_time():
        end = begin(next_hour(hour(until)))
        reached = _sum_minutes(until, min(end, target), number, has_time)
        if reached == end and not _sum_hour(hour(until), number):
            return  # another roll-up is at it
        _note(reached)
        spans.append((until, reached))
        until = reached


def _note(until: str) -> None:
    """Note up to which minute all is summed up; it never goes back."""
    version = int(clock.read(f"{until}:00Z").timestamp())
    runtime.current().views.put(Row(SUMS, SUMMED, {"until": until}), version)


def _make_again(marks: Iterable[Mark], number: int, has_time: HasTime) -> None:
    for one, of_hour in groupby(marks, key=lambda mark: hour(mark[0])):
        done: list[Mark] = []
        for late, of_minute in groupby(of_hour, key=lambda mark: minute(mark[0])):
            if not has_time():
                break
            _sum_minutes(late, late + END, number, has_time)
            done += of_minute
        if done and _sum_hour(one, number):
            for sort, partition in done:
                runtime.current().views.delete(partition, sort)


def _sum_minutes(first: str, last: str, number: int, has_time: HasTime) -> str:
    """Sum up the minutes from one to another of the same hour, unless time is up; returns up to which it came."""
    rows = in_order(first, last, consistent=True)
    for one, of_minute in groupby(rows, key=lambda row: minute(row[0])):
        if one > first and not has_time():
            return one
        made: dict[str, Sum] = {kind: {} for kind in KINDS}
        for sort, data in of_minute:
            for kind, total in made.items():
                add_up(kind, total, of_row(kind, sort, data))
        for kind, total in made.items():
            store(kind, MINUTE, one, total, number)
    return last


def _sum_hour(one: str, number: int) -> bool:
    """Sum up an hour from its minutes; False when another roll-up has done so meanwhile."""
    return all(_sum_kind(kind, one, number) for kind in KINDS)


def _sum_kind(kind: str, one: str, number: int) -> bool:
    there = max((made_as for _, _, made_as in stored(kind, HOUR, one, one + END)), default=0)
    torn = [late for late, made, _ in stored(kind, MINUTE, begin(one), one + END) if made is None]
    for late in torn:  # another roll-up ended before all of its parts were written
        _sum_minutes(late, late + END, number, lambda: True)
    total: Sum = {}
    for late, made, _ in stored(kind, MINUTE, begin(one), one + END):
        if made is None:
            raise ConcurrencyError(f"the minute {late} is being summed up by another")
        add_up(kind, total, made)
    return store(kind, HOUR, one, total, there + 1)
