"""The bodies of letters, in rows of their own beside the letter's: an item holds 400 KB, a message of SQS 1 MiB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html

A letter and its body are several writes, and their writer may end between any two. So it notes the body before the
first of them and deletes the note after the last; the collector settles what notes of an hour ago name (rows.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from functions.kernel.projections.projection import read_many
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.json_text import compact
from functions.kernel.runtime.views import Row
from functions.operations.letters import Letter

PART = 300_000  # bytes of a part's JSON text: an item holds 400 KB with all its names
BEGUN = "begun"
WRITTEN_IN = timedelta(hours=1)  # at most: no function lives as long
NOTES = 100  # that are looked at together


@dataclass(frozen=True)
class Begun:
    """A note that parts of a body are about to be written or to get an expiry. sort: where it is."""

    id: str
    life: str
    parts: int
    sort: str


def key_of(id: str) -> str:
    """The partition of a letter and its body."""
    return f"letter {id}"


def _place(id: str, life: str, number: int) -> tuple[str, str]:
    return key_of(id), f"body {life} {number:04}"


def put(letter: Letter, parts: Iterable[str]) -> None:
    """Store the parts of a body, over those of an earlier version of the row of its letter."""
    for number, text in enumerate(parts):
        partition, sort = _place(letter.id, letter.life, number)
        row = Row(partition, sort, {"text": text}, expires=letter.expires or None)
        runtime.current().views.put(row, letter.version_of_row)


def begin(letter: Letter, parts: int) -> Begun:
    """Note that so many parts of a letter's body are about to be written."""
    note = Begun(letter.id, letter.life, parts, f"{clock.stamp()} {letter.id} {letter.life}")
    runtime.current().views.put(Row(BEGUN, note.sort, asdict(note)), 1)
    return note


def end(note: Begun) -> None:
    """Delete a note: nothing is left to be done about the body."""
    runtime.current().views.delete(BEGUN, note.sort)


def left_behind() -> list[Begun]:
    """The oldest notes whose writers have ended, up to 100."""
    until = clock.stamp(clock.now() - WRITTEN_IN)
    page = runtime.current().views.query(BEGUN, last=until, limit=NOTES, consistent=True)
    return [Begun(**data) for data in page.rows]


def delete(note: Begun) -> None:
    """Delete the parts that a note names."""
    for number in range(note.parts):
        runtime.current().views.delete(*_place(note.id, note.life, number))


def parts(body: str) -> Iterator[str]:
    """A body in parts of at most 300,000 bytes of JSON text each; one part at least."""
    if len(compact(body).encode()) <= PART:
        yield body
        return
    half = len(body) // 2
    yield from parts(body[:half])
    yield from parts(body[half:])


def read_of(found: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The bodies of letters by their ids; those that have all of their parts."""
    keys = {data["id"]: [_place(data["id"], data["life"], n) for n in range(data["parts"])] for data in found}
    there = read_many((key for of_one in keys.values() for key in of_one), consistent=True)
    return {
        id: "".join(there[key]["text"] for key in of_one)
        for id, of_one in keys.items()
        if all(key in there for key in of_one)
    }
