"""Where an order that the robots' gateway sends begins, and which nodes it leads to."""

from typing import Any, NoReturn

import pytest

from events.depot import BotFinished
from functions.fleet import views
from functions.fleet.reports import Visit
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from tests.unit.fleet.gateway import AHEAD, BOT, BROUGHT, Gateway, begins_of, sets_out


def fails(*_: object) -> NoReturn:
    raise ConnectionError("no answer")


class TestTheWayOfAnOrder:
    LINES = tuple((f"store-{n}", ("South 4", "North 1")[n % 2]) for n in range(100))

    @staticmethod
    def stores_of(order: dict[str, Any]) -> list[str]:
        return [node["nodeId"] for node in order["nodes"] if node["actions"]]

    def earlier_code_keeps(self) -> None:
        """Earlier code kept visits as the customer named them."""
        longest = "0b9f2ff4-34b2-4d0e-9d8f-0f4f0a6f1e11"
        views.keep_visits("list-1", 1, [Visit(id, location, ((longest, 1),)) for id, location in self.LINES])

    def test_it_leads_once_to_each_node_in_whatever_order_the_stores_are_named(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.assigned("list-1", 1, 3)
        assert gateway.visits("list-1", 1, at=self.LINES)
        [order] = gateway.broker.to(BOT, "order")
        assert self.stores_of(order) == ["north-1", "south-4", "depot"]

    def test_it_stays_the_same_for_an_assignment_that_earlier_code_sent(self, gateway: Gateway) -> None:
        gateway.comes()
        stores = (("store-1", "South 4"), ("store-2", "North 1"))
        views.keep_visits("list-1", 1, [Visit(id, location, (("product-1", 2),)) for id, location in stores])
        gateway.assigned("list-1", 1, 3)
        gateway.visits("list-1", 1, at=stores)
        gateway.passes(6)
        gateway.says(1)
        published = gateway.broker.to(BOT, "order")
        assert len(published) == 3
        assert [self.stores_of(order) for order in published] == [["south-4", "north-1", "depot"]] * 3

    def test_one_that_no_message_holds_is_refused_for_good_and_shown_to_staff(self, gateway: Gateway) -> None:
        gateway.comes()
        self.earlier_code_keeps()
        assert gateway.assigned("list-1", 1, 3), "the queue goes on"
        commits = gateway.commits
        for header in range(1, 4):
            gateway.passes(20)
            assert gateway.says(header)
        assert (gateway.orders, gateway.commits) == ([], commits)
        shown = views.report(BOT) or {}
        assert [(error["type"], error["references"]) for error in shown["errors"]] == [
            ("ORDER_TOO_LARGE", [["orderId", "list-1.1"]])
        ]
        assert views.last_heard([BOT]) == {BOT: clock.stamp()}, "no other robot is given it"

    def test_a_robot_that_held_one_that_was_too_large_gets_the_next(self, gateway: Gateway) -> None:
        gateway.comes()
        self.earlier_code_keeps()
        gateway.assigned("list-1", 1, 3)
        gateway.is_idle(BotFinished, 4)
        gateway.visits("list-2", 1)
        gateway.assigned("list-2", 1, 5)
        gateway.passes(1)
        gateway.says(1)
        assert gateway.orders == ["list-2.1"]
        assert (views.report(BOT) or {})["errors"] == []


class TestWhereAnOrderBegins:
    """A robot that is free stands still, and takes no order that begins elsewhere."""

    def test_a_state_that_comes_late_says_nothing_of_where_the_robot_is(self, gateway: Gateway) -> None:
        sets_out(gateway)
        gateway.says(3, **BROUGHT)
        gateway.visits("list-2", 1)
        gateway.assigned("list-2", 1, 5)
        gateway.passes(6)
        gateway.says(2, order_id="list-1.1", last_node_id="west", node_states=AHEAD)
        assert begins_of(gateway, "list-2.1") == ["depot"]
        gateway.says(4, **BROUGHT)
        assert begins_of(gateway, "list-2.1") == ["depot", "depot"]

    def test_the_order_waits_while_the_row_of_the_robot_is_older_than_its_stream(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sets_out(gateway)
        with monkeypatch.context() as patched:
            patched.setattr(MemoryViews, "put", fails)
            assert not gateway.says(3, **BROUGHT)
        gateway.visits("list-2", 1)
        gateway.assigned("list-2", 1, 5)
        assert begins_of(gateway, "list-2.1") == []
        assert gateway.says(3, **BROUGHT), "what failed is handled again"
        assert begins_of(gateway, "list-2.1") == ["depot"]

    def test_the_order_waits_for_the_first_state_of_a_robot_that_came_online_again(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.passes(1)
        gateway.goes_online()
        gateway.assigned("list-1", 1, 3)
        assert begins_of(gateway, "list-1.1") == []
        gateway.says(0, last_node_id="west")
        assert begins_of(gateway, "list-1.1") == ["west"]

    @pytest.mark.parametrize("seconds", [1, 5, 14, 16])
    def test_the_order_does_not_wait_for_another_state_however_soon_the_robot_was_back(
        self, gateway: Gateway, seconds: int
    ) -> None:
        gateway.comes()
        gateway.passes(seconds)
        gateway.goes_online()
        gateway.says(0)
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        assert gateway.orders == ["list-1.1"]

    def test_nor_where_the_depot_took_it_offline_and_was_told_again_that_it_is_here(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.passes(1)
        gateway.is_offline(3)
        gateway.says(1)
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 4)
        assert gateway.orders == ["list-1.1"]
