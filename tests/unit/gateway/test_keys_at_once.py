"""Two runs of the keys function at once, as of a schedule that ticks twice: in any order of their calls."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any

import pytest

from tests.unit.gateway.test_keys import DAY, SIGNS_FOR, Place, keys_of, kids_of

CALLS = 6  # of the first run of all, which nothing disturbs
Event = dict[str, Any]


def orders() -> list[tuple[int, ...]]:
    """Every order of the calls of two runs: which of them each call is of."""
    return [tuple(int(n in second) for n in range(2 * CALLS)) for second in combinations(range(2 * CALLS), CALLS)]


class Turns:
    """One of two runs is at work at a time; at each call it gives the turn to whose it is by an order."""

    def __init__(self, order: tuple[int, ...]) -> None:
        self._order = iter(order)
        self._done: set[int] = set()
        self._change = threading.Condition()
        self._run = threading.local()
        self._turn = next(self._order)

    def take(self, number: int, run: Callable[[], Event]) -> Event:
        """Make a run, at its turns."""
        self._run.number = number
        with self._change:
            self._change.wait_for(lambda: self._turn == number)
        try:
            return run()
        finally:
            self._done.add(number)
            self._give()

    def call(self) -> None:
        """Before a call."""
        self._give()
        with self._change:
            self._change.wait_for(lambda: self._turn == self._run.number)

    def _give(self) -> None:
        with self._change:
            turn = next(self._order, self._turn)
            self._turn = 1 - turn if turn in self._done else turn
            self._change.notify_all()


def at_once(place: Place, events: tuple[Event, Event], order: tuple[int, ...], pool: ThreadPoolExecutor) -> list[Event]:
    turns = Turns(order)
    place.call = turns.call
    runs = [pool.submit(turns.take, n, lambda event=event: place.run(event)) for n, event in enumerate(events)]
    answers = [run.result(timeout=60) for run in runs]
    place.call = lambda: None
    return answers


def test_the_calls_of_a_first_run_are_as_many_as_the_orders_are_of() -> None:
    place, calls = Place(), []
    place.call = lambda: calls.append(1)
    place.run()
    assert len(calls) == CALLS


def test_two_first_runs_at_once_make_one_key_which_signs_and_is_published() -> None:
    with ThreadPoolExecutor(2) as pool:
        for order in orders():
            place = Place()
            answers = at_once(place, ({}, {}), order, pool)
            [key] = keys_of(place.secret.text)
            assert answers == [{"keys": [key.kid], "signer": key.kid}] * 2, order
            assert kids_of(place.published.text) == {key.kid}, order


@pytest.mark.parametrize("days", [1, SIGNS_FOR // DAY])
def test_a_key_that_is_distrusted_while_another_run_is_at_work_is_gone(days: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        for order in orders():
            place = Place()
            [leaked] = place.run()["keys"]
            place.now += days * DAY
            at_once(place, ({"distrust": leaked}, {}), order, pool)
            left = {key.kid for key in keys_of(place.secret.text)}
            assert leaked not in left, order
            assert kids_of(place.published.text) == left, order
