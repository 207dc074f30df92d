"""A robot outlasts lost connections and restarts in mid-order."""

import pytest

from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.vda5050.collecting import DROP, drop
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ActionStatus
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind
from tests.unit.clients.robot.bench import AGES, Bench, instant, order, shopping

FINISHED, FAILED, PAUSED, RETRIABLE, RUNNING, WAITING = (
    ActionStatus.FINISHED,
    ActionStatus.FAILED,
    ActionStatus.PAUSED,
    ActionStatus.RETRIABLE,
    ActionStatus.RUNNING,
    ActionStatus.WAITING,
)


def test_a_state_is_told_again_a_second_after_the_broker_has_online_and_then_at_the_usual_pace() -> None:
    bench = Bench()
    assert len(bench.states) == 1
    bench.robot.announced(bench.now)
    assert [len(bench.wait(seconds).states) for seconds in (0.9, 0.1, 19.9, 0.1)] == [1, 2, 2, 3]


def cut_on_its_way() -> Bench:
    bench = Bench().send(shopping()).wait(10).cut()
    told = len(bench.told)
    bench.wait(AGES)
    assert len(bench.told) == told, "nothing is told without a connection"
    return bench


def test_a_robot_without_a_connection_drives_and_collects_but_hands_nothing_over() -> None:
    bench = cut_on_its_way().back()
    assert bench.statuses() == [FINISHED, FINISHED, WAITING]
    assert bench.state.last_node_id == "depot"


def test_a_robot_that_is_back_after_its_lease_waits_for_a_cancel_and_puts_back_what_it_holds() -> None:
    bench = cut_on_its_way().back().wait(bench_settles() / 2)
    assert bench.statuses(DROP) == [WAITING]
    bench.at_once(instant(InstantAction.CANCEL_ORDER, "cancel", orderId="list-1.1")).wait(AGES)
    assert bench.statuses(DROP) == [FAILED]
    assert (bench.state.loads, bench.instant_status("cancel")) == ((), FINISHED)


def test_a_robot_that_is_back_after_its_lease_and_not_told_otherwise_hands_over_a_moment_later() -> None:
    bench = cut_on_its_way().back().wait(bench_settles())
    assert bench.statuses(DROP) == [RUNNING]
    assert bench.wait(AGES).state.idle


def test_a_robot_that_is_back_within_its_lease_hands_over_at_once() -> None:
    bench = Bench().send(shopping())
    bench.wait_until(lambda: bench.statuses()[1] is FINISHED).cut().wait(50).back()
    assert bench.statuses(DROP) == [RUNNING]


def test_a_robot_whose_last_report_is_older_than_its_lease_waits_though_the_cut_was_shorter() -> None:
    bench = Bench().send(shopping())
    bench.wait_until(lambda: FINISHED in bench.statuses()[1:2] and bench.state.last_node_id == "west")
    bench.robot.memory.leg = 63.0
    pace = bench.settings
    bench.wait(pace.report_every - 1).cut().wait(pace.lease - pace.report_every + 5).back()
    assert (bench.state.last_node_id, bench.statuses(DROP)) == ("depot", [WAITING])
    assert bench.wait(pace.settle).statuses(DROP) == [RUNNING]


def test_a_robot_hands_over_while_it_has_a_connection_for_longer_than_a_lease() -> None:
    bench = Bench().wait(AGES).send(shopping())
    bench.wait_until(lambda: bench.statuses()[1] is FINISHED).cut().wait(10).back().wait(30)
    assert bench.statuses(DROP) in ([RUNNING], [FINISHED])


def stood_still_on_its_way() -> Bench:
    return Bench().send(shopping()).wait(10).stand_still(AGES)


def test_a_robot_that_stood_still_for_longer_than_its_lease_puts_nothing_down_in_that_time() -> None:
    bench = stood_still_on_its_way()
    assert (bench.state.last_node_id, bench.statuses(DROP)) == ("depot", [WAITING])
    bench.wait(bench_settles() / 2).at_once(instant(InstantAction.CANCEL_ORDER, "cancel", orderId="list-1.1"))
    assert bench.wait(AGES).statuses(DROP) == [FAILED]


