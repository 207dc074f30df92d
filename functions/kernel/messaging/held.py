"""What a service answers that is asked for all that it holds of a customer: pages that fit into one answer together."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from events.queries import HeldFound
from functions.kernel.runtime.json_text import compact, fitting

BYTES = 1_000_000  # of a page: a request is answered with those of four services, and an answer has 5 MB


def page(rows: Iterable[tuple[str, dict[str, Any] | None]], limit: int) -> HeldFound:
    """The first `limit` rows, or 1 MB, each given with its place, in whose order they are.

    None stands for a place that leads to nothing. It is left out, but counted: so a page looks at a bounded number of
    places, and may hold fewer rows, even none, and have a next one.
    """
    found = list(islice(rows, limit + 1))
    shown = found[: min(limit, fitting((compact(row) for _, row in found), BYTES))]
    held = tuple(row for _, row in shown if row is not None)
    return HeldFound(rows=held, after=shown[-1][0] if len(shown) < len(found) else None)
