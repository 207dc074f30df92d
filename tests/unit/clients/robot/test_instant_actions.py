"""What a robot does at once: it cancels, pauses, goes on, tries again, and says how it is."""

import pytest

from clients.robot.settings import Settings
from events.vda5050 import errors
from events.vda5050.factsheet import Factsheet
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ActionStatus, OperatingMode
from events.vda5050.topics import Kind
from tests.unit.clients.robot.bench import AGES, SERIAL, Bench, at_once, instant, order, results, shopping

FINISHED, FAILED, RUNNING, WAITING, PAUSED, RETRIABLE = (
    ActionStatus.FINISHED,
    ActionStatus.FAILED,
    ActionStatus.RUNNING,
    ActionStatus.WAITING,
    ActionStatus.PAUSED,
    ActionStatus.RETRIABLE,
)
CANCEL = instant(InstantAction.CANCEL_ORDER, "cancel", orderId="list-1.1")


def on_its_way() -> Bench:
    """It holds the first product, and drives to the second."""
    bench = Bench().send(shopping())
    return bench.wait_until(lambda: bench.statuses()[0] is FINISHED and bench.state.driving)


def test_a_cancelled_order_fails_puts_back_what_the_robot_holds_and_then_says_so() -> None:
    bench = on_its_way()
    place = bench.state.last_node_id
    bench.at_once(CANCEL)
    assert bench.instant_status("cancel") is RUNNING
    assert (bench.state.driving, len(bench.state.loads or ())) == (False, 1)
    bench.wait(bench.settings.put_back)
    assert (bench.instant_status("cancel"), bench.statuses()) == (FINISHED, [FINISHED, FAILED, FAILED])
    assert (bench.state.idle, bench.state.loads, bench.state.node_states, bench.errors) == (True, (), (), [])
    assert (bench.state.order_id, bench.state.last_node_id) == ("list-1.1", place)


def test_a_robot_takes_no_other_order_before_it_has_put_back_what_it_holds() -> None:
    bench = on_its_way().at_once(CANCEL)
    other = order([("north-1", ()), ("north-west", ())], "list-2.1")
    assert bench.send(other).errors == [errors.OTHER_ORDER_ACTIVE]
    assert bench.wait(5).send(other).wait(60).errors == []
    assert (bench.state.order_id, bench.state.last_node_id) == ("list-2.1", "north-west")


def test_an_update_of_a_cancelled_order_is_refused() -> None:
    bench = Bench().send(order([("depot", ()), ("west", ())])).at_once(CANCEL)
    bench.send(order([("depot", ()), ("west", ())], update=1))
    assert bench.errors == [errors.ORDER_UPDATE_FOLLOWING_CANCEL]


def test_an_action_that_cannot_be_cancelled_is_finished_before_the_cancel_is() -> None:
    bench = Bench().send(shopping())
    bench.wait_until(lambda: bench.statuses("drop") == [RUNNING]).at_once(CANCEL)
    assert (bench.statuses("drop"), bench.instant_status("cancel")) == ([RUNNING], RUNNING)
    bench.wait(bench.settings.drop)
    assert (bench.statuses("drop"), bench.instant_status("cancel")) == ([FINISHED], FINISHED)


@pytest.mark.parametrize("wanted", ["list-2.1", "list-1.0"])
def test_a_cancel_of_another_order_fails_and_changes_nothing(wanted: str) -> None:
    bench = Bench().send(shopping()).at_once(instant(InstantAction.CANCEL_ORDER, "cancel", orderId=wanted))
    assert (bench.instant_status("cancel"), bench.errors) == (FAILED, [errors.NO_ORDER_TO_CANCEL])
    assert bench.state.driving


def test_a_cancel_without_an_order_fails_and_names_itself() -> None:
    bench = Bench().at_once(instant(InstantAction.CANCEL_ORDER, "cancel"))
    assert (bench.instant_status("cancel"), bench.errors) == (FAILED, [errors.NO_ORDER_TO_CANCEL])
    (reference,) = bench.state.errors[0].error_references or ()
    assert (reference.reference_key, reference.reference_value) == ("actionId", "cancel")


def test_a_second_cancel_fails() -> None:
    bench = on_its_way().at_once(CANCEL).at_once(instant(InstantAction.CANCEL_ORDER, "again"))
    assert (bench.instant_status("cancel"), bench.instant_status("again")) == (RUNNING, FAILED)


