"""What is said of a backlog: which times the checker finds too late."""

from datetime import timedelta

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.backlogs import TOLD_IN_TIME
from tests.simulation.check.letters import TABLE
from tests.simulation.history_builder import BEGIN

SEARCH = "search/inbox"
HOUR = 3_600.0


def is_late(waited: float, said: float | None, *, wanted: str = "paused", handled: bool = False) -> bool:
    """Whether a row is found that says since how many hours (None: never) what waited for so many hours has waited."""
    history = sample_histories.completed()
    history.record("sent", queue=SEARCH, message="m", body="{}", delay=0)
    sent = BEGIN + timedelta(microseconds=history.entries[-1][0])
    if handled:
        history.record("deleted", queue=SEARCH, message="m")
    history.wait(waited * HOUR)
    at = sent + timedelta(hours=waited)
    since = (
        "" if said is None else (at - timedelta(hours=said)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    )
    row = {"consumer": SEARCH, "wanted": wanted, "itself": False, "waits_since": since, "version_of_row": 1}
    history.write_row(TABLE, "consumers", SEARCH, 1, row)
    return TOLD_IN_TIME in {one.invariant for one in check(history.entries, history.final)}


@pytest.mark.parametrize(("waited", "said"), [(30, 30), (30, 7), (2, 0), (2, None)])
def test_a_time_within_a_day_of_the_oldest_message_is_early_enough(waited: float, said: float | None) -> None:
    assert not is_late(waited, said)


@pytest.mark.parametrize("wanted", ["paused", "running"])
def test_a_later_one_is_found(wanted: str) -> None:
    assert is_late(30, 1, wanted=wanted)


def test_none_is_found_while_a_consumer_is_paused_and_a_message_waits_for_more_than_a_day() -> None:
    assert is_late(30, None)
    assert not is_late(30, None, wanted="running")  # what is left of a backlog is retried, or delayed


def test_what_was_handled_does_not_wait() -> None:
    assert not is_late(30, 1, handled=True)
