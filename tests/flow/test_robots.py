"""Robots that fall silent or go offline mid-task, and come back to a list that is no longer theirs."""

import pytest

from tests.flow.adding_up import everything_adds_up
from tests.flow.robots import PRICES, STEPS, at_work, complete, orders, pick, picked, robots, standing, start
from tests.flow.shopper import (
    Shopper,
    bring_a_robot_online,
    collect,
    leave,
    open_a_store,
    start_heartbeats,
    stop_heartbeats,
)
from tests.flow.test_robots_stream import a_robot
from tests.support.mall import Mall

DISORDER = [None, 0, 1, 2]


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def mall(request: pytest.FixtureRequest) -> Mall:
    return Mall(disorder=request.param)


@pytest.fixture
def products(mall: Mall) -> dict[str, str]:
    return open_a_store(mall, PRICES)


class TestSilence:
    def test_a_robot_that_is_silent_for_60_seconds_is_offline_within_two_minutes_and_one_with_heartbeats_is_not(
        self, mall: Mall
    ) -> None:
        silent, alive = bring_a_robot_online(mall, "Ajax"), bring_a_robot_online(mall, "Hector")
        stop_heartbeats(mall, silent)
        mall.pass_time(59)
        assert robots(mall) == {silent: "idle", alive: "idle"}
        mall.pass_time(61)
        assert robots(mall) == {silent: "offline", alive: "idle"}
        mall.pass_time(600)
        assert robots(mall) == {silent: "offline", alive: "idle"}
        assert mall.names().count("BotWentOffline") == 1
        everything_adds_up(mall)

    def test_a_robot_that_falls_silent_mid_task_gives_its_list_back_to_the_next(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        silent = bring_a_robot_online(mall, "Ajax")
        (shopper,) = orders(mall, products)
        start(shopper, 1)
        pick(shopper, 1)
        stop_heartbeats(mall, silent)
        other = bring_a_robot_online(mall, "Hector")
        mall.pass_time(59)
        assert (standing(shopper), picked(shopper)) == (("active", silent, 1), 1)
        mall.pass_time(61)
        assert (standing(shopper), picked(shopper)) == (("assigned", other, 2), 0)
        assert robots(mall) == {silent: "offline", other: "active"}
        collect(shopper)
        shopper.pays()
        everything_adds_up(mall)

    def test_what_a_robot_does_with_its_list_is_a_heartbeat(self, mall: Mall, products: dict[str, str]) -> None:
        bot = bring_a_robot_online(mall)
        stop_heartbeats(mall, bot)
        (shopper,) = orders(mall, products)
        for step in (start, start, pick, pick, complete):
            mall.pass_time(50)
            assert step(shopper, 1).status == 200
        mall.pass_time(59)
        assert (standing(shopper), robots(mall)) == (("completed", bot, 1), {bot: "idle"})
        mall.pass_time(61)
        assert (standing(shopper), robots(mall)) == (("completed", bot, 1), {bot: "offline"})

    def test_a_robot_that_goes_offline_gives_its_list_back_at_once(self, mall: Mall, products: dict[str, str]) -> None:
        bot = bring_a_robot_online(mall)
        (shopper,) = orders(mall, products)
        start(shopper, 1)
        pick(shopper, 1)
        leave(mall, bot)
        assert (standing(shopper), picked(shopper)) == (("available", None, 1), 0)
        mall.pass_time(120)
        assert (standing(shopper), robots(mall)) == (("available", None, 1), {bot: "offline"})

    def test_a_silent_robot_is_online_with_its_next_heartbeat_and_gets_a_waiting_list(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        bot = bring_a_robot_online(mall)
        (shopper,) = orders(mall, products)
        stop_heartbeats(mall, bot)
        mall.pass_time(120)
        assert (standing(shopper), robots(mall)) == (("available", None, 1), {bot: "offline"})
        start_heartbeats(mall, bot)
        mall.pass_time(5)
        assert (standing(shopper), robots(mall)) == (("assigned", bot, 2), {bot: "active"})

    def test_a_robot_that_fell_silent_has_nothing_to_give_back_when_its_order_was_cancelled(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        bot = bring_a_robot_online(mall)
        (shopper,) = orders(mall, products)
        stop_heartbeats(mall, bot)
        assert shopper.cancels().status == 200
        assert robots(mall) == {bot: "idle"}
        mall.pass_time(120)
        assert (standing(shopper)[0], robots(mall)) == ("cancelled", {bot: "offline"})
        everything_adds_up(mall)

    def test_robots_are_online_again_after_the_depot_was_down(self, mall: Mall, products: dict[str, str]) -> None:
        bot = bring_a_robot_online(mall)
        (shopper,) = orders(mall, products)
        mall.stop("depot")
        mall.pass_time(300)
        mall.start("depot")
        mall.pass_time(60)
        assert (standing(shopper)[0], robots(mall)) == ("assigned", {bot: "active"})
        collect(shopper)
        shopper.pays()
        everything_adds_up(mall)


class TestEarlierAssignments:
    """A robot comes back and goes on with a list that is no longer its own: refused, and nothing changes."""

    @pytest.fixture
    def ajax(self, mall: Mall) -> str:
        return bring_a_robot_online(mall, "Ajax")

    @pytest.fixture
    def shopper(self, mall: Mall, products: dict[str, str], ajax: str) -> Shopper:
        """A customer whose list the robot Ajax started, as assignment 1, before it fell silent for too long."""
        (shopper,) = orders(mall, products)
        start(shopper, 1)
        stop_heartbeats(mall, ajax)
        mall.pass_time(120)
        return shopper

    def refused(self, shopper: Shopper, ajax: str, status: int, message: str) -> None:
        """Every step of the robot under assignment 1 is refused."""
        mall = shopper.mall
        mall.settle()
        before = (shopper.shopping_list(), robots(mall), mall.names())
        for step in STEPS:
            response = step(shopper, 1, ajax)
            mall.settle()
            assert (response.status, response.body["message"]) == (status, message)
            assert (shopper.shopping_list(), robots(mall), mall.names()) == before

    def is_not_there(self, shopper: Shopper, ajax: str) -> None:
        """The list is answered as one that does not exist."""
        self.refused(shopper, ajax, 404, f"there is no shopping list {shopper.basket_id}")

    def test_while_the_list_waits_for_a_robot(self, mall: Mall, shopper: Shopper, ajax: str) -> None:
        self.is_not_there(shopper, ajax)

    def test_while_another_robot_has_the_list(self, mall: Mall, shopper: Shopper, ajax: str) -> None:
        other = bring_a_robot_online(mall, "Hector")
        mall.pass_time(5)
        assert standing(shopper) == ("assigned", other, 2)
        start(shopper, 2)
        self.is_not_there(shopper, ajax)

    def test_while_it_has_another_list_itself(
        self, mall: Mall, products: dict[str, str], shopper: Shopper, ajax: str
    ) -> None:
        hector = bring_a_robot_online(mall, "Hector")
        mall.pass_time(5)
        start_heartbeats(mall, ajax)
        (later,) = orders(mall, products)
        assert at_work([shopper, later]) == {0: hector, 1: ajax}
        self.is_not_there(shopper, ajax)
        assert start(later, 1).status == 200

    def test_while_it_has_the_same_list_anew(self, mall: Mall, shopper: Shopper, ajax: str) -> None:
        start_heartbeats(mall, ajax)
        mall.pass_time(5)
        assert standing(shopper) == ("assigned", ajax, 2)
        start(shopper, 2)
        self.refused(shopper, ajax, 409, "this is not assignment 1 of the shopping list any more")
        assert pick(shopper, 2).status == 200

    def test_when_another_robot_has_completed_the_list(self, mall: Mall, shopper: Shopper, ajax: str) -> None:
        bring_a_robot_online(mall, "Hector")
        mall.pass_time(5)
        collect(shopper)
        self.is_not_there(shopper, ajax)

    def test_when_the_order_was_cancelled(self, mall: Mall, shopper: Shopper, ajax: str) -> None:
        assert shopper.cancels().status == 200
        self.is_not_there(shopper, ajax)


class TestRetirement:
    """Staff retire a robot: it is gone, and what it worked on goes on with another."""

    def test_the_list_of_a_robot_that_is_retired_at_work_is_collected_by_another(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        leaving = bring_a_robot_online(mall, "Ajax")
        (shopper,) = orders(mall, products)
        start(shopper, 1)
        pick(shopper, 1)
        other = bring_a_robot_online(mall, "Hector")
        retire(mall, leaving)
        mall.pass_time(5)
        assert (standing(shopper), picked(shopper)) == (("assigned", other, 2), 0)
        assert robots(mall) == {other: "active"}
        for step in STEPS:
            assert step(shopper, 1, leaving).status == 404
        collect(shopper)
        shopper.pays()
        assert mall.names().count("BotRetired") == 1
        everything_adds_up(mall)

    def test_a_retired_robot_gets_no_list_and_is_not_found_silent(self, mall: Mall, products: dict[str, str]) -> None:
        leaving = bring_a_robot_online(mall)
        retire(mall, leaving)
        (shopper,) = orders(mall, products)
        mall.pass_time(300)
        assert (standing(shopper), robots(mall)) == (("available", None, 0), {})
        assert mall.names().count("BotWentOffline") == 0
        assert mall.dead_letters() == {}

    def test_the_token_of_a_retired_robot_is_not_valid(self, mall: Mall) -> None:
        leaving = bring_a_robot_online(mall)
        retire(mall, leaving)
        asked = {"query": "FindBotCredential", "data": {"bot_id": leaving}}
        assert "not_found" in mall.ask("depot", asked)


class TestTheFleetIsDown:
    """What robots report over their stream is not known meanwhile: none of them is taken for silent."""

    def test_robots_on_the_stream_keep_their_lists_and_others_do_not(
        self, mall: Mall, products: dict[str, str]
    ) -> None:
        on_stream, by_request = a_robot(mall, "Ajax"), bring_a_robot_online(mall, "Hector")
        shoppers = orders(mall, products, 2)
        mall.pass_time(2)
        mall.stop("fleet")
        stop_heartbeats(mall, by_request)
        mall.pass_time(300)
        assert robots(mall) == {on_stream.id: "active", by_request: "offline"}
        mall.start("fleet")
        mall.pass_time(400)
        assert [standing(shopper)[:2] for shopper in shoppers] == [("completed", on_stream.id)] * 2
        for shopper in shoppers:
            shopper.pays()
        everything_adds_up(mall)


def retire(mall: Mall, bot: str) -> None:
    """Staff retire a robot, which stops what it does."""
    stop_heartbeats(mall, bot)
    assert mall.request("DELETE", f"/api/depot/bots/{bot}").status == 200
    mall.settle()
