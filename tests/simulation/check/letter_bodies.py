"""The bodies of letters: in the end each row of one belongs to its letter, or expires, so that none stays for ever."""

from collections.abc import Iterator
from typing import Any

from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.violation import Violation

OWNED = "each part of a body belongs to the life that its letter has, or expires"

LETTER, BODY = "letter", "body "


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Parts that a first write has left, and that nothing reads or deletes any more."""
    if not history.is_quiescent:
        return
    items = [item for item in history.table(TABLE) if item["partition"]["S"].startswith(f"{LETTER} ")]
    lives = {item["partition"]["S"]: _life(item) for item in items if item["sort"]["S"] == LETTER}
    for item in items:
        partition, sort = item["partition"]["S"], item["sort"]["S"]
        if not sort.startswith(BODY) or "expires" in item or "data" not in item:
            continue
        life, now = sort.split()[1], lives.get(partition)
        if life != now:
            text = f"{partition} has {f'the life {now}' if now else 'no row'}, and a body of the life {life} for ever"
            yield Violation(OWNED, text, {"letter": partition.partition(" ")[2]})


def _life(item: dict[str, dict[str, Any]]) -> str:
    return str((row_data(item) or {}).get("life", ""))
