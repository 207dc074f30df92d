"""What a robot could not put down is tried again or put back, and never handed over with another order."""

from collections.abc import Iterator
from itertools import chain, repeat

from clients.robot.settings import Settings
from events.vda5050.collecting import collect, drop
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ActionStatus
from tests.unit.clients.robot.bench import AGES, Bench, instant, order, shopping

FINISHED, FAILED, RUNNING, WAITING, RETRIABLE = (
    ActionStatus.FINISHED,
    ActionStatus.FAILED,
    ActionStatus.RUNNING,
    ActionStatus.WAITING,
    ActionStatus.RETRIABLE,
)
RETRY = instant(InstantAction.RETRY, "retry", actionId="list-1.1/drop")
SKIP = instant(InstantAction.SKIP_RETRY, "skip", actionId="list-1.1/drop")


def failed(*, retriable: bool) -> Bench:
    """A robot at the depot with two products that it could not put down."""
    luck: Iterator[float] = chain((0.99, 0.99, 0.99, 0.99, 0.0), repeat(0.99))
    stops = [(node.node_id, node.actions) for node in shopping().nodes[:-1]]
    last = drop("list-1.1/drop").model_copy(update={"retriable": retriable})
    bench = Bench(Settings(failing=0.5), chance=lambda: next(luck)).send(order([*stops, ("depot", (last,))]))
    bench.wait_until(lambda: bench.statuses("drop") == [RETRIABLE if retriable else FAILED])
    assert len(bench.state.loads or ()) == 2
    return bench


def test_a_drop_that_is_skipped_has_failed_and_what_it_left_is_put_back() -> None:
    bench = failed(retriable=True).at_once(SKIP)
    assert (bench.statuses("drop"), bench.instant_status("skip")) == ([FAILED], FINISHED)
    assert len(bench.wait(2 * bench.settings.put_back - 0.1).state.loads or ()) == 2
    assert bench.wait(0.1).state.loads == ()


def test_what_a_drop_left_that_failed_for_good_is_put_back() -> None:
    bench = failed(retriable=False)
    assert bench.wait(2 * bench.settings.put_back).state.loads == ()


def test_an_order_that_comes_while_a_robot_puts_back_waits_for_it_also_after_a_restart_and_has_its_own_goods() -> None:
    bench = failed(retriable=False).send(shopping("list-2.1"))
    assert (bench.state.order_id, bench.state.driving) == ("list-2.1", False)
    again = bench.restarted().wait(2 * bench.settings.put_back)
    assert (again.state.loads, again.state.driving) == ((), True)
    again.wait_until(lambda: again.statuses()[0] is FINISHED)
    assert [load.load_id for load in again.state.loads or ()] == ["tea"]


def test_what_an_order_without_a_drop_left_is_put_back_when_another_begins() -> None:
    bench = Bench().send(order([("depot", (collect("list-1.1/tea", "store-1", "tea", 1),))])).wait(AGES)
    assert (len(bench.state.loads or ()), bench.state.idle) == (1, True)
    bench.send(shopping("list-2.1")).wait(bench.settings.put_back)
    assert (bench.state.loads, bench.state.driving) == ((), True)


def test_an_order_that_is_cancelled_while_a_robot_puts_back_ends_when_it_holds_nothing() -> None:
    bench = failed(retriable=False).send(shopping("list-2.1"))
    bench.at_once(instant(InstantAction.CANCEL_ORDER, "cancel"))
    assert bench.instant_status("cancel") is RUNNING
    bench.wait(2 * bench.settings.put_back)
    assert (bench.instant_status("cancel"), bench.state.loads, bench.state.idle) == (FINISHED, (), True)
    assert bench.send(shopping("list-3.1")).state.driving


def test_a_drop_that_is_tried_again_while_the_robot_is_paused_waits_until_it_goes_on() -> None:
    bench = failed(retriable=True).at_once(instant(InstantAction.START_PAUSE, "pause")).at_once(RETRY).wait(AGES)
    assert (bench.statuses("drop"), bench.instant_status("retry")) == ([RETRIABLE], FINISHED)
    assert bench.at_once(instant(InstantAction.STOP_PAUSE, "resume")).statuses("drop") == [RUNNING]
