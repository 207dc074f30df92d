"""The bodies of letters: in the end each row of one belongs to its letter, or expires, so that none stays for ever.

A letter that is closed expires, so its body does. What a writer left that ended in the middle is noted, and put right
within hours: what is noted is not judged, but a note is that is older.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.check.identity import BEGIN
from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.violation import Violation

OWNED = "each part of a body belongs to the life that its letter has, or expires"
WHOLE = "a letter that is open has its body"
SETTLED = "what was left of a body is put right within hours"

LETTER, BODY, BEGUN = "letter", "body ", "begun"
WITHIN = timedelta(hours=6)  # a note is old after one; the collector may be away for hours


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Parts that nothing reads or deletes any more, open letters without a body, and notes that were not settled."""
    if not history.is_quiescent:
        return
    table = list(history.table(TABLE))
    items = [item for item in table if item["partition"]["S"].startswith(f"{LETTER} ")]
    letters = {item["partition"]["S"]: item for item in items if item["sort"]["S"] == LETTER}
    notes = [row_data(item) or {} for item in table if item["partition"]["S"] == BEGUN]
    noted = {(f"{LETTER} {note['id']}", note["life"]) for note in notes if note}
    for item in items:
        partition, sort = item["partition"]["S"], item["sort"]["S"]
        if not sort.startswith(BODY) or "expires" in item or "data" not in item:
            continue
        life, letter = sort.split()[1], letters.get(partition)
        if (partition, life) not in noted and (why := _why_nobody_needs(life, letter)):
            text = f"{partition} {why}, and a body of the life {life} for ever"
            yield Violation(OWNED, text, {"letter": partition.partition(" ")[2]})
    yield from _without_body(items, letters)
    yield from _old_notes(history, notes)


def _why_nobody_needs(life: str, letter: dict[str, dict[str, Any]] | None) -> str:
    """Why a body is not needed; empty where it is."""
    now = _life(letter) if letter else ""
    if not letter or not now:
        return "has no row"
    if life != now:
        return f"has the life {now}"
    return "expires" if "expires" in letter else ""


def _without_body(
    items: Sequence[dict[str, dict[str, Any]]], letters: Mapping[str, dict[str, dict[str, Any]]]
) -> Iterator[Violation]:
    there = {(item["partition"]["S"], item["sort"]["S"]) for item in items if "data" in item}
    for partition, letter in letters.items():
        data = row_data(letter) or {}
        places = [(partition, f"{BODY}{data.get('life')} {number:04}") for number in range(data.get("parts", 0))]
        if "expires" not in letter and not there.issuperset(places):
            yield Violation(WHOLE, f"{partition} lacks a part of its body", {"letter": partition.partition(" ")[2]})


def _old_notes(history: ParsedHistory, notes: list[dict[str, Any]]) -> Iterator[Violation]:
    ended = BEGIN + timedelta(microseconds=history.final.get("now_us", history.end))
    for note in notes:
        if note and ended - datetime.fromisoformat(note["sort"].split()[0]) > WITHIN:
            yield Violation(SETTLED, f"the note {note['sort']} is still there", {"letter": note["id"]})


def _life(item: dict[str, dict[str, Any]]) -> str:
    return str((row_data(item) or {}).get("life", ""))
