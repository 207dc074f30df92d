"""The rows of operations: letters, each with its body beside it, written only over the version that was read.

    letter <id>   letter               the letter without its body; in the indexes of views.py
    letter <id>   body <life> <n>      a part of its body (letter_bodies.py)
    begun         <time> <id> <life>   a note that a body is being written (letter_bodies.py)
    changed       <group> <minute>     a mark that letters of a group changed, until they are counted again (groups.py)

The view store's gate by version is the optimistic lock here: a row is written as the version after the one that was
read, so of two writers one is refused.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from functions.kernel.domain.errors import ConcurrencyError, NotFoundError, UnavailableError
from functions.kernel.projections.projection import read, read_many
from functions.kernel.runtime import budget, clock, ids, runtime
from functions.kernel.runtime.views import Row
from functions.operations import letter_bodies
from functions.operations.letter_bodies import key_of
from functions.operations.letters import OPEN, STATES, Letter, from_data, to_data
from functions.operations.views import OF_GROUP, OF_ORDER, OF_SERVICE, OF_STATE

LETTER = "letter"
CHANGED = "changed"
TRIES = 6  # of a change that others were quicker than
ROWS = 100  # of an index that are read at once where many are not wanted
LOOKED_AT = 1_000  # rows at most that one page looks at for those that a filter wants
LAST = "\U0010ffff"  # sorts after every time and id


@dataclass(frozen=True)
class Filter:
    """Which letters are wanted: what is empty does not matter.

    since, until: RFC 3339, of open_since, inclusive. as_of: the same, of placed_at: without letters that were stored,
    or opened again, after it.
    """

    service: str = ""
    message: str = ""
    reason: str = ""
    state: str = ""
    group: str = ""
    order: str = ""
    since: str = ""
    until: str = ""
    as_of: str = ""

    @property
    def is_sparse(self) -> bool:
        """Whether many letters may be looked at for one that is wanted: an index answers one condition alone."""
        indexed = sum(map(bool, (self.service, self.state, self.group, self.order)))
        return indexed > 1 or "/" in self.service or bool(self.message or self.reason)

    def wants(self, letter: Letter) -> bool:
        """Whether a letter is one of these. reason: a part of its text, or the whole name of the error."""
        return (
            self.service in ("", letter.service, letter.consumer)
            and self.message in ("", letter.name)
            and (self.reason.lower() in letter.reason.lower() or self.reason == letter.error)
            and self.state in ("", letter.state)
            and self.group in ("", letter.fingerprint)
            and self.order in ("", letter.order)
            and (not self.since or letter.open_since >= clock.stamp(clock.read(self.since)))
            and (not self.until or letter.open_since <= clock.stamp(clock.read(self.until)))
            and (not self.as_of or letter.placed_at <= clock.stamp(clock.read(self.as_of)))
        )


@dataclass(frozen=True)
class Letters:
    """A page of letters, and where the next one begins (None at the end). It may hold fewer than asked for, or none."""

    letters: Sequence[Letter]
    after: dict[str, Any] | None


def letter(id: str) -> Letter:
    """A letter with its body. Raises NotFoundError, and ConcurrencyError where its body expires just now."""
    found = find(id)
    if found is None:
        raise NotFoundError(f"there is no letter {id}")
    if not found.life:
        raise ConcurrencyError(f"letter {id} expires just now")
    return found


def find(id: str) -> Letter | None:
    """A letter with its body, or None. Where the body has expired before the letter, both `body` and `life` are empty.

    An item that expires stays for up to a few days, each for its own time:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    data = read(key_of(id), LETTER)
    if data is None:
        return None
    body = letter_bodies.read_of([data]).get(id)
    return from_data(data, body) if body is not None else replace(from_data(data, ""), life="")


