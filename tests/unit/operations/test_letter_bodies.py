"""Whatever ends a write of a letter, no body is left that is kept for ever and that no letter has."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import ConcurrencyError, UnavailableError
from functions.operations import collector, rows, run_rows, runs
from functions.operations.letters import DISCARDED, DONE, OPEN, PARKED, Letter
from functions.operations.redriver import redriver
from tests.unit.operations.made import made
from tests.unit.operations.redriving import Calls, Crash, Place, known_consumers

LARGE = 310_000  # bytes of a body: in two parts
CALLS = 20  # more than one write of a letter makes


@pytest.fixture
def consumers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with known_consumers(monkeypatch):
        yield


class ThrottledError(ClientError):
    """DynamoDB refuses a call for now, however often the SDK repeats it."""

    def __init__(self, when: str) -> None:
        super().__init__({"Error": {"Code": "ThrottlingException", "Message": when}}, "PutItem")


def bodies(place: Place) -> dict[tuple[str, str], bool]:
    """The parts of bodies, by their keys: whether they expire."""
    return {key: "expires" in item for key, item in place.views.items.items() if key[1].startswith("body ")}


def strays(place: Place, letter: Letter) -> list[str]:
    """The parts without an expiry that a letter does not have, or that it does not need as it is closed."""
    with place.at_work():
        there = rows.find(letter.id)
    mine = f"body {there.life} " if there and not there.is_closed else "none"
    return [sort for (_, sort), expires in bodies(place).items() if not expires and not sort.startswith(mine)]


def settle(place: Place) -> None:
    """Do what the collector does, long after the function that wrote a body has ended."""
    place.pass_time(3_700)
    with place.at_work():
        rows.settle_bodies(lambda: True)
    assert [key for key in place.views.items if key[0] == "begun"] == []


def ended(place: Place, work: Callable[[], object], calls: Calls) -> bool:
    """Whether a function was ended while it did this."""
    try:
        with place.at_work(calls):
            work()
    except (Crash, UnavailableError, ThrottledError, ConcurrencyError):
        return True
    finally:
        place.pass_time(120)
    return False


whatever_ends_it = pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
by_any_error = pytest.mark.parametrize(
    "error", [Crash, UnavailableError, ThrottledError], ids=["it crashes", "it fails", "it is throttled"]
)


@whatever_ends_it
@by_any_error
@pytest.mark.parametrize("is_there", [False, True], ids=["a new letter", "a closed letter that comes again"])
def test_a_letter_that_is_stored_after_any_call_failed_five_times_has_the_only_body(
    is_there: bool, error: type[BaseException], after: bool
) -> None:
    for call in range(1, CALLS):
        place = Place()
        arrived = place._letter("depot/inbox", body="x" * LARGE)
        if is_there:
            with place.at_work():
                closed = collector.store(replace(arrived, deliveries=("delivery-of-before",)))
                rows.change(closed.id, lambda letter: letter.after("done", state=DONE, run="run-1/0"))
            arrived = replace(arrived, failed_at=place.of_now().replace("2026", "2027"))
        store = partial(collector.store, arrived)
        times = sum(ended(place, store, Calls(crash=call, after=after, error=error)) for _ in range(5))
        with place.at_work():
            stored = store()
        settle(place)
        with place.at_work():
            assert rows.letter(stored.id).body == arrived.body
        assert stored.state == OPEN
        assert strays(place, stored) == []
        assert sorted(bodies(place).values()) == [False] * 2 + [True] * 2 * is_there  # of its life before
        if not times:
            break
    assert call > 5


@whatever_ends_it
@by_any_error
def test_a_letter_that_is_closed_after_any_call_failed_has_a_body_that_expires(
    error: type[BaseException], after: bool
) -> None:
    for call in range(1, CALLS):
        place = Place()
        [letter] = place.letters(1, body="x" * LARGE)

        def discard(id: str = letter.id) -> Letter:
            return rows.change(id, lambda one: one if one.is_closed else one.after(DISCARDED, state=DISCARDED))

        was_ended = ended(place, discard, Calls(crash=call, after=after, error=error))
        with place.at_work():
            discard()
        settle(place)
        assert list(bodies(place).values()) == [True] * 2
        if not was_ended:
            break
    assert call > 5


@whatever_ends_it
@by_any_error
@pytest.mark.parametrize("becomes", [OPEN, DISCARDED], ids=["a new letter", "a letter that is closed"])
@pytest.mark.parametrize("was_closed", [False, True], ids=["", "after it was closed"])
def test_what_a_writer_left_that_is_not_repeated_is_settled_within_hours(
    becomes: str, was_closed: bool, error: type[BaseException], after: bool
) -> None:
    for call in range(1, CALLS):
        place = Place()
        letter = place._letter("depot/inbox", body="x" * LARGE)
        if becomes == DISCARDED or was_closed:
            with place.at_work():
                letter = rows.put(letter)
        if was_closed:
            with place.at_work():
                letter = rows.put(letter.after("done", state=DONE))
            place.pass_time(60)
        write = partial(rows.put, letter.after("written", state=becomes))
        was_ended = ended(place, write, Calls(crash=call, after=after, error=error))
        settle(place)
        with place.at_work():
            there = rows.find(letter.id)
        assert strays(place, letter) == []
        assert there is None or (there.body, there.life != "") == (letter.body, True)
        kept = [sort for (_, sort), expires in bodies(place).items() if not expires]
        assert len(kept) == (2 if there and not there.is_closed else 0)
        if not was_ended:
            assert there
            assert there.state == becomes
            break
    assert call > 5


def test_a_body_that_is_being_written_is_not_settled_before_its_writer_has_ended() -> None:
    place = Place()
    letter = place._letter("depot/inbox", body="x" * LARGE)
    for call in range(1, CALLS):
        if not ended(place, partial(rows.put, letter), Calls(crash=call, after=False, error=Crash)):
            break
        there = list(bodies(place))
        with place.at_work():
            rows.settle_bodies(lambda: True)
        assert list(bodies(place)) == there


def test_all_bodies_are_settled_for_as_long_as_there_is_time() -> None:
    place = Place()
    for _ in range(250):
        ended(place, partial(rows.put, place._letter("depot/inbox")), Calls(crash=4, after=False, error=Crash))
    place.pass_time(3_700)
    assert len(bodies(place)) == 250
    left = iter(range(30, -1, -1))
    with place.at_work():
        rows.settle_bodies(lambda: next(left) > 0)
        assert len(bodies(place)) == 220
        rows.settle_bodies(lambda: True)
    assert bodies(place) == {}


def test_a_letter_that_another_kept_open_while_it_was_to_be_closed_has_a_body_that_does_not_expire() -> None:
    place = Place()
    [letter] = place.letters(1)
    with place.at_work():
        rows.put(letter.after("parked", state=PARKED))
        with pytest.raises(ConcurrencyError):
            rows.put(letter.after(DISCARDED, state=DISCARDED))
    assert list(bodies(place).values()) == [False]


def test_of_two_deliveries_that_are_stored_at_once_the_letter_has_the_only_body() -> None:
    place = Place()
    with place.at_work():
        stored = rows.put(made(deliveries=("the first",)))
        with pytest.raises(ConcurrencyError):
            rows.put(made(deliveries=("the second",)))
    assert strays(place, stored) == []
    assert list(bodies(place)) == [(f"letter {stored.id}", f"body {stored.life} 0000")]


@whatever_ends_it
@by_any_error
def test_of_two_records_of_a_message_the_letter_has_the_only_body_whichever_call_of_the_first_failed(
    error: type[BaseException], after: bool
) -> None:
    for call in range(1, CALLS):
        place = Place()
        first = place._letter("depot/inbox", body="x" * LARGE)
        was_ended = ended(place, partial(collector.store, first), Calls(crash=call, after=after, error=error))
        with place.at_work():
            collector.store(replace(first, deliveries=("the second",)))
        for again in range(1, CALLS):  # and whichever call of its next try failed
            if not ended(place, partial(collector.store, first), Calls(crash=again, after=after, error=error)):
                break
        settle(place)
        with place.at_work():
            stored = rows.letter(first.id)
        assert (strays(place, stored), len(bodies(place))) == ([], 2)
        if not was_ended:
            break
    assert call > 5


@whatever_ends_it
@pytest.mark.parametrize("error", [Crash, ThrottledError], ids=["it crashes", "it is throttled"])
@pytest.mark.parametrize("goes_on", [True, False], ids=["its run goes on", "its run is cancelled"])
def test_a_letter_that_its_relay_published_has_a_body_that_expires_whichever_call_of_the_redriver_failed(
    consumers: None, error: type[BaseException], after: bool, goes_on: bool
) -> None:
    for call in range(1, 2 * CALLS):
        place = Place()
        [letter] = place.letters(1, "depot/relay")
        run = place.run([letter])
        was_ended = ended(place, partial(redriver.handle, {}), Calls(crash=call, after=after, error=error))
        with place.at_work():
            run_rows.change(run.id, lambda one: one if goes_on or one.ended else runs.cancelled(one, "ada"))
        place.until_over(run)
        settle(place)
        there = place.letter(letter)
        assert (there.is_closed, strays(place, letter)) == (bool(place.relayed), [])
        assert place.states(run) == (runs.HANDLED if place.relayed else runs.PENDING)
        if not was_ended:
            break
    assert call > 20
