"""Names and numbers of customers that are found wherever they are: each is unique, with a mark that nothing else has.

The checker (check/canaries.py) knows the marks, and nothing else of how they are made.
"""

import hashlib

NAME_MARK, NUMBER_MARK = "qzxwvk", "99731"
SPELLINGS = ("+49{mark}{digits}", "0049 {mark} {digits}", "+49 (0){mark}-{digits}", "+49.{mark}.{digits}")


def name_of(whose: str) -> str:
    """A name, with a letter that JSON may escape. whose: by what it is known in its schedule."""
    return f"Zoë Reyes {NAME_MARK}{_digest(whose):010x}"


def number_of(whose: str, spelling: int = 0) -> str:
    """A number, by one of four spellings."""
    digits = f"{_digest(whose) % 10_000_000:07}"
    return SPELLINGS[spelling % len(SPELLINGS)].format(mark=NUMBER_MARK, digits=digits)


def _digest(whose: str) -> int:
    return int.from_bytes(hashlib.blake2b(whose.encode(), digest_size=5).digest(), "big")
