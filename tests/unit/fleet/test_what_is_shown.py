"""What the robots' gateway shows of robots, who is connected, and what staff ask of them."""

from typing import Any

import pytest

from clients.robot.machine import Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.depot import BotFinished, BotRegistered
from events.floor.plan import plan
from events.vda5050.state import (
    ActionState,
    ActionStatus,
    Error,
    ErrorLevel,
    ErrorReference,
    OperatingMode,
    State,
)
from events.vda5050.text import to_bytes
from functions.fleet import service, shown, views
from functions.fleet.orders import drop_id
from functions.kernel.domain.errors import NotFoundError, RefusedError
from functions.kernel.projections.projection import read
from functions.kernel.runtime import clock
from functions.kernel.runtime.json_text import ANSWER_BYTES, compact, weight
from tests.support.states import state
from tests.unit.fleet.gateway import AHEAD, BOT, Gateway, names, sets_out


class TestPresence:
    def test_clients_that_are_no_robots_of_the_mall_are_ignored(self, gateway: Gateway) -> None:
        gateway.broker.tell_presence("somebody", "s1", 1, connected=True)
        assert gateway.commits == 0

    def test_a_robot_that_is_registered_is_known(self, gateway: Gateway) -> None:
        gateway.depot_says(BotRegistered(bot_id=BOT, name="Ajax", status="offline", list_id=None))
        assert shown.robot(BOT).connection == "offline"
        gateway.broker.tell_presence(BOT, "s1", 1, connected=True)
        assert shown.robot(BOT).connection == "online"
        gateway.passes(1)
        gateway.broker.tell_presence(BOT, "s1", 1, connected=False)
        assert shown.robot(BOT).connection == "broken"

    def test_what_is_shown_is_the_end_of_the_newest_connection_though_its_begin_comes_later(
        self, gateway: Gateway
    ) -> None:
        gateway.depot_says(BotRegistered(bot_id=BOT, name="Ajax", status="offline", list_id=None))
        gateway.passes(30)
        gateway.broker.tell_presence(BOT, "s1", 1, connected=True)
        gateway.passes(-15)
        gateway.broker.tell_presence(BOT, "s1", 1, connected=False, in_order=True)
        assert shown.robot(BOT).connection == "offline"

    def test_a_robot_that_left_in_order_is_offline_and_one_that_reports_again_is_online(self, gateway: Gateway) -> None:
        gateway.depot_says(BotRegistered(bot_id=BOT, name="Ajax", status="offline", list_id=None))
        gateway.broker.tell_presence(BOT, "s1", 1, connected=True)
        gateway.passes(1)
        gateway.broker.tell_presence(BOT, "s1", 1, connected=False, in_order=True)
        assert shown.robot(BOT).connection == "offline"
        gateway.passes(1)
        gateway.says(0)
        assert shown.robot(BOT).connection == "offline"  # its last state, which came late
        gateway.passes(20)
        gateway.says(1)
        assert shown.robot(BOT).connection == "online"
        assert names() == ["RobotConnected"]


