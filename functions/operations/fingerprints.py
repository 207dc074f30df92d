"""Which letters are alike: of one consumer, message and error, with reasons that differ by ids, numbers and values."""

import hashlib
import re

DIGITS = 16  # hex digits of a fingerprint

# In this order: what is quoted may hold any of the others. An apostrophe within a word quotes nothing.
_TAKEN_OUT = (
    re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"|`[^`]*`"),
    re.compile(r"\barn:[^\s,;]+"),
    re.compile(r"\b[a-z]+://[^\s,;]+"),
    # A time, an id or a number: what has a digit, up to the next blank or mark that ends a word.
    re.compile(r"[\w+-]*\d[\w:+-]*(?:\.\d[\w:+-]*)*"),
)
_GONE = "#"
_REPEATED = re.compile(r"#(?:[\s,;/#-]*#)+")  # how many there were does not matter either


def fingerprint(consumer: str, name: str, error: str, reason: str) -> str:
    """16 hex digits that letters of one group have in common."""
    return hashlib.sha256("|".join((consumer, name, error, without_values(reason))).encode()).hexdigest()[:DIGITS]


def without_values(reason: str) -> str:
    """A reason without what is of one message only: quoted values, ids, times and numbers."""
    for values in _TAKEN_OUT:
        reason = values.sub(_GONE, reason)
    return " ".join(_REPEATED.sub(_GONE, reason).split())
