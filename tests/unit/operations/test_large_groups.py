"""A group of more letters than can be counted in a minute has the right counts once its count has ended."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.kernel.projections import projection
from functions.kernel.runtime import budget, clock
from functions.operations import groups, rows, tallies
from functions.operations.letters import DONE, OPEN, Letter
from tests.unit.operations.collecting import Time
from tests.unit.operations.made import made
from tests.unit.operations.rung import Rung
from tests.unit.operations.test_groups import close

LARGE, SMALL = "a large one", "one that is small"
MANY, AT_ONCE = 40, 3  # letters; and rows of a page
PAGE = 5  # seconds: nine pages a minute


class Pages:
    """Pages of letters, each of which takes a while. fails: whether the next does."""

    def __init__(self, time: Time) -> None:
        self.page = rows.letters
        self.time = time
        self.fails = False

    def __call__(self, *given: Any, **more: Any) -> rows.Letters:
        self.time.after(seconds=PAGE)
        if self.fails:
            raise ConnectionError("no rows")
        return self.page(*given, **more)


@pytest.fixture
def pages(time: Time, monkeypatch: pytest.MonkeyPatch) -> Pages:
    pages = Pages(time)
    monkeypatch.setattr(rows, "LOOKED_AT", AT_ONCE)
    monkeypatch.setattr(rows, "letters", pages)
    return pages


def put_large(code: str = "") -> list[Letter]:
    return [rows.put(made(number, fingerprint=LARGE, code=code)) for number in range(1, MANY + 1)]


def minute(time: Time, *known: Letter) -> None:
    """The collector counts, in the time that it has."""
    begun = time.now
    with budget.at_most(60):
        groups.count_changed(known, lambda: budget.left() > 16)
        assert budget.left() > 0
    time.now = begun + timedelta(minutes=1)


def until_counted(time: Time) -> int:
    """Minutes until no change is left that is not counted."""
    for minutes in range(60):
        if not list(projection.rows(rows.CHANGED)):
            return minutes
        minute(time)
    raise AssertionError("it is never counted")


def test_it_is_counted_over_several_minutes(time: Time, pages: Pages) -> None:
    letters = put_large()
    until_counted(time)
    assert groups.group(LARGE).counts == {OPEN: MANY}
    for letter in letters[:15]:
        close(letter)
    assert until_counted(time) > 2
    assert groups.group(LARGE).counts == {OPEN: MANY - 15, DONE: 15}


def test_what_changes_while_it_is_counted_is_counted_next(time: Time, pages: Pages) -> None:
    letters = put_large()
    minute(time)
    minute(time)
    for letter in letters[-15:]:  # the first that were counted
        close(letter)
    until_counted(time)
    assert groups.group(LARGE).counts == {OPEN: MANY - 15, DONE: 15}


def test_a_letter_that_comes_again_while_it_is_counted_is_counted_once(time: Time, pages: Pages) -> None:
    letters = put_large()
    minute(time)
    minute(time)
    again = rows.change(letters[-1].id, lambda one: one.after("came again", failed_at=clock.stamp()))
    while groups.group(LARGE).counts.get(OPEN, 0) < MANY:
        minute(time, again)
    assert groups.group(LARGE).counts == {OPEN: MANY}


def test_a_page_that_fails_loses_none_of_those_before(time: Time, pages: Pages) -> None:
    put_large()
    minute(time)
    minute(time)
    after = tallies.begun(LARGE).after
    pages.fails = True
    minute(time)
    assert after is not None
    assert tallies.begun(LARGE).after == after


def test_what_was_counted_so_far_is_gone_once_the_row_says_it(time: Time, pages: Pages) -> None:
    put_large()
    until_counted(time)
    assert (tallies.begun(LARGE).counts, tallies.begun(LARGE).after) == ({}, None)


def test_a_group_without_a_row_is_counted_in_the_first_minute_however_large_others_are(
    time: Time, pages: Pages, rung: Rung
) -> None:
    put_large()
    until_counted(time)
    close(rows.letter(made(1).id))
    rung.times("NewLetterGroup")
    rows.put(made(50, fingerprint="zz " + SMALL))
    rows.put(made(51, fingerprint="aa " + SMALL))
    minute(time)
    assert [groups.group(prefix + SMALL).counts for prefix in ("aa ", "zz ")] == [{OPEN: 1}, {OPEN: 1}]
    assert rung.times("NewLetterGroup") == 2


def test_a_large_group_without_a_row_rings_in_the_first_minute_and_holds_up_no_other(
    time: Time, pages: Pages, rung: Rung
) -> None:
    put_large()
    rows.put(made(50, fingerprint="zz " + SMALL))
    minute(time)
    assert rung.times("NewLetterGroup") == 2
    assert groups.group("zz " + SMALL).counts == {OPEN: 1}
    until_counted(time)
    assert groups.group(LARGE).counts == {OPEN: MANY}
    assert rung.times("NewLetterGroup") == 0


def test_a_group_that_has_a_row_before_all_is_counted_says_since_when_and_which_code_its_first_letter_is(
    time: Time, pages: Pages
) -> None:
    put_large(code="2.0")
    first = rows.letter(made(1).id)
    rows.put(replace(first, code="1.0"))
    minute(time)
    assert groups.group(LARGE).code == "2.0"
    until_counted(time)
    group = groups.group(LARGE)
    assert (group.code, group.latest_code, group.first_seen) == ("1.0", "2.0", first.failed_at)


def test_a_large_group_that_was_resolved_comes_back(time: Time, pages: Pages) -> None:
    put_large()
    until_counted(time)
    groups.change(LARGE, groups.resolved)
    time.after(minutes=1)
    rows.put(made(60, fingerprint=LARGE, failed_at=clock.stamp(), open_since=clock.stamp()))
    until_counted(time)
    assert groups.group(LARGE).state == OPEN
    assert groups.group(LARGE).counts == {OPEN: MANY + 1}