class TestTwoProgramsUnderOneId:
    """Each connection ends the one before, for the broker lets a client id connect once."""

    @staticmethod
    def take_over(gateway: Gateway, times: int, seconds: float) -> None:
        gateway.depot_says(BotRegistered(bot_id=BOT, name="Ajax", status="offline", list_id=None))
        gateway.broker.tell_presence(BOT, "s0", 0, connected=True)
        for number in range(times):
            gateway.passes(seconds)
            gateway.broker.tell_presence(BOT, f"s{number + 1}", number + 1, connected=True)
            gateway.broker.tell_presence(BOT, f"s{number}", number, connected=False, reason="DUPLICATE_CLIENTID")

    @staticmethod
    def errors() -> list[str]:
        [listed], _ = shown.robots(10, None)
        assert listed == shown.robot(BOT)
        return [problem.type for problem in listed.errors]

    def test_staff_see_programs_that_wait_some_seconds_before_they_take_over(self, gateway: Gateway) -> None:
        self.take_over(gateway, times=5, seconds=8)
        assert self.errors() == ["CONNECTED_TWICE"]

    def test_staff_see_programs_that_wait_long_before_they_take_over_by_what_they_say(self, gateway: Gateway) -> None:
        """The mall's own robot waits 30 seconds, as does one alone on a bad network: the broker tells it which."""
        self.take_over(gateway, times=20, seconds=30)
        assert self.errors() == []
        robot = Robot(BOT, Memory("depot"), Settings(), plan(), lambda: 1.0)
        robot.taken_over(gateway.now.timestamp())
        said = [each for each in robot.connected(gateway.now.timestamp()) if isinstance(each.message, State)]
        gateway.deliver(*(gateway.body("state", each.message) for each in said))
        assert self.errors() == ["CONNECTION_TAKEN_OVER"]
        assert gateway.robot.available

    def test_staff_see_that_they_take_over_from_each_other_until_that_has_ended(self, gateway: Gateway) -> None:
        self.take_over(gateway, times=5, seconds=3)
        assert self.errors() == ["CONNECTED_TWICE"]
        gateway.passes(299)
        assert self.errors() == ["CONNECTED_TWICE"]
        gateway.passes(1)
        assert self.errors() == []

    @pytest.mark.parametrize(("times", "seconds"), [(4, 3), (20, 10)])
    def test_a_robot_that_connects_anew_over_a_dead_connection_is_one_program(
        self, gateway: Gateway, times: int, seconds: float
    ) -> None:
        self.take_over(gateway, times, seconds)
        assert self.errors() == []

    def test_an_end_that_is_told_twice_counts_once(self, gateway: Gateway) -> None:
        self.take_over(gateway, times=3, seconds=3)
        for _ in range(3):
            gateway.broker.tell_presence(BOT, "s2", 2, connected=False, reason="DUPLICATE_CLIENTID")
        assert self.errors() == []

    def test_two_ends_that_are_handled_at_once_both_count(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.take_over(gateway, times=3, seconds=3)
        others = ["of another batch"]

        def read_before_another_writes(*key: str) -> dict[str, Any] | None:
            row = read(*key)
            if others:
                views.keep_takeover(BOT, clock.stamp(), others.pop())
            return row

        monkeypatch.setattr(views, "read", read_before_another_writes)
        views.keep_takeover(BOT, clock.stamp(), "of this batch")
        assert self.errors() == ["CONNECTED_TWICE"]

    def test_an_end_that_cannot_be_kept_is_told_again(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        self.take_over(gateway, times=1, seconds=3)
        handled: list[bool] = []
        monkeypatch.setattr(gateway, "send_to_topics", lambda body: handled.append(gateway.deliver(body)))
        monkeypatch.setattr(views, "read", lambda *_: None)
        gateway.broker.tell_presence(BOT, "s1", 1, connected=False, reason="DUPLICATE_CLIENTID")
        assert handled == [False]

    def test_of_a_client_that_is_no_robot_of_the_mall_nothing_is_kept(self, gateway: Gateway) -> None:
        for number in range(5):
            gateway.broker.tell_presence("visitor", f"s{number}", number, connected=False, reason="DUPLICATE_CLIENTID")
        assert views.connected_twice("visitor", "visitor") == set()

    def test_of_a_retired_robot_nothing_is_kept(self, gateway: Gateway) -> None:
        self.take_over(gateway, times=5, seconds=3)
        gateway.is_retired(2)
        assert views.connected_twice(BOT, BOT) == set()


class TestWhatIsShown:
    def test_a_state_that_shows_nothing_new_writes_a_row_every_15_seconds_at_most(self, gateway: Gateway) -> None:
        gateway.comes()
        commits, written = gateway.commits, []
        for header in range(1, 41):
            gateway.passes(1)
            gateway.says(header)
            written.append((views.report(BOT) or {})["at"])
        assert len(set(written)) == 1 + 40 // 15
        assert gateway.commits == commits

    @pytest.mark.parametrize(("lease", "seconds"), [(60, 15), (20, 5), (600, 15)])
    def test_when_it_reported_is_never_older_than_the_depot_takes_it(self, lease: int, seconds: int) -> None:
        with Gateway({"MALLBOTS_ROBOT_LEASE": str(lease)}).open() as gateway:
            gateway.comes()
            for header in range(1, 41):
                gateway.passes(1)
                gateway.says(header)
                assert (gateway.now - clock.read(views.last_heard([BOT])[BOT])).total_seconds() < seconds

    def test_that_it_does_what_it_must_again_is_written_at_once(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.visits("list-1", 1)
        gateway.assigned("list-1", 1, 3)
        gateway.passes(20)
        gateway.says(1)
        gateway.is_idle(BotFinished, 4)
        gateway.passes(1)
        gateway.says(2)
        assert views.last_heard([BOT]) == {BOT: clock.stamp()}

    @pytest.mark.parametrize("works", [True, False])
    def test_a_robot_whose_numbers_began_anew_keeps_its_lease_before_it_is_known_that_it_is_online(
        self, gateway: Gateway, works: bool
    ) -> None:
        gateway.comes()
        work: dict[str, Any] = {"order_id": "list-1.1", "node_states": AHEAD} if works else {}
        if works:
            gateway.visits("list-1", 1)
            gateway.assigned("list-1", 1, 3)
        gateway.says(7, **work)
        for header in range(2):
            gateway.passes(20)
            gateway.says(header, **work, last_node_id="west")
            assert views.last_heard([BOT]) == {BOT: clock.stamp()}
        assert (views.report(BOT) or {})["node"] != "west"
        gateway.goes_online()
        gateway.passes(1)
        gateway.says(2, **work, last_node_id="west")
        assert (views.report(BOT) or {})["node"] == "west"

    @pytest.mark.parametrize(
        "change", [{"last_node_id": "depot"}, {"paused": True}, {"operating_mode": OperatingMode.SERVICE}]
    )
    def test_what_the_console_should_see_at_once_is_written_at_once(
        self, gateway: Gateway, change: dict[str, object]
    ) -> None:
        gateway.comes()
        gateway.passes(1)
        gateway.says(1, **change)
        row = views.report(BOT) or {}
        assert row["at"] == "2026-03-01T12:00:01.000000Z"

    def test_a_state_that_comes_late_does_not_hide_a_newer_one(self, gateway: Gateway) -> None:
        gateway.comes()
        late = gateway.body("state", state(BOT, 1))
        gateway.passes(1)
        gateway.says(2, last_node_id="depot")
        gateway.deliver(late)
        assert (views.report(BOT) or {})["node"] == "depot"

    def test_a_robot_that_shows_an_order_with_an_absurd_number_hides_no_other(self, gateway: Gateway) -> None:
        gateway.depot_says(BotRegistered(bot_id=BOT, name="Ajax", status="offline", list_id=None))
        gateway.comes()
        assert gateway.says(1, order_id="list-1." + "9" * 400, node_states=AHEAD)
        [robot], _ = shown.robots(10, None)
        assert (robot.list_id, robot.assignment) == (None, None)

    def test_of_robots_that_report_as_much_as_a_message_holds_a_page_is_an_answer(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.passes(1)
        words = "a word " * 40
        references = (ErrorReference(reference_key=words, reference_value=words),) * 10
        told = Error(
            error_type=words,
            error_level=ErrorLevel.WARNING,
            error_description=words,
            error_hint=words,
            error_references=references,
        )
        waits = tuple(ActionState(action_id=f"{words}{n}", action_status=ActionStatus.RETRIABLE) for n in range(100))
        said = state(BOT, 1, errors=(told,) * 10, action_states=waits)
        assert len(to_bytes(said)) > 100_000
        assert gateway.deliver(gateway.body("state", said))
        assert weight(compact(views.report(BOT))) * 100 < ANSWER_BYTES

    def test_a_state_that_shows_an_order_of_an_id_that_none_has_is_given_up(self, gateway: Gateway) -> None:
        gateway.comes()
        commits = gateway.commits
        assert gateway.says(1, order_id="x" * 100_000, node_states=AHEAD)
        assert gateway.commits == commits

    def test_of_a_retired_robot_nothing_is_shown_and_it_is_revoked(self, gateway: Gateway) -> None:
        gateway.depot_says(BotRegistered(bot_id=BOT, name="Ajax", status="offline", list_id=None))
        gateway.comes()
        gateway.is_retired(9)
        gateway.passes(1)
        gateway.says(5)
        assert shown.robots(10, None) == ([], None)
        with pytest.raises(NotFoundError):
            shown.robot(BOT)
        with pytest.raises(RefusedError, match="the robot is retired"):
            service.pause(BOT)
        with pytest.raises(RefusedError, match="the robot is retired"):
            service.is_known(BOT)
        assert gateway.identities.revoked == [BOT]
        assert views.report(BOT) is None

    def test_a_presence_event_of_a_retired_robot_that_comes_again_is_not_kept(self, gateway: Gateway) -> None:
        gateway.depot_says(BotRegistered(bot_id=BOT, name="Ajax", status="offline", list_id=None))
        gateway.broker.tell_presence(BOT, "s1", 1, connected=True)
        assert BOT in views.connections(BOT, BOT)
        gateway.is_retired(2)
        gateway.broker.tell_presence(BOT, "s1", 1, connected=True)
        assert views.connections(BOT, BOT) == {}


class TestStaff:
    def test_an_action_that_waits_may_be_retried_or_skipped_and_no_other(self, gateway: Gateway) -> None:
        sets_out(gateway)
        waits = ActionState(action_id="pick-1", action_status=ActionStatus.RETRIABLE)
        gateway.says(2, order_id="list-1.1", action_states=(waits,))
        service.retry(BOT, "pick-1")
        service.skip(BOT, "pick-1")
        assert gateway.asked == ["retry", "skipRetry"]
        with pytest.raises(NotFoundError, match="there is no action pick-2 that waits"):
            service.retry(BOT, "pick-2")

    def test_an_action_is_not_tried_again_before_a_robot_that_is_away_is_back(self, gateway: Gateway) -> None:
        sets_out(gateway)
        waits = ActionState(action_id=drop_id("list-1.1"), action_status=ActionStatus.RETRIABLE)
        gateway.says(2, order_id="list-1.1", action_states=(waits,))
        gateway.passes(1)
        gateway.broker.tell_presence(BOT, "s1", 1, connected=False)
        service.retry(BOT, drop_id("list-1.1"))
        assert gateway.asked == []
        gateway.passes(6)
        gateway.says(3, order_id="list-1.1", action_states=(waits,))
        assert gateway.asked == ["retry"]

    def test_an_action_of_an_outdated_order_is_not_tried_again(self, gateway: Gateway) -> None:
        sets_out(gateway)
        waits = ActionState(action_id=drop_id("list-1.1"), action_status=ActionStatus.RETRIABLE)
        gateway.says(2, order_id="list-1.1", action_states=(waits,))
        gateway.passes(1)
        gateway.broker.tell_presence(BOT, "s1", 1, connected=False)
        service.retry(BOT, drop_id("list-1.1"))
        gateway.is_offline(4)
        gateway.passes(6)
        gateway.says(3, order_id="list-1.1", action_states=(waits,))
        assert gateway.asked == ["cancelOrder"]
        with pytest.raises(NotFoundError, match="not the robot's any more"):
            service.retry(BOT, drop_id("list-1.1"))

    def test_a_robot_in_a_mode_that_forbids_it_is_sent_nothing_until_it_listens(self, gateway: Gateway) -> None:
        gateway.comes()
        gateway.says(1, operating_mode=OperatingMode.MANUAL)
        service.pause(BOT)
        assert gateway.asked == []
        gateway.passes(6)
        gateway.says(2)
        assert gateway.asked == ["startPause"]

    def test_a_robot_that_is_not_there_is_not_found(self, gateway: Gateway) -> None:
        for ask in (service.pause, service.resume):
            with pytest.raises(NotFoundError, match="there is no robot nobody"):
                ask("nobody")
        with pytest.raises(NotFoundError):
            service.retry("nobody", "pick-1")
