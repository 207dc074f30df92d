"""The robots' gateway between depot and broker: messages in any order, twice and late, and a broker that is down."""

from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from events.depot import BotCameOnline, BotFinished, CollectionRefused
from events.vda5050.order import Order
from events.vda5050.state import (
    ActionState,
    ActionStatus,
    EmergencyStop,
    OperatingMode,
    SafetyState,
)
from functions.fleet import service, views
from functions.fleet.orders import drop_id
from functions.fleet.reports import Visit
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from tests.support.promised import promised
from tests.support.states import state
from tests.unit.fleet.gateway import AHEAD, BOT, Gateway, names, sets_out

DROPPED = ActionState(action_id=drop_id("list-1.1"), action_status=ActionStatus.FINISHED)
BROUGHT: dict[str, Any] = {"order_id": "list-1.1", "last_node_id": "depot", "action_states": (DROPPED,)}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway().open() as made:
        yield made


def begins_of(gateway: Gateway, order_id: str) -> list[str]:
    """The first node of an order, each time that it was published."""
    published = gateway.broker.to(BOT, "order")
    return [order["nodes"][0]["nodeId"] for order in published if order["orderId"] == order_id]


def fails(*_: object) -> NoReturn:
    raise ConnectionError("no answer")


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


class TestARobotThatTakesNoOrders:
    def test_it_is_given_no_list_after_two_until_it_says_that_it_is_online(self, gateway: Gateway) -> None:
        gateway.comes()
        for version in (3, 5):
            gateway.visits(f"list-{version}", 1)
            gateway.assigned(f"list-{version}", 1, version)
            gateway.passes(90)
            gateway.says(version)
            gateway.is_offline(version + 1)
            gateway.says(version + 1)
        assert names() == ["RobotConnected", "RobotConnected", "RobotDisconnected"]
        shown = views.report(BOT) or {}
        assert [error["type"] for error in shown["errors"]] == ["ORDERS_NOT_TAKEN"]
        gateway.passes(1)
        gateway.goes_online()
        gateway.says(0)
        assert names()[3:] == ["RobotConnected"]
        assert (views.report(BOT) or {})["errors"] == []