def test_an_instant_action_that_comes_twice_is_executed_once_even_when_its_state_was_cleared() -> None:
    bench = Bench().send(shopping()).at_once(instant(InstantAction.START_PAUSE, "pause"))
    bench.at_once(instant(InstantAction.STOP_PAUSE, "resume")).at_once(instant(InstantAction.START_PAUSE, "pause"))
    assert bench.state.paused is False
    bench.at_once(instant(InstantAction.CLEAR_INSTANT_ACTIONS, "clear"))
    assert [each.action_id for each in bench.state.instant_action_states] == ["clear"]
    assert bench.at_once(instant(InstantAction.START_PAUSE, "pause")).state.paused is False


def test_a_pause_stops_the_drive_and_no_time_of_it_is_lost() -> None:
    paused, other = Bench().send(shopping()).wait(2), Bench().send(shopping()).wait(2)
    paused.at_once(instant(InstantAction.START_PAUSE, "pause"))
    assert (paused.state.paused, paused.state.driving, paused.instant_status("pause")) == (True, False, FINISHED)
    place = paused.state.mobile_robot_position
    assert paused.wait(100).state.mobile_robot_position == place
    paused.at_once(instant(InstantAction.STOP_PAUSE, "resume"))
    assert paused.state.driving
    for bench in (paused, other):
        began = bench.now
        bench.wait_until(lambda bench=bench: bench.state.last_node_id == "west")  # type: ignore[misc]
        bench.now -= began
    assert paused.now == pytest.approx(other.now, abs=0.01)


def test_a_pause_pauses_a_collect_but_no_drop() -> None:
    bench = Bench().send(shopping())
    bench.wait_until(lambda: bench.statuses()[0] is RUNNING).wait(1)
    bench.at_once(instant(InstantAction.START_PAUSE, "pause")).wait(60)
    assert bench.statuses() == [PAUSED, WAITING, WAITING]
    bench.at_once(instant(InstantAction.STOP_PAUSE, "resume"))
    assert bench.statuses()[0] is RUNNING
    assert bench.wait(bench.settings.collect - 1).statuses()[0] is FINISHED
    bench.wait_until(lambda: bench.statuses("drop") == [RUNNING]).at_once(instant(InstantAction.START_PAUSE, "more"))
    assert bench.wait(bench.settings.drop).statuses("drop") == [FINISHED]


def test_a_paused_order_can_be_cancelled() -> None:
    bench = on_its_way().at_once(instant(InstantAction.START_PAUSE, "pause")).at_once(CANCEL).wait(10)
    assert (bench.instant_status("cancel"), bench.state.idle, bench.state.paused) == (FINISHED, True, True)


def failing(*chances: float) -> Bench:
    """A robot whose collects fail while a chance is 0."""
    left = list(chances)
    return Bench(Settings(failing=0.5), chance=lambda: left.pop(0) if left else 0.99)


def test_a_collect_that_fails_and_is_not_retriable_is_failed_and_the_order_goes_on() -> None:
    bench = failing(0).send(shopping()).wait(AGES)
    assert bench.statuses() == [FAILED, FINISHED, FINISHED]
    assert results(bench.state) == {"list-1.1/tea": 0, "list-1.1/mug": 3}
    assert bench.errors == [errors.PICK_FAILED]


def test_a_retriable_collect_waits_and_is_tried_again() -> None:
    bench = failing(0).send(shopping(retriable=True)).wait(AGES)
    assert bench.statuses() == [RETRIABLE, WAITING, WAITING]
    assert bench.state.errors[0].error_hint
    bench.at_once(instant(InstantAction.RETRY, "retry", actionId="list-1.1/tea"))
    assert (bench.statuses()[0], bench.instant_status("retry"), bench.errors) == (RUNNING, FINISHED, [])
    assert bench.wait(AGES).statuses() == [FINISHED, FINISHED, FINISHED]


def test_a_retriable_collect_that_is_skipped_has_failed() -> None:
    bench = failing(0).send(shopping(retriable=True)).wait(AGES)
    bench.at_once(instant(InstantAction.SKIP_RETRY, "skip", actionId="list-1.1/tea")).wait(AGES)
    assert (bench.statuses(), bench.instant_status("skip")) == ([FAILED, FINISHED, FINISHED], FINISHED)
    assert results(bench.state)["list-1.1/tea"] == 0


