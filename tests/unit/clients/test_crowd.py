"""Many orders on their paths, concurrently."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from clients.mall import Mall
from clients.order import Order
from clients.people import People
from clients.scenarios.crowd import Crowd, Visit, path_of
from clients.scenarios.fate import Fate
from clients.scenarios.paths import PATHS, Path, Scene, Steps


class AlwaysReached(Fate):
    """A fate that is always reached."""

    def unmet(self, order: Order) -> str | None:
        return None


def visit(name: str, walk: Callable[[Order, Any], Steps]) -> Visit:
    mall = Mall("http://127.0.0.1")
    return Visit(Path(name, walk, AlwaysReached("", "", ""), weight=1), Order(People(mall, mall)))


def walk(visits: list[Visit], workers: int) -> list[str]:
    """Run the visits; returns what was reported."""
    reported: list[str] = []
    scene: Any = None
    Crowd(visits, scene, reported.append).walk(workers)
    return reported


@pytest.mark.parametrize("workers", [1, 3])
def test_all_visits_end_with_any_number_of_workers(workers: int) -> None:
    walked: list[str] = []

    def steps(order: Order, scene: Scene) -> Steps:
        walked.append("begun")
        yield 0
        yield 0
        walked.append("ended")

    visits = [visit("long", steps) for _ in range(10)]
    assert walk(visits, workers)[-1] == "10 of 10 have ended, 0 have not started"
    assert Counter(walked) == {"begun": 10, "ended": 10}


def test_a_visit_that_waits_occupies_no_worker_and_continues_before_others_start() -> None:
    walked: list[str] = []

    def first(order: Order, scene: Scene) -> Steps:
        walked.append("first begins")
        yield 0
        walked.append("first continues")

    def second(order: Order, scene: Scene) -> Steps:
        walked.append("second begins")
        yield 0
        walked.append("second continues")

    walk([visit("first", first), visit("second", second)], 1)
    assert walked == ["first begins", "first continues", "second begins", "second continues"]


def test_a_visit_that_fails_has_the_reason_and_does_not_affect_others() -> None:
    def goes_well(order: Order, scene: Scene) -> Steps:
        yield 0

    def goes_wrong(order: Order, scene: Scene) -> Steps:
        yield 0
        raise KeyError("lost")

    visits = [visit("well", goes_well), visit("wrong", goes_wrong), visit("well", goes_well)]
    reported = walk(visits, 2)
    assert [one.problem for one in visits] == ["", "KeyError: 'lost'", ""]
    assert "order (none), wrong: KeyError: 'lost'" in reported


def test_the_mixture_takes_every_path_by_its_weight() -> None:
    orders = sum(path.weight for path in PATHS.values())
    taken = Counter(path_of(number).name for number in range(orders))
    assert taken == {name: path.weight for name, path in PATHS.items()}
    assert [path_of(number) for number in range(orders, 2 * orders)] == [path_of(number) for number in range(orders)]
