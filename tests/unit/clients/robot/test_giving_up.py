"""A robot that gives its order up comes to the end of it, whatever happens meanwhile."""

from collections.abc import Callable

import pytest

from clients.robot.settings import Settings
from events.vda5050 import errors
from events.vda5050.collecting import DROP, collect, drop
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ActionStatus, OperatingMode
from events.vda5050.topics import Kind
from tests.unit.clients.robot.bench import AGES, Bench, at_once, instant, order, shopping

FINISHED, FAILED, RUNNING = ActionStatus.FINISHED, ActionStatus.FAILED, ActionStatus.RUNNING
CANCEL = instant(InstantAction.CANCEL_ORDER, "cancel", orderId="list-1.1")


def dropping(settings: Settings | None = None) -> Bench:
    bench = Bench(settings).send(shopping())
    return bench.wait_until(lambda: bench.statuses(DROP) == [RUNNING])


SILENT: dict[str, Callable[[Bench], Bench]] = {
    "without a connection": lambda bench: bench.cut().wait(AGES).back(),
    "off for longer than its lease": lambda bench: bench.restarted(after=AGES),
    "standing still for longer than its lease": lambda bench: bench.stand_still(AGES),
    "its clock set back": lambda bench: bench.stand_still(-3600),
    "its clock set back while it was off": lambda bench: bench.restarted(after=-3600),
}


@pytest.mark.parametrize("falls_silent", SILENT.values(), ids=SILENT.keys())
def test_an_order_that_is_cancelled_in_its_drop_ends_also_after_a_silence(
    falls_silent: Callable[[Bench], Bench],
) -> None:
    bench = falls_silent(dropping().at_once(CANCEL)).wait(AGES)
    assert bench.statuses(DROP) == [FAILED]
    assert (bench.state.idle, bench.state.loads, bench.instant_status("cancel")) == (True, (), FINISHED)
    assert bench.send(shopping("list-2.1")).state.order_id == "list-2.1"


@pytest.mark.parametrize("back", [lambda bench: bench.cut().wait(10).back(), lambda bench: bench.restarted(after=10)])
def test_a_drop_that_a_short_silence_paused_after_its_order_was_cancelled_ends(back: Callable[[Bench], Bench]) -> None:
    bench = back(dropping().at_once(CANCEL)).wait(AGES)
    assert bench.statuses(DROP) == [FINISHED]
    assert (bench.state.idle, bench.state.loads, bench.instant_status("cancel")) == (True, (), FINISHED)


def test_a_cancel_that_waited_in_the_session_and_comes_before_the_robot_is_online_ends_the_order() -> None:
    bench = dropping().off(AGES)
    bench.robot.received(Kind.INSTANT_ACTIONS, at_once(CANCEL), bench.now)
    bench.back().wait(AGES)
    assert (bench.state.idle, bench.instant_status("cancel")) == (True, FINISHED)


def test_a_change_of_mode_ends_the_order_also_after_a_silence() -> None:
    bench = dropping()
    bench.robot.switch(OperatingMode.SERVICE, bench.now)
    bench.stand_still(AGES).wait(AGES)
    assert (bench.state.idle, bench.state.operating_mode) == (True, OperatingMode.SERVICE)


def test_a_drop_that_fails_while_its_order_is_given_up_waits_for_no_retry() -> None:
    luck = [0.9]
    bench = Bench(Settings(failing=0.5), chance=lambda: luck[0])
    bench.send(order([("depot", (drop("d").model_copy(update={"retriable": True}),))]))
    luck[0] = 0.0
    assert bench.at_once(CANCEL).wait(AGES).statuses(DROP) == [FAILED]
    assert (bench.state.idle, bench.instant_status("cancel")) == (True, FINISHED)


def test_a_robot_that_puts_back_what_it_holds_at_its_last_node_shows_that_it_is_idle_when_it_takes_an_order() -> None:
    luck = [0.9]
    bench = Bench(Settings(failing=0.5), chance=lambda: luck[0])
    bench.send(order([("depot", (collect("a", "s", "tea", 1), drop("d")))]))
    bench.wait_until(lambda: bench.statuses(DROP) == [RUNNING]).at_once(CANCEL)
    luck[0] = 0.0
    bench.wait(bench.settings.drop)
    assert (bench.state.idle, len(bench.state.loads or ())) == (False, 1)
    assert bench.send(shopping("list-2.1")).errors == [errors.DROP_FAILED, errors.OTHER_ORDER_ACTIVE]
    bench.wait(bench.settings.put_back)
    assert (bench.state.idle, bench.state.loads, bench.statuses(DROP)) == (True, (), [FAILED])
    assert bench.send(shopping("list-2.1")).state.order_id == "list-2.1"


def test_a_mode_that_is_taken_back_before_the_goods_are_is_not_entered_afterwards() -> None:
    bench = Bench().send(order([("depot", (collect("a", "s", "tea", 1),)), ("west", ())]))
    bench.wait_until(lambda: bool(bench.state.loads))
    bench.robot.switch(OperatingMode.MANUAL, bench.now)
    bench.robot.switch(OperatingMode.AUTOMATIC, bench.now)
    bench.wait(AGES)
    assert (bench.state.idle, bench.state.operating_mode) == (True, OperatingMode.AUTOMATIC)
