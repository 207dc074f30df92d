"""What the robots' gateway sends: each order once, for messages in any order, twice or late, and with a broker down."""

import pytest

from events.depot import BotCameOnline, BotFinished
from events.vda5050.order import Order
from functions.fleet import service, views
from functions.fleet.domain import Robot
from tests.support.states import state
from tests.unit.fleet.gateway import AHEAD, BOT, Gateway, begins_of, sets_out


class TestTheOrder:
    @pytest.mark.parametrize("list_first", [True, False])
    def test_it_goes_out_when_list_and_robot_are_known_whichever_comes_first(
        self, gateway: Gateway, list_first: bool
    ) -> None:
        gateway.comes()
        if list_first:
            gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        if not list_first:
            gateway.visits("list-1", 1)
        assert gateway.orders == ["list-1.1"]
        order = Order.model_validate(gateway.broker.to(BOT, "order")[0])
        assert [action.action_type for action in order.actions()] == ["collect", "drop"]

    @pytest.mark.parametrize("list_first", [True, False])
    def test_it_is_published_once_and_no_two_have_one_number(self, gateway: Gateway, list_first: bool) -> None:
        gateway.comes()
        for list_id, version in (("list-1", 3), ("list-2", 5)):
            if list_first:
                gateway.visits(list_id, 1)
            gateway.assigned(list_id, 1, version)
            if not list_first:
                gateway.visits(list_id, 1)
            gateway.passes(1)
            gateway.says(version)
            gateway.is_idle(BotFinished, version + 1)
        published = [(order["headerId"], order["orderId"]) for order in gateway.broker.to(BOT, "order")]
        assert published == [(1, "list-1.1"), (2, "list-2.1")]

    def test_a_list_that_comes_last_is_handled_again_where_the_broker_was_down(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.assigned("list-1", 1, 3)
        gateway.broker.failing = ConnectionError("down")
        assert not gateway.visits("list-1", 1, id="again")
        commits = gateway.commits
        gateway.broker.failing = None
        assert gateway.visits("list-1", 1, id="again")
        assert (gateway.orders, gateway.commits) == (["list-1.1"], commits)

    def test_it_expires_with_the_lease(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        [published] = gateway.broker.published
        assert published.expires is not None
        assert (published.expires - gateway.now).total_seconds() == 60

    @pytest.mark.parametrize(("silent", "left"), [(20, 40), (59.5, 1), (300, 1)])
    def test_of_the_lease_counts_what_is_left_of_it(self, gateway: Gateway, silent: float, left: int) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.passes(silent)
        gateway.assigned("list-1", 1, 3)
        [published] = gateway.broker.published
        assert published.expires is not None
        assert (published.expires - gateway.now).total_seconds() == left

    def test_nothing_is_left_of_the_lease_of_a_robot_that_retires_as_it_is_sent(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        send = service._send_order

        def retired_before(robot: Robot) -> None:
            monkeypatch.setattr(service, "_send_order", send)
            gateway.is_retired(4)
            send(robot)

        gateway.comes()
        gateway.visits("list-1", 1)
        monkeypatch.setattr(service, "_send_order", retired_before)
        gateway.assigned("list-1", 1, 3)
        [order] = [published for published in gateway.broker.published if published.kind == "order"]
        assert order.expires is not None
        assert (order.expires - gateway.now).total_seconds() == 1

    def test_it_waits_for_a_robot_that_is_not_there_yet(self, gateway: Gateway) -> None:
        gateway.goes_online()
        gateway.assigned("list-1", 1, 3)
        gateway.visits("list-1", 1)
        assert gateway.orders == []
        gateway.says(0)
        assert gateway.orders == ["list-1.1"]

    def test_it_is_not_sent_twice_by_an_event_that_comes_twice_once_it_is_shown(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3, id="once")
        gateway.says(1, order_id="list-1.1", node_states=AHEAD)
        gateway.assigned("list-1", 1, 3, id="once")
        gateway.visits("list-1", 1)
        assert gateway.orders == ["list-1.1"]

    def test_it_is_sent_again_by_states_that_do_not_show_it_but_not_by_each(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        for header in range(1, 13):
            gateway.passes(1)
            gateway.says(header)
        assert gateway.orders == ["list-1.1"] * 3
        first, *others = (dict(order) for order in gateway.broker.to(BOT, "order"))
        for order in others:
            assert {**order, "headerId": 0, "timestamp": ""} == {**first, "headerId": 0, "timestamp": ""}

    def test_it_begins_where_the_robot_is_though_it_was_sent_from_elsewhere_a_moment_ago(
        self, gateway: Gateway
    ) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3, id="again")
        gateway.says(1, last_node_id="west")
        gateway.assigned("list-1", 1, 3, id="again")
        assert begins_of(gateway, "list-1.1")[1:] == ["west", "west"]

    def test_a_list_that_comes_late_for_an_earlier_assignment_changes_nothing(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 2)
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        assert gateway.orders == []
        gateway.assigned("list-1", 2, 5)
        assert gateway.orders == ["list-1.2"]

    def test_the_events_of_a_robot_that_come_in_reverse_order_leave_the_newest_task(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.visits("list-2", 1)
        gateway.assigned("list-2", 1, 5)
        gateway.is_idle(BotFinished, 4)
        gateway.assigned("list-1", 1, 3)
        assert gateway.orders == ["list-2.1"]
        assert gateway.robot.order_id == "list-2.1"

    def test_of_a_robot_that_was_never_on_the_stream_nothing_is_written(self, gateway: Gateway) -> None:
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        assert gateway.commits == 0
        assert views.visits("list-1", 1) is None


class TestABrokerThatIsDown:
    def test_the_depots_message_is_handled_again_and_the_order_goes_out_then(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.broker.failing = ConnectionError("down")
        assert not gateway.assigned("list-1", 1, 3, id="again")
        commits = gateway.commits
        gateway.broker.failing = None
        assert gateway.assigned("list-1", 1, 3, id="again")
        assert gateway.orders == ["list-1.1"]
        assert gateway.commits == commits

    def test_a_robot_that_is_retired_at_work_is_told_to_stop_when_the_message_is_handled_again(
        self, gateway: Gateway
    ) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        gateway.says(1, order_id="list-1.1", node_states=AHEAD)
        gateway.broker.failing = ConnectionError("down")
        assert not gateway.is_retired(4, id="retired")
        gateway.broker.failing = None
        assert gateway.is_retired(4, id="retired")
        assert (gateway.asked, gateway.identities.revoked) == (["cancelOrder"], [BOT])

    def test_a_state_is_handled_again_and_what_it_led_to_goes_out_after_some_seconds(self, gateway: Gateway) -> None:
        gateway.goes_online()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        gateway.broker.failing = ConnectionError("down")
        assert not gateway.says(0)
        gateway.broker.failing = None
        assert gateway.says(0)
        assert gateway.orders == []
        gateway.passes(6)
        assert gateway.says(0)
        assert gateway.orders == ["list-1.1"]

    def test_a_request_of_staff_is_refused_and_goes_out_when_it_is_repeated(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.broker.failing = ConnectionError("down")
        with pytest.raises(ConnectionError):
            service.pause(BOT)
        gateway.broker.failing = None
        service.pause(BOT)
        assert gateway.asked == ["startPause"]


class TestAnOutdatedOrder:
    def test_its_cancellation_goes_out_once_the_broker_is_up_though_the_robot_says_no_more(
        self, gateway: Gateway
    ) -> None:
        sets_out(gateway)
        gateway.passes(1)
        gateway.broker.tell_presence(BOT, "s1", 1, connected=False)
        gateway.is_offline(4)
        gateway.passes(20)
        gateway.goes_online()
        back = gateway.body("state", state(BOT, 2, order_id="list-1.1", node_states=AHEAD))
        gateway.broker.failing = ConnectionError("down")
        assert not gateway.deliver(back)
        gateway.broker.failing = None
        gateway.passes(2)
        assert gateway.deliver(back)
        assert gateway.asked == ["cancelOrder"]
        gateway.passes(1)
        gateway.says(3, order_id="list-1.1", node_states=AHEAD)
        assert gateway.asked == ["cancelOrder"]


def test_what_the_depot_says_again_of_an_idle_robot_is_no_commit(gateway: Gateway) -> None:
    gateway.comes()
    commits = gateway.commits
    gateway.is_idle(BotCameOnline, gateway.robot.task.version + 1)
    assert gateway.commits == commits
