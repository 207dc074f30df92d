"""Groups say how many letters are alike, since when and since which code; they ring when new, back, or growing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.kernel.domain.errors import NotFoundError
from functions.kernel.messaging.outcomes import DEAD
from functions.kernel.projections import projection
from functions.kernel.runtime import budget, clock
from functions.operations import groups, rows, transitions
from functions.operations.collector import ring_for_the_oldest
from functions.operations.letters import DISCARDED, DONE, OPEN, PARKED, Letter
from functions.operations.redriver import NO_OUTCOME
from tests.unit.operations.made import ID, made
from tests.unit.operations.rung import Rung

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Time:
    now = NOON + timedelta(hours=2)


@pytest.fixture(autouse=True)
def time() -> Iterator[Time]:
    time = Time()
    with clock.fixed(lambda: time.now):
        yield time


def close(letter: Letter) -> Letter:
    return rows.change(letter.id, lambda letter: letter.after("done", state=DONE))


class Counted:
    def test_a_group_counts_its_letters_by_state_and_says_since_when_and_which_code_they_come(self) -> None:
        rows.put(made(1, code="1.0"))
        rows.put(made(2, state=PARKED, code="1.1"))
        rows.put(made(3, code="1.1"))
        rows.put(made(4, fingerprint="another"))
        groups.count_changed()
        group = groups.group(ID)
        assert group.counts == {OPEN: 2, PARKED: 1}
        assert (group.first_seen, group.last_seen) == (made(1).failed_at, made(3).failed_at)
        assert (group.code, group.latest_code, group.sample) == ("1.0", "1.1", made(3).id)
        assert (group.consumer, group.name, group.error) == ("depot/inbox", "OrderApproved", "RuntimeError")
        assert groups.group("another").counts == {OPEN: 1}

    def test_a_letter_that_the_index_does_not_have_yet_is_counted(self) -> None:
        group = groups.count_again(ID, [made(1), made(2), made(3, fingerprint="another")])
        assert group
        assert group.counts == {OPEN: 2}

    def test_a_letter_that_was_changed_since_it_was_stored_is_counted_as_it_is(self) -> None:
        stored = rows.put(made())
        close(stored)
        group = groups.count_again(ID, [stored])
        assert group
        assert group.counts == {DONE: 1}

    def test_a_change_is_counted_even_if_its_writer_died(self, time: Time) -> None:
        letter = rows.put(made())
        groups.count_changed()
        close(letter)
        time.now += timedelta(minutes=1)
        groups.count_changed()
        assert groups.group(ID).counts == {DONE: 1}

    def test_a_mark_stays_until_the_group_was_counted_two_minutes_after_it(self, time: Time) -> None:
        rows.put(made())
        for _ in range(3):
            groups.count_changed()
            assert list(projection.rows(rows.CHANGED))
            time.now += timedelta(minutes=1)
        groups.count_changed()
        assert not list(projection.rows(rows.CHANGED))

    def test_a_group_that_is_not_there_is_not_found(self) -> None:
        with pytest.raises(NotFoundError):
            groups.group("none")

    def test_groups_are_listed_by_when_they_were_seen_last(self) -> None:
        for number in range(1, 6):
            rows.put(made(number, fingerprint=f"group-{number}"))
        groups.count_changed()
        groups.change("group-3", lambda group: groups.resolved(group))
        first = groups.groups(OPEN, 2, None)
        second = groups.groups(OPEN, 2, first.after)
        found = [group.id for page in (first, second) for group in page.groups]
        assert (found, second.after) == (["group-5", "group-4", "group-2", "group-1"], None)
        assert [group.id for group in groups.every(groups.RESOLVED)] == ["group-3"]

    def test_a_resolved_group_to_which_a_letter_comes_is_open_again_and_says_so(self, time: Time) -> None:
        rows.put(made(1))
        groups.count_changed()
        groups.change(ID, lambda group: groups.resolved(group))
        groups.count_again(ID)
        assert groups.group(ID).state == groups.RESOLVED
        time.now += timedelta(minutes=5)
        now = clock.stamp()
        rows.put(made(2, failed_at=now, open_since=now))
        groups.count_changed()
        assert (groups.group(ID).state, groups.group(ID).came_back) == (OPEN, now)

    @pytest.mark.parametrize("why", ["no commit holds it", NO_OUTCOME])
    def test_a_resolved_group_whose_letter_was_sent_back_and_failed_again_is_open_again(
        self, time: Time, why: str
    ) -> None:
        letter = rows.put(made(1, consumer="depot/relay"))
        groups.count_changed()
        groups.change(ID, groups.resolved)
        time.now += timedelta(minutes=5)
        rows.change(letter.id, lambda one: transitions.claimed(one, "run/0", "operator:ada", 3))
        rows.change(letter.id, lambda one: transitions.with_outcome(one, "run/0", DEAD, why))
        groups.count_changed()
        assert (groups.group(ID).state, groups.group(ID).came_back) == (OPEN, clock.stamp())

    def test_counts_are_as_of_the_moment_at_which_counting_began(
        self, time: Time, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows.put(made(1))
        begun, page = clock.stamp(), rows.letters

        def slow(*given: Any, **more: Any) -> rows.Letters:
            found = page(*given, **more)
            time.now += timedelta(seconds=5)
            return found

        monkeypatch.setattr(rows, "letters", slow)
        groups.count_changed()
        assert groups.group(ID).counted_at == begun

    def test_a_count_that_ends_after_a_page_goes_on_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rows, "LOOKED_AT", 2)
        for number in range(1, 6):
            rows.put(made(number))
        counted = [groups.count_again(ID, (), lambda: False) for _ in range(3)]
        assert [bool(group) for group in counted] == [False, False, True]
        assert groups.group(ID).counts == {OPEN: 5}

    def test_a_large_group_is_not_counted_each_minute(self, time: Time) -> None:
        groups.count_again(ID, [made(1, id=str(n)) for n in range(9_000)])
        rows.put(made(1))
        time.now += timedelta(minutes=1)
        groups.count_changed()
        assert groups.group(ID).counts == {OPEN: 9_000}
        time.now += timedelta(minutes=1)
        groups.count_changed()
        assert groups.group(ID).counts == {OPEN: 1}


def test_a_group_too_large_for_the_time_that_is_left_holds_up_no_other(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "LOOKED_AT", 3)
    put = [rows.put(made(number, fingerprint="a large one")) for number in range(1, 41)]
    small = rows.put(made(41, fingerprint="one that is small"))
    groups.count_changed()
    groups.count_changed()
    for letter in (put[0], small):
        close(letter)
    page = rows.letters

    def slow(*given: Any, **more: Any) -> rows.Letters:
        time.now += timedelta(seconds=5)
        return page(*given, **more)

    monkeypatch.setattr(rows, "letters", slow)
    time.now += timedelta(minutes=5)
    with budget.at_most(60):
        groups.count_changed(has_time=lambda: budget.left() > 20)
        assert budget.left() > 0
    assert groups.group("one that is small").counts == {DONE: 1}
    assert groups.group("a large one").counts == {OPEN: 40}
    assert {mark["group"] for mark in projection.rows(rows.CHANGED)} == {"a large one"}


class TestInMemory(Counted):
    pass


@pytest.mark.usefixtures("in_dynamodb")
class TestInDynamoDB(Counted):
    pass


def test_a_new_group_rings_once_and_again_when_it_comes_back(rung: Rung, time: Time) -> None:
    rows.put(made(1))
    groups.count_changed()
    assert rung.times("NewLetterGroup") == 1
    rows.put(made(2))
    groups.count_changed()
    assert rung.times("NewLetterGroup") == 0
    groups.change(ID, lambda group: groups.resolved(group))
    time.now += timedelta(minutes=5)
    rows.put(made(3, failed_at=clock.stamp()))
    groups.count_changed()
    assert rung.times("NewLetterGroup") == 1


def test_a_group_rings_at_ten_open_letters_and_each_time_that_they_are_twice_as_many(rung: Rung) -> None:
    counts = {9: 0, 10: 1, 15: 0, 19: 0, 20: 1, 39: 0, 41: 1}
    seen = {}
    for count in counts:
        groups.count_again(ID, [made(1, id=str(number)) for number in range(count)])
        seen[count] = rung.times("LetterGroupGrows")
    assert seen == counts


def test_a_group_of_which_all_letters_were_closed_grows_anew(rung: Rung) -> None:
    ten = [made(1, id=str(number)) for number in range(10)]
    for letters in (ten, [made(1, id="0", state=DISCARDED)], ten):
        groups.count_again(ID, letters)
    assert rung.times("LetterGroupGrows") == 2


def test_a_letter_that_has_been_open_for_a_day_rings(rung: Rung, time: Time) -> None:
    rows.put(made(1))
    time.now = NOON + timedelta(hours=24)
    ring_for_the_oldest()
    assert rung.times("LetterWaits") == 0
    time.now = NOON + timedelta(hours=24, minutes=2)
    ring_for_the_oldest()
    assert rung.times("LetterWaits") == 1
    close(rows.letter(made(1).id))
    ring_for_the_oldest()
    assert rung.times("LetterWaits") == 0
