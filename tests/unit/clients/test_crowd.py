"""Many orders on their paths at once."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from clients.mall import Mall
from clients.order import Order
from clients.scenarios.crowd import Crowd, Visit, path_of
from clients.scenarios.fate import Fate
from clients.scenarios.paths import PATHS, Path, Scene, Steps


class Settled(Fate):
    """A fate that is always fulfilled."""

    def unmet(self, order: Order) -> str | None:
        return None


def visit(name: str, walk: Callable[[Order, Any], Steps]) -> Visit:
    return Visit(Path(name, walk, Settled("", "", ""), weight=1), Order(Mall("http://127.0.0.1")))


def walk(visits: list[Visit], hands: int) -> list[str]:
    """Let them go; what was told."""
    told: list[str] = []
    scene: Any = None
    Crowd(visits, scene, told.append).walk(hands)
    return told


@pytest.mark.parametrize("hands", [1, 3])
def test_all_walk_to_their_ends_however_few_hands_there_are(hands: int) -> None:
    walked: list[str] = []

    def steps(order: Order, scene: Scene) -> Steps:
        walked.append("begun")
        yield 0
        yield 0
        walked.append("ended")

    visits = [visit("long", steps) for _ in range(10)]
    assert walk(visits, hands)[-1] == "10 of 10 have ended, 0 have not started"
    assert Counter(walked) == {"begun": 10, "ended": 10}


def test_who_waits_takes_no_hand_and_goes_on_before_others_begin() -> None:
    walked: list[str] = []

    def first(order: Order, scene: Scene) -> Steps:
        walked.append("first begins")
        yield 0
        walked.append("first goes on")

    def second(order: Order, scene: Scene) -> Steps:
        walked.append("second begins")
        yield 0
        walked.append("second goes on")

    walk([visit("first", first), visit("second", second)], 1)
    assert walked == ["first begins", "first goes on", "second begins", "second goes on"]


def test_one_that_goes_wrong_says_why_and_leaves_the_others_alone() -> None:
    def goes_well(order: Order, scene: Scene) -> Steps:
        yield 0

    def goes_wrong(order: Order, scene: Scene) -> Steps:
        yield 0
        raise KeyError("lost")

    visits = [visit("well", goes_well), visit("wrong", goes_wrong), visit("well", goes_well)]
    told = walk(visits, 2)
    assert [one.problem for one in visits] == ["", "KeyError: 'lost'", ""]
    assert "order (none), wrong: KeyError: 'lost'" in told


def test_the_mixture_takes_every_path_by_its_weight() -> None:
    orders = sum(path.weight for path in PATHS.values())
    taken = Counter(path_of(number).name for number in range(orders))
    assert taken == {name: path.weight for name, path in PATHS.items()}
    assert [path_of(number) for number in range(orders, 2 * orders)] == [path_of(number) for number in range(orders)]
