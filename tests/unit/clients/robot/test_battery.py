"""A robot says when its battery is low, stands still when nothing is left, and charges while it is idle."""

from clients.robot.memory import MOST_ERRORS
from clients.robot.settings import Settings
from events.vda5050 import errors
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ErrorLevel
from tests.unit.clients.robot.bench import AGES, Bench, instant, shopping


def test_a_robot_runs_down_its_battery_says_so_when_it_is_low_and_charges_while_it_is_idle() -> None:
    bench = Bench(Settings(percent_a_second=1.5)).send(shopping())
    bench.wait_until(lambda: bench.errors == [errors.BATTERY_LOW])
    assert [state for state in bench.states[1:] if state.power_supply.charging] == []
    bench.wait_until(lambda: bench.state.idle and bench.state.power_supply.charging)
    bench.wait(60)
    assert (bench.errors, bench.state.power_supply.charging) == ([], False)
    assert bench.state.power_supply.state_of_charge == 100


def test_a_robot_whose_battery_is_empty_stands_still_with_a_fatal_error_until_it_is_idle_and_charged() -> None:
    bench = Bench(Settings(percent_a_second=3)).send(shopping())
    bench.wait_until(lambda: errors.BATTERY_EMPTY in bench.errors)
    place = bench.state.mobile_robot_position
    bench.wait(AGES)
    assert (bench.state.driving, bench.state.mobile_robot_position) == (False, place)
    assert errors.LEVELS[errors.BATTERY_EMPTY] is ErrorLevel.FATAL
    bench.at_once(instant(InstantAction.CANCEL_ORDER)).wait(AGES)
    assert (bench.errors, bench.state.power_supply.state_of_charge) == ([], 100)


def test_a_battery_lasts_to_the_moment_also_where_time_passes_in_one_leap() -> None:
    bench = Bench(Settings(percent_a_second=3)).send(shopping())
    bench.wait(AGES)
    leaping = Bench(Settings(percent_a_second=3)).send(shopping()).stand_still(AGES)
    assert leaping.state.mobile_robot_position == bench.state.mobile_robot_position


def test_a_robot_whose_battery_is_empty_takes_no_order_and_charges_until_it_may() -> None:
    bench = Bench()
    bench.robot.memory.charge = 0.0
    bench.stand_still(0.001).send(shopping())
    assert bench.errors[-1] == errors.MOBILE_ROBOT_NOT_AVAILABLE
    assert (bench.state.order_id, bench.state.idle, bench.state.power_supply.charging) == ("", True, True)
    bench.wait(AGES)
    assert bench.errors == []
    assert bench.send(shopping()).state.order_id == "list-1.1"


def test_a_robot_with_more_errors_than_it_reports_still_reports_the_one_for_which_it_stands() -> None:
    bench = Bench(Settings(percent_a_second=3)).send(shopping())
    bench.wait_until(lambda: errors.BATTERY_EMPTY in bench.errors)
    for number in range(2 * MOST_ERRORS):
        bench.at_once(instant("dance", f"dance-{number}"))
    assert (len(bench.errors), bench.errors.count(errors.BATTERY_EMPTY)) == (MOST_ERRORS, 1)