def test_a_robot_that_stood_still_and_is_not_told_otherwise_hands_over_a_moment_later() -> None:
    assert stood_still_on_its_way().wait(bench_settles()).statuses(DROP) == [RUNNING]


def test_what_a_robot_told_a_connection_that_was_gone_when_it_went_on_does_not_count_as_its_report() -> None:
    bench = stood_still_on_its_way().cut().back()
    assert bench.wait(bench_settles() / 2).statuses(DROP) == [WAITING]
    assert bench.wait(bench_settles() / 2).statuses(DROP) == [RUNNING]


def test_states_that_the_broker_does_not_have_end_no_silence() -> None:
    bench = Bench().send(shopping())
    bench.wait_until(lambda: FINISHED in bench.statuses()[1:2] and bench.state.last_node_id == "west")
    bench.robot.memory.leg = 63.0
    bench.acknowledges = False  # the connection is dead, and the robot does not know it yet
    bench.wait(45).cut()
    bench.acknowledges = True
    bench.wait(20).back()
    assert (bench.state.last_node_id, bench.statuses(DROP)) == ("depot", [WAITING])
    assert bench.wait(bench_settles()).statuses(DROP) == [RUNNING]


def test_nothing_is_handed_over_on_a_connection_that_has_taken_no_state_for_a_lease() -> None:
    bench = Bench().send(shopping())
    bench.wait_until(lambda: bench.statuses()[1] is FINISHED)
    bench.robot.memory.leg = bench.settings.lease + 5
    bench.acknowledges = False
    assert bench.wait(AGES).statuses(DROP) == [WAITING]


def test_a_robot_that_stood_still_for_less_than_its_lease_goes_on_at_once() -> None:
    bench = Bench().send(shopping())
    bench.wait_until(lambda: bench.statuses()[1] is FINISHED).stand_still(30)
    assert bench.statuses(DROP) in ([RUNNING], [FINISHED])


def dropping() -> Bench:
    bench = Bench().send(shopping())
    return bench.wait_until(lambda: bench.statuses(DROP) == [RUNNING])


def test_a_drop_is_paused_when_the_connection_ends_and_goes_on_when_the_robot_is_back_within_its_lease() -> None:
    bench = dropping().cut().wait(45).back()
    assert bench.statuses(DROP) == [RUNNING]
    assert bench.state.loads, "nothing was put down without a connection"
    assert bench.wait(bench.settings.drop).state.idle


def test_a_drop_that_is_paused_when_the_connection_ends_waits_for_a_cancel_when_the_robot_is_back_too_late() -> None:
    bench = dropping().cut().wait(AGES).back()
    assert bench.statuses(DROP) == [PAUSED]
    bench.wait(bench_settles() / 2).at_once(instant(InstantAction.CANCEL_ORDER, "cancel", orderId="list-1.1"))
    assert bench.wait(AGES).statuses(DROP) == [FAILED]
    assert bench.state.loads == ()


def test_a_drop_in_which_the_robot_went_off_waits_until_it_has_a_connection() -> None:
    bench = dropping().off(10).wait(40)
    assert [task.status for task in bench.robot.memory.tasks][-1] is PAUSED
    assert bench.back().statuses(DROP) == [RUNNING]


def test_a_robot_that_is_switched_on_after_its_lease_holds_the_drop_in_which_it_went_off() -> None:
    bench = dropping().restarted(after=AGES)
    assert bench.statuses(DROP) == [PAUSED]
    bench.wait(bench_settles() / 2).at_once(instant(InstantAction.CANCEL_ORDER, "cancel", orderId="list-1.1"))
    assert bench.wait(AGES).statuses(DROP) == [FAILED]