def put(letter: Letter) -> Letter:
    """Store a letter over the version that was read, 0 for a new one. Raises ConcurrencyError when the row moved on.

    What is opened, for the first time or again, gets a body of a life of its own, written before the letter: one that
    is open must not be without it. What is closed has it expire afterwards: where another was quicker it may be open.
    """
    expires = kept_until() if letter.is_closed else None
    opens = expires is None and bool(letter.expires)
    life = letter.life if letter.life and not opens else ids.new()[:8]
    written = replace(letter, version_of_row=letter.version_of_row + 1, life=life, expires=expires or 0)
    parts = list(letter_bodies.parts(letter.body))
    moved = life != letter.life or written.expires != letter.expires
    mark(letter.fingerprint)
    note = letter_bodies.begin(written, len(parts)) if moved else None
    if moved and expires is None:
        letter_bodies.put(written, parts)
    data = {**to_data(written), "write": ids.new(), "parts": len(parts)}
    row = Row(key_of(letter.id), LETTER, data, indexes=_indexes(letter), expires=expires)
    if not runtime.current().views.put(row, written.version_of_row):
        there = read(key_of(letter.id), LETTER)
        if there is None or there["write"] != data["write"]:  # equal where the SDK repeated a write that had succeeded
            if note and there and there["life"] != life:  # who has this life needs its body
                letter_bodies.delete(note)
                letter_bodies.end(note)
            raise ConcurrencyError(f"letter {letter.id} was changed by another at the same time")
    if moved and expires is not None:
        letter_bodies.put(written, parts)
    if note:
        letter_bodies.end(note)
    return written


def settle_bodies(has_time: Callable[[], bool]) -> None:
    """Delete the bodies that no letter got, and have those of closed letters expire, where their writers ended before.

    A life is written by one function, which has ended when its note is old: no letter gets that body any more.
    """
    while notes := letter_bodies.left_behind():
        for note in notes:
            if not has_time():
                return
            _settle(note)


def _settle(note: letter_bodies.Begun) -> None:
    there = find(note.id)
    if there is None or there.life != note.life:
        letter_bodies.delete(note)
    elif there.is_closed:
        letter_bodies.put(there, letter_bodies.parts(there.body))
    letter_bodies.end(note)


def change(id: str, decide: Callable[[Letter], Letter]) -> Letter:
    """Load a letter, change it, and store it; again where another was quicker. One that stays as it is is not written.

    Raises NotFoundError, ConcurrencyError, and what `decide` raises.
    """
    for attempt in range(TRIES):
        before = letter(id)
        after = decide(before)
        if after == before:
            return before
        try:
            return put(after)
        except ConcurrencyError:
            clock.back_off(attempt)
    raise ConcurrencyError(f"letter {id} is changed by others all the time: try again")


def heads(ids: Iterable[str]) -> dict[str, Letter]:
    """Letters by their ids, those that there are, without their bodies: such a letter cannot be put."""
    found = read_many(((key_of(id), LETTER) for id in ids), consistent=True)
    return {data["id"]: from_data(data, "") for data in found.values()}


def letters(
    wanted: Filter,
    limit: int = 50,
    next: dict[str, Any] | None = None,
    *,
    bodies: bool = True,
    oldest_first: bool = False,
) -> Letters:
    """A page of letters, those that were opened last first; of all states, one state after the other, the open first.

    It looks at 1,000 rows at most, so a page may be short, or empty, and not be the last. bodies: without them each
    body is empty; such a letter cannot be put.
    """
    found: list[dict[str, Any]] = []
    last: dict[str, Any] | None = None
    for looked_at, (data, place) in enumerate(_from(next, wanted, limit, oldest_first), start=1):
        is_wanted, is_full = wanted.wants(from_data(data, "")), len(found) == limit
        if is_wanted and is_full:
            return _page(found, last, bodies)
        if is_wanted:
            found.append(data)
        if not is_full:
            last = place
        if looked_at == LOOKED_AT:
            return _page(found, last, bodies)
    return _page(found, None, bodies)


