"""Pages of what a service holds of a customer."""

from collections.abc import Iterator
from typing import Any

from functions.kernel.messaging import held

FULL = {"text": "x" * 400_000}


def test_a_page_has_so_many_rows_and_the_place_of_the_last_while_more_follow() -> None:
    rows: list[tuple[str, dict[str, Any] | None]] = [(f"place {n}", {"n": n}) for n in range(3)]
    first = held.page(rows, 2)
    assert (first.rows, first.after) == (({"n": 0}, {"n": 1}), "place 1")
    last = held.page(rows[2:], 2)
    assert (last.rows, last.after) == (({"n": 2},), None)


def test_a_page_ends_at_1_mb_but_has_one_row_however_large() -> None:
    found = held.page([("a", FULL), ("b", FULL), ("c", FULL)], 100)
    assert (len(found.rows), found.after) == (2, "b")
    assert len(held.page([("a", {"text": "x" * 2_000_000}), ("b", FULL)], 100).rows) == 1


def test_places_that_lead_to_nothing_are_left_out_and_no_more_are_looked_at_than_the_page_has() -> None:
    looked = 0

    def places() -> Iterator[tuple[str, dict[str, Any] | None]]:
        nonlocal looked
        for n in range(10_000):
            looked += 1
            yield f"place {n}", {"n": n} if n == 1 else None

    first = held.page(places(), 10)
    assert (first.rows, first.after, looked) == (({"n": 1},), "place 9", 11)
