"""What a service answers that is asked for all that it holds of a customer: pages that fit into one answer together."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from events.queries import HeldFound
from functions.kernel.runtime.json_text import compact, fitting

BYTES = 1_000_000  # of a page: a request is answered with those of four services, and an answer has 5 MB


def page(rows: Iterable[tuple[str, dict[str, Any]]], limit: int) -> HeldFound:
    """The first rows, each given with its place, in whose order they are: at most `limit`, and 1 MB."""
    found = list(islice(rows, limit + 1))
    shown = found[: min(limit, fitting((compact(row) for _, row in found), BYTES))]
    return HeldFound(rows=tuple(row for _, row in shown), after=shown[-1][0] if len(shown) < len(found) else None)