def test_a_drop_that_fails_is_tried_again_and_nothing_is_lost() -> None:
    base = shopping()
    end = base.nodes[-1]
    retriable = end.model_copy(update={"actions": (end.actions[0].model_copy(update={"retriable": True}),)})
    bench = failing(0.99, 0.99, 0.99, 0.99, 0).send(base.model_copy(update={"nodes": (*base.nodes[:-1], retriable)}))
    bench.wait(AGES)
    assert (bench.statuses("drop"), bench.errors) == ([RETRIABLE], [errors.DROP_FAILED])
    assert len(bench.state.loads or ()) == 2
    bench.at_once(instant(InstantAction.RETRY, "retry", actionId="list-1.1/drop")).wait(AGES)
    assert (bench.statuses("drop"), bench.errors, bench.state.loads) == ([FINISHED], [], ())


@pytest.mark.parametrize("kind", [InstantAction.RETRY, InstantAction.SKIP_RETRY])
def test_what_cannot_be_retried_is_refused(kind: InstantAction) -> None:
    bench = Bench().send(shopping()).at_once(instant(kind, "retry", actionId="list-1.1/tea"))
    assert (bench.instant_status("retry"), bench.errors) == (FAILED, [errors.INVALID_INSTANT_ACTION])


def test_an_unknown_instant_action_fails_until_another_is_accepted() -> None:
    bench = Bench().at_once(instant("fly", "fly"))
    assert (bench.instant_status("fly"), bench.errors) == (FAILED, [errors.INVALID_INSTANT_ACTION])
    bench.at_once(instant(InstantAction.STATE_REQUEST, "state"))
    assert (bench.instant_status("state"), bench.errors) == (FINISHED, [])


def test_a_malformed_message_of_instant_actions_is_an_error_and_does_nothing() -> None:
    bench = Bench()
    bench.told += bench.robot.received(Kind.INSTANT_ACTIONS, b'{"actions": 1}', bench.now)
    assert (bench.errors, bench.state.instant_action_states) == ([errors.VALIDATION_FAILURE], ())


def test_state_and_factsheet_are_sent_when_asked_for() -> None:
    bench = Bench()
    before = len(bench.told)
    bench.at_once(instant(InstantAction.STATE_REQUEST, "state"))
    assert [told.kind for told in bench.told[before:]] == [Kind.STATE]
    bench.at_once(instant(InstantAction.FACTSHEET_REQUEST, "sheet"))
    assert [(told.kind, told.retain) for told in bench.told[before + 1 :]] == [
        (Kind.FACTSHEET, True),
        (Kind.STATE, False),
    ]
    sheet = bench.told[-2].message
    assert isinstance(sheet, Factsheet)
    assert sheet.header_id == 1


def test_in_an_operating_mode_of_people_a_robot_does_not_pause_at_the_gateways_word() -> None:
    bench = Bench()
    bench.told += bench.robot.switch(OperatingMode.MANUAL, bench.now)
    bench.at_once(instant(InstantAction.START_PAUSE, "pause"))
    assert (bench.state.paused, bench.errors) == (False, [errors.INVALID_INSTANT_ACTION])


def test_no_more_than_a_hundred_instant_actions_are_reported_and_the_error_goes_when_they_are_cleared() -> None:
    bench = Bench()
    for number in range(101):
        bench.at_once(instant(InstantAction.STATE_REQUEST, f"state-{number}"))
    assert (len(bench.state.instant_action_states), bench.errors) == (100, [errors.INSTANT_ACTION_STATES_FULL])
    bench.at_once(instant(InstantAction.CLEAR_INSTANT_ACTIONS, "clear"))
    assert (len(bench.state.instant_action_states), bench.errors) == (1, [])


def test_instant_actions_for_another_robot_are_refused() -> None:
    bench = Bench()
    payload = at_once(instant(InstantAction.START_PAUSE)).replace(SERIAL.encode(), b"another")
    bench.told += bench.robot.received(Kind.INSTANT_ACTIONS, payload, bench.now)
    assert (bench.state.paused, bench.errors) == (False, [errors.VALIDATION_FAILURE])


def test_a_factsheet_that_is_asked_for_before_the_robot_is_online_comes_after_online() -> None:
    bench = Bench().off(1)
    payload = at_once(instant(InstantAction.FACTSHEET_REQUEST))
    bench.told += bench.robot.received(Kind.INSTANT_ACTIONS, payload, bench.now)
    assert [each.kind for each in bench.back().told] == [Kind.CONNECTION, Kind.FACTSHEET, Kind.STATE]
