"""How large a commit, a message and the lines of an order may be. docs/adr/0021 derives the limits."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from functions.kernel.domain.errors import InvalidError

COMMIT_LIMIT = 350_000  # bytes: DynamoDB refuses an item over 400 KB; the rest is room for names and keys
MESSAGE_LIMIT = 250_000  # bytes: for years, an entry of EventBridge and a message of SQS had at most 256 KB

LINES_LIMIT = 105_000  # an order's commit may hold its lines three times: approved, ready and completed at once
STOPS_LIMIT = 160_000  # a shopping list's first commit holds its stops twice: the event and its message
STOP = 1_300  # what a stop adds to a line: a location of 200 characters, each of up to 6 bytes, and names of fields

_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def must_fit(lines: Iterable[Any], what: str) -> None:
    """Raises InvalidError for lines (dataclasses with a `store_id`) that are too large to be ordered together.

    Each later commit and message of the order, its saga and its shopping list then fits.
    """
    found = [asdict(line) for line in lines]
    size = len(_write(found).encode())
    stops = size + STOP * len({line["store_id"] for line in found})
    if size > LINES_LIMIT or stops > STOPS_LIMIT:
        raise InvalidError(
            f"{what} is too large: its lines take {size:,} bytes, or {stops:,} with the locations of their stores, "
            f"and may take {LINES_LIMIT:,} and {STOPS_LIMIT:,}: order them in several parts"
        )