def test_a_robot_that_is_switched_on_within_its_lease_ends_the_drop_in_which_it_went_off() -> None:
    bench = dropping().restarted(after=10)
    assert bench.statuses(DROP) == [RUNNING]
    assert bench.wait(bench.settings.drop).state.idle


def test_a_robot_that_stood_still_in_a_drop_for_longer_than_its_lease_goes_on_with_it_a_moment_later() -> None:
    bench = dropping().stand_still(AGES)
    assert bench.statuses(DROP) == [PAUSED]
    assert bench.wait(bench_settles()).statuses(DROP) == [RUNNING]


def test_a_drop_that_is_tried_again_is_held_as_any_other_after_a_silence() -> None:
    bench = Bench(Settings(failing=0.5), chance=lambda: 0.0)
    bench.send(order([("depot", (drop("list-1.1/drop").model_copy(update={"retriable": True}),))])).wait(AGES)
    assert bench.statuses(DROP) == [RETRIABLE]
    bench.cut().wait(AGES).back().at_once(instant(InstantAction.RETRY, "again", actionId="list-1.1/drop"))
    assert (bench.statuses(DROP), bench.instant_status("again")) == ([RETRIABLE], FINISHED)
    assert bench.wait(bench_settles()).statuses(DROP) == [RUNNING]


def test_a_drop_that_is_held_after_a_silence_is_paused_and_goes_on_though_staff_pause_and_go_on_meanwhile() -> None:
    bench = dropping().restarted(after=AGES)
    bench.at_once(instant(InstantAction.START_PAUSE, "pause")).at_once(instant(InstantAction.STOP_PAUSE, "resume"))
    assert bench.wait(bench_settles() / 2).statuses(DROP) == [PAUSED]
    assert bench.wait(bench_settles() / 2).statuses(DROP) == [RUNNING]


def test_a_robot_that_is_cut_or_ends_while_it_waits_for_a_withdrawal_waits_anew_afterwards() -> None:
    bench = dropping().restarted(after=AGES).wait(bench_settles() / 2).restarted(after=1)
    assert bench.wait(bench_settles() - 1).statuses(DROP) == [PAUSED]
    bench.cut().wait(1).back()
    assert bench.wait(bench_settles() - 1).statuses(DROP) == [PAUSED]
    assert bench.wait(1).statuses(DROP) == [RUNNING]


def test_a_robot_that_is_back_so_late_that_its_state_may_come_too_late_waits_too() -> None:
    waits = Bench().settings.lease - Bench().settings.margin
    assert dropping().cut().wait(waits).back().statuses(DROP) == [RUNNING]
    assert dropping().cut().wait(waits + 1).back().statuses(DROP) == [PAUSED]


@pytest.mark.parametrize("seconds", [5.005, 45])
def test_of_the_time_before_it_learns_that_its_connection_is_gone_no_robot_uses_any_to_put_down(seconds: float) -> None:
    bench = dropping()
    bench.now += seconds
    bench.cut()
    assert (bench.robot.memory.tasks[-1].status, len(bench.robot.memory.loads)) == (PAUSED, 2)


def bench_settles() -> float:
    return Bench().settings.settle


@pytest.mark.parametrize("seconds", range(0, 100, 7))
def test_a_restart_at_any_moment_of_an_order_goes_on_where_the_robot_was(seconds: int) -> None:
    bench = Bench().send(shopping()).wait(seconds)
    again = bench.restarted(after=30)
    before, after = bench.state, again.state
    assert (after.order_id, after.last_node_id, after.node_states) == (
        before.order_id,
        before.last_node_id,
        before.node_states,
    )
    assert after.action_states == before.action_states
    assert (
        after.mobile_robot_position
        == bench.at_once(instant(InstantAction.STATE_REQUEST, "state")).state.mobile_robot_position
    )
    again.wait(AGES)
    assert (again.state.idle, again.statuses()) == (True, [FINISHED, FINISHED, FINISHED])


