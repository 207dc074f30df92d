"""Letters that cannot be told, all within minutes: of a function that does not answer, of a consumer that is gone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import Runtime
from functions.operations import forecast_chunks, forecast_rows, rows, runs
from functions.operations.cloud import LONGEST_CALL
from functions.operations.runs import Run
from tests.unit.operations.made import made
from tests.unit.operations.test_forecasts import Consumers, Time, asked, begin, go_on, put, time, told

__all__ = ["Time", "asked", "time"]  # fixtures
MANY = 250  # letters: three chunks


def put_many(consumer: str, count: int = MANY) -> list[str]:
    return put(*(made(n, consumer, failed_at=f"2026-03-01T12:{n:04}") for n in range(1, count + 1)))


def minutes_of(run: Run) -> tuple[Run, int]:
    """The forecast once it is done, and how many minutes that took."""
    for minute in range(1, 31):
        run = go_on(run)
        if run.ended:
            return run, minute
    raise AssertionError(forecast_rows.progress(run))


class SilentRelays:
    """Relays none of which answers."""

    def __init__(self) -> None:
        self.asked = 0

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.asked += 1
        raise UnavailableError("down")


def test_all_letters_of_a_service_that_does_not_answer_are_left_open_in_the_third_minute(asked: Consumers) -> None:
    asked.down.add("depot")
    letters, fine = put_many("depot/inbox"), put(made(999, "ordering/inbox"))
    run, minutes = minutes_of(begin(*letters, *fine))
    assert told(run) == {**dict.fromkeys(letters, "cannot tell"), **dict.fromkeys(fine, "passes")}
    assert (minutes, len(asked.asked), run.state) == (3, 4, runs.DONE)
    why = {answer["detail"]["why"] for _, answer in forecast_rows.answers(run) if answer["id"] in letters}
    assert why == {"the forecast of depot does not answer"}


def test_all_letters_of_a_relay_that_does_not_answer_are_left_open_and_those_of_its_service_are_not(
    asked: Consumers, runtime: Runtime
) -> None:
    runtime.adapters["relays"] = relays = SilentRelays()
    fine, letters = put(made(999, "depot/inbox")), put_many("depot/relay")
    run, minutes = minutes_of(begin(*letters, *fine))
    assert told(run) == {**dict.fromkeys(letters, "cannot tell"), **dict.fromkeys(fine, "passes")}
    assert (minutes, relays.asked) == (3, 3)


@pytest.mark.parametrize("places", [(0,), (50,), (99,), (50, 51), (MANY - 1,)], ids=str)
def test_a_letter_of_which_its_service_dies_costs_no_other_its_answer(
    asked: Consumers, places: tuple[int, ...]
) -> None:
    letters = put_many("depot/inbox")
    asked.dies_of = {letters[place] for place in places}
    run, minutes = minutes_of(begin(*letters))
    left_open = {letter for letter, answer in told(run).items() if answer == "cannot tell"}
    assert (left_open, run.counts) == (asked.dies_of, {"passes": MANY - len(places), "cannot tell": len(places)})
    assert minutes <= 2 + 3 * len(places)


def test_a_service_that_dies_of_every_letter_is_asked_about_five_of_them(asked: Consumers) -> None:
    letters, fine = put_many("depot/inbox"), put(made(999, "ordering/inbox"))
    asked.dies_of = set(letters)
    run, minutes = minutes_of(begin(*letters, *fine))
    assert told(run) == {**dict.fromkeys(letters, "cannot tell"), **dict.fromkeys(fine, "passes")}
    assert minutes == 1 + 2 * 5


@pytest.mark.parametrize("other", ["depot/inbox", "ordering/inbox"])
def test_four_letters_in_a_row_of_which_a_service_dies_are_not_every_letter(asked: Consumers, other: str) -> None:
    services = ["depot/inbox"] * 5 + [other] * 5
    letters = put(*(made(n, service, failed_at=f"2026-03-01T12:{n:04}") for n, service in enumerate(services, 1)))
    asked.dies_of = set(letters) - {letters[0], letters[9]} - ({letters[5]} if other == "depot/inbox" else set())
    run, _ = minutes_of(begin(*letters))
    assert {letter for letter, answer in told(run).items() if answer == "cannot tell"} == asked.dies_of


def test_a_service_that_answers_again_in_time_is_asked_about_all(asked: Consumers) -> None:
    asked.down.add("depot")
    letters = put_many("depot/inbox")
    run = go_on(begin(*letters), times=2)
    asked.down.clear()
    run, _ = minutes_of(run)
    assert told(run) == dict.fromkeys(letters, "passes")


def test_a_letter_for_which_no_time_is_left_is_not_left_open(asked: Consumers, time: Time) -> None:
    letters = put_many("depot/inbox", 5)
    asked.down.add("depot")
    run = go_on(begin(*letters), times=2)
    asked.down.clear()

    def begins() -> None:
        """A new release starts in 8 s, and no call begins that could outlast the runner."""
        budget.check(LONGEST_CALL)
        time.now += timedelta(seconds=0 if asked.asked[2:] else 8)

    asked.before = begins
    with budget.at_most(LONGEST_CALL + 8):
        run = go_on(run)
    assert (asked.asked[2:], told(run)) == ([()], {})
    run, _ = minutes_of(run)
    assert told(run) == dict.fromkeys(letters, "passes")


def test_letters_of_a_consumer_that_is_gone_are_left_open_together(
    asked: Consumers, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    find = rows.find

    def counted(id: str) -> Any:
        read.append(id)
        return find(id)

    letters, fine = put_many("depot/renamed", 50), put(made(999, "depot/inbox"))
    run = begin(*letters, *fine)
    monkeypatch.setattr(forecast_chunks, "_find", counted)
    run = go_on(run)
    assert told(run) == {**dict.fromkeys(letters, "cannot tell"), **dict.fromkeys(fine, "passes")}
    assert len(read) == 52  # the last of the first chunk is the first of the next