class TestARobotThatStandsStill:
    def test_one_that_is_paused_is_given_no_list_until_it_goes_on(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.says(1, paused=True)
        assert names() == ["RobotConnected", "RobotDisconnected"]
        gateway.says(2, paused=False)
        assert names() == ["RobotConnected", "RobotDisconnected", "RobotConnected"]

    def test_one_that_is_paused_at_work_keeps_its_list(self, gateway: Gateway) -> None:
        sets_out(gateway)
        gateway.passes(20)
        gateway.says(2, order_id="list-1.1", node_states=AHEAD, paused=True)
        assert views.last_heard([BOT]) == {BOT: clock.stamp()}

    def test_one_whose_emergency_stop_is_active_keeps_no_list_and_staff_see_why(self, gateway: Gateway) -> None:
        sets_out(gateway)
        last = views.last_heard([BOT])
        gateway.passes(20)
        stopped = SafetyState(active_emergency_stop=EmergencyStop.MANUAL, field_violation=False)
        gateway.says(2, order_id="list-1.1", node_states=AHEAD, safety_state=stopped)
        assert views.last_heard([BOT]) == last
        errors = (views.report(BOT) or {})["errors"]
        assert [(e["type"], e["references"]) for e in errors] == [
            ("EMERGENCY_STOP", [["activeEmergencyStop", "MANUAL"]])
        ]


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


class TestARobotThatIsNotFit:
    def test_the_depot_is_told_again_where_it_was_brought_online_by_other_means(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.says(1, operating_mode=OperatingMode.MANUAL)
        gateway.is_offline(3)
        gateway.is_idle(BotCameOnline, 4)
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 5)
        assert gateway.orders == []
        assert names() == ["RobotConnected", *["RobotDisconnected"] * 3]

    def test_a_late_state_of_before_changes_nothing_of_it(self, gateway: Gateway) -> None:
        gateway.comes()
        late = gateway.body("state", state(BOT, 1))
        gateway.says(2, operating_mode=OperatingMode.MANUAL)
        gateway.deliver(late)
        assert names() == ["RobotConnected", "RobotDisconnected"]
        assert not gateway.robot.available

    def test_what_works_at_no_order_that_it_names_is_told_once(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        for header in range(1, 8):
            gateway.passes(1)
            gateway.says(header, node_states=AHEAD)
            gateway.is_offline(2 * header + 1) if "RobotDisconnected" in names() else gateway.assigned("list-1", 1, 3)
        assert names() == ["RobotConnected", "RobotDisconnected"]


class TestWhatTheRobotCollects:
    def test_it_is_reported_once_however_often_the_state_comes(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        for _ in range(3):
            gateway.says(1, order_id="list-1.1", node_states=AHEAD)
        assert names().count("ReportCollection") == 1

    def test_several_states_of_a_batch_are_one_commit(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        picked = ActionState(
            action_id="list-1.1:store-1:product-1:2", action_status=ActionStatus.FINISHED, action_result="2"
        )
        dropped = ActionState(action_id=drop_id("list-1.1"), action_status=ActionStatus.FINISHED)
        commits = gateway.commits
        said = [
            state(BOT, 3, order_id="list-1.1", action_states=(picked, dropped)),
            state(BOT, 1, order_id="list-1.1", node_states=AHEAD),
            state(BOT, 2, order_id="list-1.1", node_states=AHEAD, action_states=(picked,)),
        ]
        assert gateway.deliver(*(gateway.body("state", one) for one in said))
        assert gateway.commits == commits + 1
        reports = [message.detail["data"] for message in promised() if message.name == "ReportCollection"]
        assert [(len(report["picked"]), report["done"]) for report in reports] == [(1, False), (1, True)]

    def test_a_hundred_states_that_each_show_another_order_are_a_commit_of_a_few_events(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        version = service.streams.load(BOT).aggregate.version
        said = [state(BOT, n, order_id=f"list-{n % 2}.{n}", node_states=AHEAD) for n in range(1, 101)]
        said[40] = state(BOT, 41, order_id="list-1.1", node_states=AHEAD)
        assert gateway.deliver(*(gateway.body("state", one) for one in said))
        assert service.streams.load(BOT).aggregate.version <= version + 6
        assert names().count("ReportCollection") == 1
        assert (views.report(BOT) or {})["order"] == "list-0.100"

    def test_a_hundred_states_of_the_longest_order_that_waited_in_the_queue_are_handled_at_once(
        self, gateway: Gateway
    ) -> None:
        gateway.comes()
        gateway.assigned("list-1", 1, 3)
        ended = [
            ActionState(
                action_id=f"list-1.1:00000000-0000-0000-0000-000000000001:00000000-0000-0000-0000-{n:012}:1",
                action_status=ActionStatus.FINISHED,
            )
            for n in range(100)
        ]
        said = [
            state(BOT, n, order_id="list-1.1", node_states=AHEAD, action_states=tuple(ended[:n])) for n in range(1, 101)
        ]
        assert gateway.deliver(*(gateway.body("state", one) for one in said))
        [report] = [message.detail["data"] for message in promised() if message.name == "ReportCollection"]
        assert len(report["picked"]) == 100

    def test_it_is_reported_in_the_flow_of_the_list(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        gateway.says(1, order_id="list-1.1", node_states=AHEAD)
        [report] = [message for message in promised() if message.name == "ReportCollection"]
        assert report.detail["metadata"]["correlation_id"] == "flow-1"
        assert report.detail["metadata"]["actor"] == f"bot:{BOT}"

    def test_a_refusal_of_the_depot_calls_the_order_off(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        gateway.says(1, order_id="list-1.1", node_states=AHEAD)
        refusal = CollectionRefused(list_id="list-1", bot_id=BOT, assignment=1, reason="it is another's")
        gateway.depot_says(refusal)
        assert gateway.asked == ["cancelOrder"]
        [message] = gateway.broker.to(BOT, "instantActions")
        assert message["actions"][0]["actionParameters"] == [{"key": "orderId", "value": "list-1.1"}]

    def test_a_robot_whose_last_report_is_refused_keeps_its_list_no_longer(self, gateway: Gateway) -> None:
        sets_out(gateway)
        gateway.says(2, **BROUGHT)
        last = views.last_heard([BOT])
        gateway.depot_says(CollectionRefused(list_id="list-1", bot_id=BOT, assignment=1, reason="it holds no such"))
        for header in range(3, 6):
            gateway.passes(20)
            gateway.says(header, **BROUGHT)
            gateway.says(header, order_id="", node_states=AHEAD)
        assert views.last_heard([BOT]) == last
        gateway.is_idle(BotFinished, 4)
        gateway.says(6)
        assert views.last_heard([BOT]) == {BOT: clock.stamp()}

    @pytest.mark.parametrize("idle_first", [True, False])
    def test_a_robot_whose_list_was_cancelled_as_it_put_it_down_stays_online(
        self, gateway: Gateway, idle_first: bool
    ) -> None:
        sets_out(gateway)
        gateway.says(2, **BROUGHT)
        if idle_first:
            gateway.is_idle(BotFinished, 4)
        refusal = CollectionRefused(
            list_id="list-1", bot_id=BOT, assignment=1, reason="the shopping list is cancelled", has_list=False
        )
        gateway.depot_says(refusal)
        if not idle_first:
            gateway.is_idle(BotFinished, 4)
        gateway.passes(20)
        gateway.says(3, **BROUGHT)
        assert views.last_heard([BOT]) == {BOT: clock.stamp()}
        gateway.visits("list-2", 1)
        gateway.assigned("list-2", 1, 5)
        assert gateway.orders == ["list-1.1", "list-2.1"]


def test_what_the_depot_says_again_of_an_idle_robot_is_no_commit(gateway: Gateway) -> None:
    gateway.comes()
    commits = gateway.commits
    gateway.is_idle(BotCameOnline, gateway.robot.task.version + 1)
    assert gateway.commits == commits
