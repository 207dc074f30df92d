"""What a history says that the system held and told at any time, as texts to be searched, by what may be in them."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.simulation.check.canaries import Texts, texts_of
from tests.simulation.check.parsed_history import ParsedHistory

VAULT, EVENTS = "customers/vault", "customers/events"
# Kinds of entries that say what the system holds, and of them the fields that do.
HELD = {
    "commit": ("table", "item"),
    "row": ("table", "key", "item"),
    "vault": ("table", "key", "item"),
    "published": ("detail",),
    "sent": ("body",),
    "dead": ("body", "reason"),
    "ended": ("error",),
}
# What was told: names and numbers may be there, but no keys.
TOLD = {"response": ("body",), "told": ("answer",), "effect": ("what",)}
SHORTEST = 8  # characters of a text that may have a canary or a digest
# What has messages, of which those of before had a name; what customers itself stores, which is sealed; the vault, with
# wrapped keys and phones; all else that is held; and what is told.
MESSAGES, OWN, KEYS, OTHERS, ANSWERS = "messages", "own", "keys", "others", "answers"
CARRIERS = {"published": MESSAGES, "sent": MESSAGES, "dead": MESSAGES, **dict.fromkeys(TOLD, ANSWERS)}
TABLES = {EVENTS: OWN, VAULT: KEYS}


def records(history: ParsedHistory) -> Iterator[tuple[str, str, list[Any]]]:
    """What was held or told at any time: the carrier, where it is, and its parts."""
    kinds = HELD | TOLD
    for _, kind, fields in history.entries:
        if names := kinds.get(kind):
            place = fields.get("table") or fields.get("queue") or ""
            yield *_described(kind, place), [fields[name] for name in names if name in fields]
    carry = {"the archive", *history.final["queues"]}
    for where, value in history.final["held"]:
        yield MESSAGES if where in carry else _carrier_of(where), f"held {where}", [value]


@cache
def _described(kind: str, place: str) -> tuple[str, str]:
    """The carrier of an entry, and where it is."""
    return CARRIERS.get(kind) or TABLES.get(place, OTHERS), f"{kind} of {place}"


@cache
def _carrier_of(where: str) -> str:
    """The table's, or that of the table whose stream it is."""
    return next((carrier for table, carrier in TABLES.items() if where.endswith(table)), OTHERS)


def searched(history: ParsedHistory) -> dict[str, Texts]:
    """The different texts of each carrier, each with where it is.

    What is held at the end is among them: compressed and encoded, as it is kept.
    """
    found: dict[str, dict[str, str]] = {carrier: {} for carrier in (MESSAGES, OWN, KEYS, OTHERS, ANSWERS)}
    seen: dict[str, set[int]] = {carrier: set() for carrier in found}
    for carrier, where, parts in records(history):
        there, before = found[carrier], seen[carrier]
        for text in texts_of(parts, before):
            if len(text) >= SHORTEST and text not in there:
                there[text] = where
    return {carrier: Texts(there) for carrier, there in found.items()}
