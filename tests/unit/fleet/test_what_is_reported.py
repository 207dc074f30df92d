"""What the robots' gateway reports to the depot: whether a robot may be given a list, and what it collected."""

import pytest

from events.depot import BotCameOnline, BotFinished, CollectionRefused
from events.vda5050.state import (
    ActionState,
    ActionStatus,
    EmergencyStop,
    OperatingMode,
    SafetyState,
)
from functions.fleet import service, views
from functions.fleet.orders import drop_id
from functions.kernel.runtime import clock
from tests.support.promised import promised
from tests.support.states import state
from tests.unit.fleet.gateway import AHEAD, BOT, BROUGHT, Gateway, names, sets_out


class TestARobotThatPicksNothing:
    def test_it_is_given_no_list_after_two_until_it_says_that_it_is_online(self, gateway: Gateway) -> None:
        gateway.comes()
        for version in (3, 5):
            gateway.visits(f"list-{version}", 1)
            gateway.assigned(f"list-{version}", 1, version)
            gateway.passes(90)
            gateway.says(version)
            gateway.is_offline(version + 1, gave_back=f"list-{version}")
            gateway.says(version + 1)
        assert names() == ["RobotConnected", "RobotConnected", "RobotDisconnected"]
        shown = views.report(BOT) or {}
        assert [error["type"] for error in shown["errors"]] == ["PICKS_NOTHING"]
        gateway.passes(1)
        gateway.goes_online()
        gateway.says(0)
        assert names()[3:] == ["RobotConnected"]
        assert (views.report(BOT) or {})["errors"] == []

    def test_one_whose_orders_could_not_be_published_is_given_a_list_ten_minutes_after_the_last(
        self, gateway: Gateway
    ) -> None:
        gateway.comes()
        gateway.broker.failing = ConnectionError("down")
        for version in (3, 5):
            gateway.visits(f"list-{version}", 1)
            gateway.assigned(f"list-{version}", 1, version)
            gateway.passes(90)
            gateway.is_offline(version + 1, gave_back=f"list-{version}")
            gateway.says(version)
        gateway.broker.failing = None
        gateway.says(7)
        assert names()[-1] == "RobotDisconnected"
        gateway.passes(600)
        gateway.says(8)
        assert names()[-1] == "RobotConnected"
        gateway.visits("list-7", 1)
        gateway.assigned("list-7", 1, 7)
        assert gateway.orders == ["list-7.1"]


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
    def test_a_robot_whose_list_staff_ended_as_it_put_it_down_stays_online(
        self, gateway: Gateway, idle_first: bool
    ) -> None:
        sets_out(gateway)
        gateway.says(2, **BROUGHT)
        if idle_first:
            gateway.is_idle(BotFinished, 4)
        refusal = CollectionRefused(
            list_id="list-1", bot_id=BOT, assignment=1, reason="the shopping list is completed", has_list=False
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