def each(wanted: Filter) -> Iterator[Letter]:
    """All letters of a filter, without their bodies. Raises UnavailableError where time ends before them."""
    after: dict[str, Any] | None = None
    while True:
        if budget.left() < budget.MESSAGE:
            raise UnavailableError("there are more letters than can be looked at now")
        page = letters(wanted, ROWS, after, bodies=False)
        yield from page.letters
        after = page.after
        if after is None:
            return


def _from(
    next: dict[str, Any] | None, wanted: Filter, limit: int, oldest_first: bool
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The rows that a filter may want, from where a page begins, each with where the page after it would begin."""
    begin, after = (next or {}).get("place", 0), (next or {}).get("after")
    for number, (index, partition) in enumerate(_places(wanted)[begin:], start=begin):
        while True:
            page = runtime.current().views.query(
                partition,
                index=index,
                first=clock.stamp(clock.read(wanted.since)) if wanted.since else None,
                last=clock.stamp(clock.read(wanted.until)) + LAST if wanted.until else None,
                limit=ROWS if wanted.is_sparse else limit,
                after=after,
                descending=not oldest_first,
            )
            yield from ((data, {"place": number, "after": key}) for data, key in zip(page.rows, page.keys, strict=True))
            after = page.after
            if after is None:
                break


def must_have_group(group: str) -> None:
    """Raises NotFoundError for a group without a letter: of a wrong name an empty set would look like success."""
    if group and not letters(Filter(group=group), limit=1, bodies=False).letters:
        raise NotFoundError(f"there is no letter of a group {group}")


def oldest_open() -> Letter | None:
    """The letter that has been open for longest, without its body."""
    page = runtime.current().views.query(OPEN, index=OF_STATE, limit=1)
    return next((from_data(data, "") for data in page.rows), None)


def mark(group: str) -> None:
    """Say that letters of a group are about to change, so that they are counted again, also after a crash."""
    now = clock.now()
    minute = clock.stamp(now.replace(second=0, microsecond=0))
    runtime.current().views.put(Row(CHANGED, mark_key(group, minute), {"group": group, "minute": minute}), 1)


def mark_key(group: str, minute: str) -> str:
    """Where the mark of a group is."""
    return f"{group} {minute}"


def kept_until() -> int:
    """When what is closed now may go, in seconds since 1970."""
    kept = timedelta(days=float(runtime.current().setting("LETTERS_KEPT_DAYS")))
    return int((clock.now() + kept).timestamp())


def _places(wanted: Filter) -> list[tuple[str, str]]:
    """The indexes and partitions that have the letters of a filter, the fewest rows first."""
    if wanted.order:
        return [(OF_ORDER, wanted.order)]
    if wanted.group:
        return [(OF_GROUP, wanted.group)]
    if wanted.service and not wanted.state:
        return [(OF_SERVICE, wanted.service.partition("/")[0])]
    return [(OF_STATE, state) for state in ([wanted.state] if wanted.state else STATES)]


def _indexes(letter: Letter) -> dict[str, tuple[str, str]]:
    place = f"{letter.open_since} {letter.id}"
    indexes = {
        OF_STATE: (letter.state, place),
        OF_SERVICE: (letter.service, place),
        OF_GROUP: (letter.fingerprint, place),
    }
    return {**indexes, OF_ORDER: (letter.order, place)} if letter.order else indexes


def _page(found: list[dict[str, Any]], after: dict[str, Any] | None, bodies: bool) -> Letters:
    """Raises ConcurrencyError where the body of one expires just now."""
    if not bodies:
        return Letters([from_data(data, "") for data in found], after)
    texts = letter_bodies.read_of(found)
    gone = next((data["id"] for data in found if data["id"] not in texts), None)
    if gone:
        raise ConcurrencyError(f"letter {gone} expires just now")
    return Letters([from_data(data, texts[data["id"]]) for data in found], after)