def test_a_restarted_robot_knows_the_order_and_the_instant_actions_that_it_had() -> None:
    pause = instant(InstantAction.START_PAUSE, "pause")
    bench = Bench().send(shopping()).at_once(pause).restarted()
    assert bench.state.paused
    bench.at_once(instant(InstantAction.STOP_PAUSE, "resume")).restarted().at_once(pause)
    again = bench.send(shopping())
    assert (again.errors, again.state.order_id) == ([], "list-1.1")


def test_a_memory_reads_as_it_was_written_and_anything_else_is_refused() -> None:
    memory = Bench().send(shopping()).wait(30).robot.memory
    assert Memory.from_json(memory.to_json()) == memory
    with pytest.raises(ValueError, match="JSON"):
        Memory.from_json(b"half of wh")


def test_each_change_that_is_worth_saving_has_another_revision_also_without_a_connection() -> None:
    bench = Bench().cut()
    before = bench.robot.revision
    bench.robot.received(Kind.ORDER, to_bytes(shopping()), bench.now)
    assert bench.robot.revision == before + 1
    bench.wait(1)
    assert bench.robot.revision == before + 1
    bench.wait(60)
    assert bench.robot.revision > before + 1


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    bench = Bench().send(shopping()).wait(10)
    bench.now -= 3600
    bench.robot.tick(bench.now)
    bench.wait(AGES)
    assert bench.state.idle


def set_back(bench: Bench) -> Bench:
    return bench.stand_still(-3600)


def test_a_robot_whose_clock_is_set_back_tells_its_state_at_once_and_then_at_the_usual_pace() -> None:
    bench = Bench().wait(5)
    assert len(bench.states) == 1
    set_back(bench)
    assert [len(bench.wait(seconds).states) for seconds in (0, 19.9, 0.1)] == [2, 2, 3]


def test_a_robot_whose_clock_is_set_back_while_it_is_cut_hands_nothing_over_before_it_may_be_told_otherwise() -> None:
    bench = set_back(cut_on_its_way()).wait(300).back()
    assert bench.statuses(DROP) == [WAITING]
    assert bench.wait(bench_settles() / 2).statuses(DROP) == [WAITING]
    assert bench.wait(bench_settles() / 2).statuses(DROP) == [RUNNING]


def test_a_robot_whose_clock_was_set_back_while_it_was_off_hands_nothing_over_at_once() -> None:
    bench = dropping().restarted(after=AGES - 3600)
    assert bench.statuses(DROP) == [PAUSED]
    assert bench.wait(bench_settles()).statuses(DROP) == [RUNNING]


def test_a_robot_whose_clock_is_set_back_while_no_state_is_taken_hands_nothing_over_until_one_is() -> None:
    bench = dropping()
    bench.acknowledges = False
    assert set_back(bench).wait(AGES).statuses(DROP) == [PAUSED]
    bench.acknowledges = True
    assert bench.wait(bench.settings.report_every + bench_settles()).statuses(DROP) == [RUNNING]


def test_a_state_that_was_sent_before_the_clock_was_set_back_does_not_count_as_one_of_an_hour_later() -> None:
    bench = dropping()
    sent = bench.now
    set_back(bench).robot.acknowledged(sent)
    bench.cut().wait(AGES).back()
    assert bench.statuses(DROP) == [PAUSED]


def test_a_clock_that_is_set_forward_lets_nothing_be_handed_over_and_back_again_neither() -> None:
    bench = dropping().stand_still(3600)
    assert bench.statuses(DROP) == [PAUSED]
    assert set_back(bench.wait(bench_settles() / 2)).wait(bench_settles() / 2).statuses(DROP) == [PAUSED]
    assert bench.wait(bench_settles() / 2).statuses(DROP) == [RUNNING]


@pytest.mark.parametrize("fraction", [0.1, 1 / 3, 0.7, 1 / 7])
def test_no_time_is_left_over_by_rounding_that_would_keep_a_robot_busy(fraction: float) -> None:
    bench = cut_on_its_way()
    bench.now += fraction
    bench.back().wait(AGES)
    assert bench.state.idle
    assert bench.robot.due() > bench.now
