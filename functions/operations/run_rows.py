"""The rows of runs: each with its set in pages, and what became of each letter beside them.

    run <id>   run                   the run; in an index by when it was made, while it is at work and afterwards
    run <id>   letters <life> 0000   the ids of 500 letters of the set; written before they count
    run <id>   states <life> 0000    what became of these, a character each: one write unit, however many change at once

A row is written as the version after the one that was read, so of two writers one is refused and looks again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec

from functions.kernel.domain.errors import ConcurrencyError, NotFoundError
from functions.kernel.projections.projection import read, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Page, Row
from functions.operations import runs
from functions.operations.runs import PENDING, Run
from functions.operations.views import OF_STATE

RUN = "run"
PAGE = 500  # letters: their ids fit into an item of 10 KB once deflated, what became of them into one of 1 KB
TRIES = 8  # of a write that others were quicker than
KEPT = timedelta(days=180)
AT_WORK, OVER = "runs at work", "runs over"  # partitions of the index


@dataclass(frozen=True)
class Runs:
    """A page of runs, those at work first and of these the newest, and where the next page begins (None at the end)."""

    runs: Sequence[Run]
    after: dict[str, Any] | None


def create(run: Run, letters: Sequence[str]) -> Run:
    """Store a run with its set; what is there already under its id, where it is there. Raises ConcurrencyError."""
    add_letters(run, 0, letters)
    try:
        return put(replace(run, total=len(letters)))
    except ConcurrencyError:
        return get(run.id)


def add_letters(run: Run, first: int, letters: Sequence[str]) -> None:
    """Write pages of a set, from a position that begins one. They count only when the run's total says so.

    A page that was begun may be written again with more, also by a second try, which may find other letters: its
    version is that of the run as it was read, and then its size.
    """
    for begin in range(0, len(letters), PAGE):
        page, number = letters[begin : begin + PAGE], (first + begin) // PAGE
        version = run.version_of_row * (PAGE + 1) + len(page)
        _write(run, _letters_key(run, number), {"letters": list(page)}, version)
        _write(run, _states_key(run, number), {"states": PENDING * len(page), "version": version}, version)


def find(id: str) -> Run | None:
    """A run, or None."""
    data = read(_key(id), RUN)
    return None if data is None else _from_data(data)


def get(id: str) -> Run:
    """A run. Raises NotFoundError."""
    found = find(id)
    if found is None:
        raise NotFoundError(f"there is no run {id}")
    return found


def put(run: Run) -> Run:
    """Store a run over the version that was read, 0 for a new one. Raises ConcurrencyError when the row moved on."""
    written = replace(run, version_of_row=run.version_of_row + 1)
    place = f"{run.created} {run.id}"
    indexes = {OF_STATE: (AT_WORK if run.is_at_work else OVER, place)}
    expires = None if run.is_at_work else _expires()
    row = Row(_key(run.id), RUN, msgspec.to_builtins(written), indexes=indexes, expires=expires)
    if not runtime.current().views.put(row, written.version_of_row):
        there = find(run.id)
        if there != written:  # else the SDK repeated a write that had succeeded
            raise ConcurrencyError(f"run {run.id} was changed by another at the same time")
    return written


def change(id: str, decide: Callable[[Run], Run]) -> Run:
    """Load a run, change it, and store it; again where another was quicker. Raises NotFoundError, ConcurrencyError."""
    for attempt in range(TRIES):
        before = get(id)
        after = decide(before)
        if after == before:
            return before
        try:
            return put(after)
        except ConcurrencyError:
            clock.back_off(attempt)
    raise ConcurrencyError(f"run {id} is changed by others all the time: try again")


def at_work(kind: str = "") -> Iterator[Run]:
    """The runs at work (of a kind), the oldest first. One that was made a moment ago may be missing."""
    found = (_from_data(data) for data in rows(AT_WORK, index=OF_STATE))
    return (run for run in found if kind in ("", run.kind))


def listed(limit: int, after: dict[str, Any] | None) -> Runs:
    """A page of runs."""
    partition, place = (after["partition"], after["after"]) if after else (AT_WORK, None)
    found: list[Run] = []
    if partition == AT_WORK:
        page = _page(AT_WORK, limit, place)
        found += [_from_data(data) for data in page.rows]
        if page.after is not None:
            return Runs(found, {"partition": AT_WORK, "after": page.after})
        if len(found) == limit:
            return Runs(found, {"partition": OVER, "after": None} if _page(OVER, 1, None).rows else None)
        place = None
    page = _page(OVER, limit - len(found), place)
    found += [_from_data(data) for data in page.rows]
    return Runs(found, {"partition": OVER, "after": page.after} if page.after is not None else None)


def _page(partition: str, limit: int, after: dict[str, Any] | None) -> Page:
    return runtime.current().views.query(partition, index=OF_STATE, limit=limit, after=after, descending=True)


def letters_of(run: Run, positions: Iterable[int]) -> dict[int, str]:
    """The ids of letters of a run by their positions; those that there are."""
    wanted = sorted(set(positions))
    keys = {position // PAGE: (_key(run.id), _letters_key(run, position // PAGE)) for position in wanted}
    found = runtime.current().views.get_many(keys.values(), consistent=True)
    pages = {number: found[key]["letters"] for number, key in keys.items() if key in found}
    return {
        position: pages[position // PAGE][position % PAGE]
        for position in wanted
        if position // PAGE in pages and position % PAGE < len(pages[position // PAGE])
    }


def states_of(run: Run) -> str:
    """What has become of the letters of a run, in the order of its set."""
    pages = rows(_key(run.id), first=_states_key(run, 0), last=_states_key(run, 9999), consistent=True)
    return "".join(page["states"] for page in pages)[: run.total]


def mark(run: Run, marks: Mapping[int, str]) -> None:
    """Note what has become of letters, by their positions. What is known to be later stays. Raises ConcurrencyError.

    Positions that are not there are ignored.
    """
    of_page: dict[int, dict[int, str]] = {}
    for position, mark in marks.items():
        of_page.setdefault(position // PAGE, {})[position % PAGE] = mark
    for number, of_one in sorted(of_page.items()):
        _mark_page(run, number, of_one)


def _mark_page(run: Run, number: int, marks: Mapping[int, str]) -> None:
    for attempt in range(TRIES):
        page = read(_key(run.id), _states_key(run, number))
        if page is None:
            return
        after = runs.marked(page["states"], dict(marks))
        if after == page["states"]:
            return
        version = page["version"] + 1
        if _write(run, _states_key(run, number), {"states": after, "version": version}, version):
            return
        clock.back_off(attempt)
    raise ConcurrencyError(f"what became of the letters of run {run.id} is changed by others all the time")


def _write(run: Run, sort: str, data: dict[str, Any], version: int) -> bool:
    return runtime.current().views.put(Row(_key(run.id), sort, data, expires=_expires()), version)


def _expires() -> int:
    return int((clock.now() + KEPT).timestamp())


def _key(id: str) -> str:
    return f"run {id}"


def _letters_key(run: Run, number: int) -> str:
    return f"letters {run.life} {number:04}"


def _states_key(run: Run, number: int) -> str:
    return f"states {run.life} {number:04}"


def _from_data(data: Mapping[str, Any]) -> Run:
    return msgspec.convert(data, Run)
