"""Workers and subscribers step by step in every order: whoever watches ends with what the store has, or is told."""

from datetime import timedelta

import pytest

from events.ordering import OrderApproved, OrderCompleted
from functions.live import log
from tests.unit.live.desk import order
from tests.unit.live.interleaved import Actor
from tests.unit.live.scene import FIRST, SECOND, SHARD, Scene, has_all, has_all_at_once, in_every_order, watched, works


def test_who_subscribes_during_a_batch_misses_nothing() -> None:
    def actors(scene: Scene) -> list[Actor]:
        scene.client("page")
        return [Actor(works((order(FIRST), 1))), Actor(scene.subscribes("page"))]

    assert in_every_order(Scene(), actors, has_all_at_once("page")) > 1


def test_who_subscribes_during_a_batch_to_what_others_watch_misses_nothing() -> None:
    before, _ = watched()

    def actors(scene: Scene) -> list[Actor]:
        scene.client("page")
        return [Actor(works((order(FIRST, OrderApproved), 2))), Actor(scene.subscribes("page"))]

    assert in_every_order(before, actors, has_all_at_once("page")) > 1


@pytest.mark.parametrize("missed", [True, False])
def test_who_resumes_during_a_batch_misses_nothing_and_reads_nothing_anew(missed: bool) -> None:
    before, known = watched()
    before.connections.close("early")
    if missed:
        before.do(works((order(SECOND), 1)))

    def actors(scene: Scene) -> list[Actor]:
        scene.client("page", known)
        return [Actor(works((order(FIRST, OrderApproved), 2))), Actor(scene.subscribes("page"))]

    def check(scene: Scene) -> None:
        has_all("page")(scene)
        assert scene.clients["page"].snapshots == 0

    assert in_every_order(before, actors, check) > 1


@pytest.mark.parametrize("same", [False, True], ids=["of two orders", "of one order"])
def test_two_workers_that_append_at_once_take_two_numbers(same: bool) -> None:
    before, known = watched()
    second = (order(FIRST, OrderCompleted), 3) if same else (order(SECOND), 1)

    def actors(scene: Scene) -> list[Actor]:
        scene.client("early", known)
        return [Actor(works((order(FIRST, OrderApproved), 2))), Actor(works(second))]

    assert in_every_order(before, actors, has_all("early")) > 1


@pytest.mark.parametrize(("worker", "page"), [(0, 0), (5, -5), (-5, 5)], ids=["agree", "worker ahead", "page ahead"])
def test_a_watch_that_ends_while_a_worker_works_hides_nothing(worker: float, page: float) -> None:
    """The clocks are within seconds of the end of the watch, on this side of it or on that."""
    before, known = watched()
    before.now += log.LEASE

    def actors(scene: Scene) -> list[Actor]:
        scene.client("page", known)
        return [
            Actor(works((order(FIRST, OrderApproved), 2)), ahead=worker),
            Actor(scene.subscribes("page"), ahead=page),
        ]

    assert in_every_order(before, actors, has_all("page")) > 1


@pytest.mark.parametrize("ahead", [-5, 5])
def test_a_ping_that_extends_a_watch_while_a_worker_finds_it_over_hides_nothing(ahead: float) -> None:
    before, known = watched()
    before.now += log.LEASE

    def actors(scene: Scene) -> list[Actor]:
        scene.client("early", known)
        return [
            Actor(works((order(FIRST, OrderApproved), 2)), ahead=ahead),
            Actor(scene.pings("early"), ahead=-ahead),
        ]

    assert in_every_order(before, actors, has_all("early")) > 1


def test_two_workers_of_which_one_finds_the_watch_over_hide_nothing() -> None:
    before, known = watched()
    before.now += log.LEASE

    def actors(scene: Scene) -> list[Actor]:
        scene.client("early", known)
        return [
            Actor(works((order(FIRST, OrderApproved), 2)), ahead=5),
            Actor(works((order(SECOND), 1)), ahead=-5),
        ]

    assert in_every_order(before, actors, has_all("early")) > 1


def test_two_who_begin_to_watch_at_once_share_an_epoch() -> None:
    before = Scene()
    before.do(works((order(FIRST), 1)))

    def actors(scene: Scene) -> list[Actor]:
        scene.client("one"), scene.client("two")
        return [Actor(scene.subscribes("one")), Actor(scene.subscribes("two"))]

    def check(scene: Scene) -> None:
        assert scene.shown("one") == scene.shown("two") == scene.stored()
        epochs = {client.boards["orders", SHARD.number].epoch for client in scene.clients.values()}
        assert len(epochs) == 1

    assert in_every_order(before, actors, check) > 1


@pytest.mark.parametrize("crash", range(1, 9))
def test_a_worker_that_ends_at_any_step_and_whose_batch_comes_again_hides_nothing(crash: int) -> None:
    before, known = watched()

    def actors(scene: Scene) -> list[Actor]:
        scene.client("early", known)
        scene.client("page")
        work = works((order(FIRST, OrderApproved), 2), (order(SECOND), 1))
        return [Actor(work, crashes_at=crash), Actor(scene.subscribes("page"))]

    def check(scene: Scene) -> None:
        scene.do(works((order(SECOND), 1), (order(FIRST, OrderApproved), 2)))
        for name in ("early", "page"):
            has_all(name)(scene)
        assert set(scene.stored()) == {FIRST, SECOND}

    assert in_every_order(before, actors, check) > 1


@pytest.mark.parametrize("crash", range(1, 10))
def test_a_worker_that_ends_while_an_order_moves_beside_its_board_hides_nothing(crash: int) -> None:
    """It may end between the row and its stub, and an older message come late."""
    before, known = watched()

    def actors(scene: Scene) -> list[Actor]:
        scene.client("early", known)
        scene.client("page")
        return [
            Actor(works((order(FIRST, OrderCompleted), 3)), crashes_at=crash),
            Actor(works((order(FIRST, OrderApproved), 2))),
            Actor(scene.subscribes("page")),
        ]

    def check(scene: Scene) -> None:
        scene.do(works((order(FIRST, OrderCompleted), 3)))
        for name in ("early", "page"):
            has_all(name)(scene)
            assert scene.shown(name)[FIRST][1]["status"] == "completed"

    assert in_every_order(before, actors, check) > 1


def test_what_comes_twice_while_it_is_handled_hides_nothing() -> None:
    before, known = watched()

    def actors(scene: Scene) -> list[Actor]:
        scene.client("early", known)
        again = works((order(FIRST, OrderApproved), 2))
        return [Actor(again), Actor(again, ahead=timedelta(seconds=2).total_seconds())]

    assert in_every_order(before, actors, has_all("early")) > 1
