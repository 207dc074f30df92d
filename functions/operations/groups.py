"""Groups of letters that are alike: how many there are, since when, and what operators know of the cause.

A group's row is made of its letters, by counting them again. A write of a letter marks its group first (rows.mark);
a mark is kept until a count of the group that began two minutes after it has ended, so no change is missed, neither by
a crash nor by an index that is behind. A count that takes longer than there is time goes on in the next minute
(tallies.py).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from functions.kernel.domain.errors import ConcurrencyError, NotFoundError
from functions.kernel.messaging import undone
from functions.kernel.projections import projection
from functions.kernel.projections.projection import read
from functions.kernel.runtime import clock, ids, runtime
from functions.kernel.runtime.views import Row
from functions.operations import rows, tallies
from functions.operations.alarms import LETTER, group_grows, new_group
from functions.operations.letters import CLOSED, OPEN, Letter
from functions.operations.rows import Filter
from functions.operations.tallies import Tally
from functions.operations.views import OF_STATE

GROUP = "group"
RESOLVED = "resolved"
TRIES = 6
MINUTE = timedelta(minutes=1)
SETTLED = timedelta(minutes=2)  # after which an index has a letter, and the clocks of two functions agree
LARGE = 1_000  # letters of a group that is not counted again at each change, but after so long for each of them:
COUNTING = timedelta(milliseconds=10)
GROWN = 10  # open letters at which a group grows for the first time; then each time that they are twice as many


@dataclass(frozen=True)
class Group:
    """Letters of one fingerprint.

    sample: a letter of it, the latest. code: the version of the code that gave the first one up, latest_code the last.
    state: `open`, or `resolved` by an operator; came_back: when a letter came after that, so that it is open again.
    counts: letters by their states, as of counted_at. rung: how many were open when the alarm last said that it grows.
    version_of_row: 0 before it is stored.
    """

    id: str
    consumer: str = ""
    name: str = ""
    error: str = ""
    reason: str = ""
    sample: str = ""
    first_seen: str = ""
    last_seen: str = ""
    code: str = ""
    latest_code: str = ""
    state: str = OPEN
    resolved_at: str = ""
    came_back: str = ""
    note: str = ""
    owner: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    counted_at: str = ""
    rung: int = 0
    version_of_row: int = 0

    @property
    def service(self) -> str:
        return self.consumer.partition("/")[0]


@dataclass(frozen=True)
class Groups:
    """A page of groups, and where the next one begins."""

    groups: Sequence[Group]
    after: dict[str, Any] | None


def group(id: str) -> Group:
    """A group. Raises NotFoundError."""
    data = read(_key(id), GROUP)
    if data is None:
        raise NotFoundError(f"there is no group {id}")
    return _group(data)


def groups(state: str, limit: int, after: dict[str, Any] | None) -> Groups:
    """A page of the groups of a state, those that were seen last first."""
    page = runtime.current().views.query(_of_state(state), index=OF_STATE, limit=limit, after=after, descending=True)
    return Groups([_group(data) for data in page.rows], page.after)


def every(state: str) -> Iterator[Group]:
    """All groups of a state."""
    return map(_group, projection.rows(_of_state(state), index=OF_STATE, descending=True))


def change(id: str, decide: Callable[[Group], Group]) -> Group:
    """Load a group, change it and store it; again where another was quicker. Raises NotFoundError, ConcurrencyError."""
    return _change(lambda: group(id), decide)


def resolved(group: Group) -> Group:
    """The group as one whose cause is mended: a letter that fails from now on brings it back."""
    return replace(group, state=RESOLVED, resolved_at=clock.stamp(), came_back="")


def count_again(id: str, known: Collection[Letter] = (), has_time: Callable[[], bool] = lambda: True) -> Group | None:
    """Make a group's row anew of its letters; returns it, also where there are none, and no row is made.

    None where time ends after a page, before all were counted: the next time goes on there, and a group that is new
    has a row, and rings. known: letters that were just written, which the index may not have yet.
    """
    newest = {letter.id: letter for letter in known if letter.fingerprint == id}
    found = tallies.begun(id)
    is_at_once = found.after is None
    while True:  # one page after the other: a function has no room for all of a large group
        page = rows.letters(Filter(group=id), rows.LOOKED_AT, found.after, bodies=False)
        for letter in page.letters:
            found.add(max(newest.pop(letter.id, letter), letter, key=lambda one: one.version_of_row))
        if page.after is None:
            break
        found = tallies.kept(id, replace(found, after=page.after))
        if not has_time():
            _change(partial(_or_new, id), partial(_counted_if_new, found))
            return None
    for letter in newest.values() if is_at_once else ():  # else they may be in a page of before
        found.add(letter)
    if found.last is None and not _or_new(id).version_of_row:
        return Group(id, counted_at=found.begun)
    counted = _change(partial(_or_new, id), lambda before: _counted(before, found))
    if found.version_of_row:
        tallies.drop(id)
    return counted


def count_changed(known: Sequence[Letter] = (), has_time: Callable[[], bool] = lambda: True) -> None:
    """Count the groups again that were marked, as long as there is time.

    Those of the letters that were just stored have their rows first: where there is no time for more, they ring. Then
    those without a row, which another collector left, a page of each: they may be large.
    """
    marks: dict[str, list[str]] = {}
    for mark in projection.rows(rows.CHANGED):
        marks.setdefault(mark["group"], []).append(mark["minute"])
    found = projection.read_many(((_key(id), GROUP) for id in marks), consistent=True)
    there = {group.id: group for group in map(_group, found.values())}
    there |= _made_of(known, there, has_time)
    for id in marks:
        if id not in there and has_time():
            _count_marked(id, marks[id], known, lambda: False)
    for id in _in_turn(there[id] for id in marks if id in there):
        if has_time():
            _count_marked(id, marks[id], known, has_time)


def _count_marked(id: str, minutes: Sequence[str], known: Sequence[Letter], has_time: Callable[[], bool]) -> None:
    """Count a group, and delete those of its marks that are older than the index may be behind."""
    try:
        counted = count_again(id, known, has_time)
    except Exception as error:  # its marks stay, and it holds up no other
        undone.note(LETTER, "a group was not counted again", error, group=id)
        return
    for minute in minutes:
        if counted and clock.read(minute) + MINUTE + SETTLED <= clock.read(counted.counted_at):
            runtime.current().views.delete(rows.CHANGED, rows.mark_key(id, minute))


def _in_turn(groups: Iterable[Group]) -> list[str]:
    """Groups that may be counted again, the smallest first, so that a large one holds up no other.

    One of many letters is not counted each minute.
    """
    return [one.id for one in sorted(filter(_is_due, groups), key=lambda one: sum(one.counts.values()))]


def _is_due(before: Group) -> bool:
    letters = sum(before.counts.values())
    return letters <= LARGE or clock.now() >= clock.read(before.counted_at) + letters * COUNTING


def _counted(before: Group, found: Tally) -> Group:
    """A group as its letters make it. It rings where it is new, comes back, or grows."""
    first, last = found.first, found.last
    if first is None or last is None:
        return replace(before, counts={}, counted_at=found.begun, rung=0)
    is_new = not before.version_of_row
    came_back = before.state == RESOLVED and found.open_at > before.resolved_at
    is_first = is_new or first.failed_at < before.first_seen
    after = replace(
        before,
        consumer=last.consumer,
        name=last.name,
        error=last.error,
        reason=last.reason,
        sample=last.id,
        first_seen=min(before.first_seen or first.failed_at, first.failed_at),
        last_seen=max(before.last_seen, last.failed_at),
        code=first.code if is_first else before.code,
        latest_code=last.code or before.latest_code,
        state=OPEN if came_back else before.state,
        came_back=clock.stamp() if came_back else before.came_back,
        counts=found.counts,
        counted_at=found.begun,
    )
    if is_new or came_back:
        new_group.ring(**_about(after), came_back=came_back)
    return _having_grown(after, found.counts.get(OPEN, 0))


def _made_of(known: Iterable[Letter], there: Collection[str], has_time: Callable[[], bool]) -> dict[str, Group]:
    """New rows of groups that have none, of letters that were just stored alone: no others need to be read for that."""
    tallies: dict[str, Tally] = {}
    for letter in known:
        if letter.fingerprint not in there:
            tallies.setdefault(letter.fingerprint, Tally()).add(letter)
    made: dict[str, Group] = {}
    for id, tally in tallies.items():
        if not has_time():
            break
        try:
            made[id] = _change(partial(_or_new, id), partial(_counted_if_new, tally))
        except Exception as error:  # its mark stays
            undone.note(LETTER, "a new group was not made", error, group=id)
    return made


def _counted_if_new(found: Tally, before: Group) -> Group:
    return before if before.version_of_row else _counted(before, found)


def _or_new(id: str) -> Group:
    """A group, also where it has no row yet."""
    data = read(_key(id), GROUP)
    return _group(data) if data else Group(id)


def _having_grown(after: Group, open_ones: int) -> Group:
    """It grows when ten letters are open, then when twenty, forty … are, until all were closed."""
    if open_ones >= max(GROWN, 2 * after.rung):
        group_grows.ring(**_about(after), open=open_ones)
        return replace(after, rung=open_ones)
    return after if open_ones else replace(after, rung=0)


def _about(of: Group) -> dict[str, str]:
    return {"group": of.id, "consumer": of.consumer, "message_name": of.name, "failed_with": of.error}


def _change(load: Callable[[], Group], decide: Callable[[Group], Group]) -> Group:
    for attempt in range(TRIES):
        before = load()
        after = decide(before)
        if after == before:
            return before
        written = replace(after, version_of_row=before.version_of_row + 1)
        if _put(written):
            return written
        clock.back_off(attempt)
    raise ConcurrencyError("a group is changed by others all the time: try again")


def _put(written: Group) -> bool:
    """Store a group, unless its row moved on. A group without letters that are not closed may expire as they do."""
    data = {**msgspec.to_builtins(written), "write": ids.new()}
    place = {OF_STATE: (_of_state(written.state), f"{written.last_seen} {written.id}")}
    expires = None if set(written.counts) - CLOSED else rows.kept_until()
    if runtime.current().views.put(Row(_key(written.id), GROUP, data, place, expires), written.version_of_row):
        return True
    there = read(_key(written.id), GROUP)
    return there is not None and there["write"] == data["write"]


def _group(data: dict[str, Any]) -> Group:
    return msgspec.convert(data, Group)


def _of_state(state: str) -> str:
    return f"groups {state}"


def _key(id: str) -> str:
    return f"group {id}"
