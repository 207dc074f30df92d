"""Which robot is assigned which list, with too few or too many robots, and while they come, go and fall silent."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.adding_up import everything_adds_up
from tests.flow.robots import PRICES, at_work, complete, orders, path_of, pick, robots, standing, start
from tests.flow.shopper import (
    Shopper,
    bring_a_robot_online,
    collect,
    leave,
    open_a_store,
    start_heartbeats,
    stop_heartbeats,
)
from tests.support.mall import Mall

DISORDER = [None, 0, 1, 2]


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def mall(request: pytest.FixtureRequest) -> Mall:
    return Mall(disorder=request.param)


@pytest.fixture
def products(mall: Mall) -> dict[str, str]:
    return open_a_store(mall, PRICES)


class TestTooFewAndTooMany:
    def test_with_more_lists_than_robots_the_list_that_has_waited_longest_is_next(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        shoppers = orders(mall, products, 5)
        mall.pass_time(10)
        assert at_work(shoppers) == {}
        ajax = bring_a_robot_online(mall, "Ajax")
        hector = bring_a_robot_online(mall, "Hector")
        mall.pass_time(5)
        assert at_work(shoppers) == {0: ajax, 1: hector}
        for done, expected in [
            (1, {0: ajax, 2: hector}),
            (2, {0: ajax, 3: hector}),
            (0, {4: ajax, 3: hector}),
            (3, {4: ajax}),
        ]:
            collect(shoppers[done])
            mall.pass_time(5)
            assert at_work(shoppers) == expected
        assert robots(mall) == {ajax: "active", hector: "idle"}

    def test_with_more_robots_than_lists_the_robot_that_has_been_idle_longest_is_next(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        first, second, third = (bring_a_robot_online(mall, name) for name in ("Ajax", "Hector", "Io"))
        for bot in (third, first):  # which are idle from now on, one after the other
            leave(mall, bot)
            mall.pass_time(1)
            start_heartbeats(mall, bot)
        (one,) = orders(mall, products)
        (other,) = orders(mall, products)
        assert at_work([one, other]) == {0: second, 1: third}
        collect(one)
        mall.pass_time(1)
        collect(other)
        mall.pass_time(1)
        later = orders(mall, products, 2)
        assert at_work(later) == {0: first, 1: second}
        assert robots(mall) == {first: "active", second: "active", third: "idle"}

    def test_a_list_that_was_given_back_has_waited_since_then(self, mall: Mall, products: dict[str, str]) -> None:
        bot = bring_a_robot_online(mall)
        shoppers = orders(mall, products, 2)
        leave(mall, bot)
        mall.pass_time(1)
        start_heartbeats(mall, bot)
        mall.pass_time(5)
        assert at_work(shoppers) == {1: bot}

    def test_a_robot_whose_order_is_cancelled_is_assigned_a_waiting_list(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        bot = bring_a_robot_online(mall)
        first, second = orders(mall, products, 2)
        start(first, 1)
        assert at_work([first, second]) == {0: bot}
        assert first.cancels().status == 200
        mall.pass_time(5)
        assert (standing(first)[0], at_work([first, second])) == ("cancelled", {1: bot})
        assert second.cancels().status == 200
        assert (standing(second)[0], robots(mall)) == ("cancelled", {bot: "idle"})
        everything_adds_up(mall)


def random_step(mall: Mall, chance: random.Random, bots: list[str], shoppers: list[Shopper]) -> None:
    """A robot falls silent, goes offline, sends heartbeats or works, a clerk assigns a list, or a customer cancels."""
    bot, shopper = chance.choice(bots), chance.choice(shoppers)
    number = shopper.shopping_list()["assignment"]
    steps: list[Callable[[], Any]] = [
        lambda: stop_heartbeats(mall, bot),
        lambda: leave(mall, bot),
        lambda: start_heartbeats(mall, bot),
        lambda: start_heartbeats(mall, bot),
        lambda: start(shopper, number),
        lambda: pick(shopper, number),
        lambda: complete(shopper, number),
        lambda: mall.request("PUT", path_of(shopper, "assign"), {"botId": bot}),
        lambda: shopper.cancels() if chance.random() < 0.3 else None,
    ]
    chance.choice(steps)()


@pytest.mark.parametrize("seed", range(8))
def test_no_robot_has_two_lists_and_no_list_and_robot_wait_for_each_other(seed: int) -> None:
    mall, chance = Mall(disorder=seed), random.Random(seed)
    products = open_a_store(mall, PRICES)
    bots = [bring_a_robot_online(mall, name) for name in ("Ajax", "Hector", "Io")]
    shoppers = orders(mall, products, 6)
    for _ in range(40):
        random_step(mall, chance, bots, shoppers)
        mall.pass_time(chance.choice([0, 0, 2, 9, 35]))
        working = at_work(shoppers)
        assert {bot for bot, status in robots(mall).items() if status == "active"} == set(working.values())
    mall.pass_time(5)
    waiting = [shopper for shopper in shoppers if standing(shopper)[0] == "available"]
    assert not (waiting and "idle" in robots(mall).values())

    for bot in bots:
        start_heartbeats(mall, bot)
    while working := at_work(shoppers):
        for n in working:
            complete(shoppers[n], shoppers[n].shopping_list()["assignment"])
        mall.pass_time(5)
    for shopper in shoppers:
        if shopper.order()["status"] == "ready":
            shopper.pays()
    assert {shopper.order()["status"] for shopper in shoppers} <= {"completed", "cancelled"}
    everything_adds_up(mall)
