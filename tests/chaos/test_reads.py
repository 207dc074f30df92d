"""A read by id is judged by what clients were answered before it was asked."""

import pytest

from tests.chaos.journal import Asked
from tests.chaos.reads import violations

LIST = "/api/depot/shopping/1"


def asked(method: str, path: str, at: float, version: int, *, taken_back: bool = False) -> Asked:
    """A request that was answered a second later."""
    return Asked(1, "staff", method, path, None, None, at, at + 1, 200, None, version, taken_back)


@pytest.mark.parametrize(
    "before", [asked("GET", LIST, 1, 5), asked("PUT", f"{LIST}/pick", 1, 5)], ids=["a read", "an acknowledged write"]
)
def test_a_read_that_shows_less_than_an_earlier_answer_is_found(before: Asked) -> None:
    assert list(violations([before, asked("GET", LIST, 3, 5)])) == []
    [text] = violations([before, asked("GET", LIST, 3, 4)])
    assert text.endswith(f"GET {LIST} showed version 4 after 5")


@pytest.mark.parametrize(
    "other",
    [
        asked("GET", LIST, 2.5, 5),
        asked("GET", LIST, 1, 5, taken_back=True),
        asked("GET", f"{LIST}0", 1, 5),
        asked("PUT", "/api/depot/shopping/2/pick", 1, 5),
    ],
    ids=["answered while it was asked", "taken back by a kill", "of another list", "a write of another list"],
)
def test_a_read_is_not_compared_with_what_says_nothing_of_it(other: Asked) -> None:
    assert list(violations([other, asked("GET", LIST, 3, 4)])) == []
