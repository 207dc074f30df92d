"""A run holds where nothing is wrong, all came to rest, every fault struck, and enough orders were completed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.journal import Asked
from tests.chaos.judge import ROBOTS_UNDELIVERED, Verdict
from tests.chaos.kills import TakenBack
from tests.chaos.run import COMPLETED

KILLED = 1_000.0


def kill(seconds: float) -> TakenBack:
    """One that took back what was acknowledged so many seconds before, where three are promised."""
    asked = Asked(1, "staff:clerk", "POST", "/api/stores", {}, "key", KILLED - seconds, KILLED - seconds, 200, {})
    return TakenBack(KILLED, KILLED - 10.0, 3.0, [asked], [])


def good() -> Verdict:
    """Of a hundred orders, just enough are completed."""
    statuses = Counter(completed=60, rejected=20, cancelled=20)
    return Verdict(100, statuses, {"proxy_dropped": 1, "iot_lost": 1}, [kill(2.0)], rested=True)


def wrong(verdict: Verdict) -> dict[str, list[str]]:
    found: dict[str, list[str]] = verdict.details()["wrong"]
    return found


def test_a_run_in_which_nothing_is_wrong_holds() -> None:
    assert good().holds(COMPLETED)
    assert wrong(good()) == {}


def test_fewer_than_60_of_100_orders_that_were_completed_are_too_few() -> None:
    assert not replace(good(), statuses=Counter(completed=59, rejected=21, cancelled=20)).holds(COMPLETED)


def test_only_completed_orders_count_as_completed() -> None:
    assert not replace(good(), statuses=Counter(rejected=60, cancelled=40)).holds(COMPLETED)


def test_a_run_that_did_not_come_to_rest_does_not_hold() -> None:
    verdict = replace(good(), rested=False)
    assert not verdict.holds(COMPLETED)
    assert verdict.details()["rested"] is False


def test_a_fault_that_never_struck_is_wrong() -> None:
    verdict = replace(good(), faults={"proxy_dropped": 0, "iot_lost": 1})
    assert not verdict.holds(COMPLETED)
    assert wrong(verdict) == {"faults": ["proxy_dropped never struck"]}


def test_a_kill_that_took_back_more_than_was_promised_is_wrong() -> None:
    verdict = replace(good(), kills=[kill(2.0), kill(3.5)])
    assert not verdict.holds(COMPLETED)
    assert wrong(verdict) == {"kills": ["a kill took back what was acknowledged 3.5 s before, and 3.0 s are promised"]}


@pytest.mark.parametrize(
    ("name", "add"),
    [
        ("lost", lambda verdict: verdict.lost.append("x")),
        ("twice", lambda verdict: verdict.twice.append("x")),
        ("unfinished", lambda verdict: verdict.unfinished.append("x")),
        ("money", lambda verdict: verdict.money.update(order=1)),
        ("dead letters", lambda verdict: verdict.dead_letters.append("depot/inbox/dead-letters: {}")),
        ("others", lambda verdict: verdict.others.append("x")),
    ],
)
def test_a_run_in_which_one_thing_is_wrong_does_not_hold(name: str, add: Callable[[Verdict], object]) -> None:
    verdict = good()
    add(verdict)
    assert not verdict.holds(COMPLETED)
    assert list(wrong(verdict)) == [name]


@pytest.mark.parametrize(("letters", "holds"), [(1, True), (2, False)])
def test_of_what_robots_said_as_many_letters_may_be_left_as_the_broker_lost(letters: int, holds: bool) -> None:
    verdict = replace(good(), dead_letters=[f"{ROBOTS_UNDELIVERED}: {{}}"] * letters)
    assert verdict.holds(COMPLETED) is holds
