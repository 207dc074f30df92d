"""What waits is kept in rows: no list and no idle robot wait for an index, and a lost message is made good."""

from collections.abc import Callable

import pytest

from events.depot import BotCameOnline, LookAgain, ShoppingListAvailable
from functions.depot import matching, service, views
from functions.depot.dispatcher import inbox as dispatcher
from functions.kernel.runtime.views import Row
from tests.support.delivery import delivered
from tests.unit.depot.floor import START, Floor, robot, status


def list_first(floor: Floor, apart: int) -> None:
    floor.available("order-1")
    floor.pass_time(apart)
    floor.idle()


def robot_first(floor: Floor, apart: int) -> None:
    floor.idle()
    floor.pass_time(apart)
    floor.available("order-1")


def rows(floor: Floor) -> list[str]:
    """What the dispatcher's rows name, lists first."""
    return [row.id for row in (*views.waiting_lists(), *views.idle_bots())]


@pytest.mark.parametrize("begin", [list_first, robot_first])
@pytest.mark.parametrize("apart", [0, 1, 10])
@pytest.mark.parametrize("lag", [0, 1, 8, 1_000])
def test_a_list_is_assigned_at_once_however_far_the_index_is_behind(
    floor: Floor, begin: Callable[[Floor, int], None], apart: int, lag: int
) -> None:
    floor.views.lag = lag
    begin(floor, apart)
    assert floor.until_assigned("order-1", at_most=0) == 0
    assert rows(floor) == []


def test_a_backlog_of_the_inbox_does_not_delay_the_dispatcher(floor: Floor) -> None:
    floor.backlog = True
    floor.available("order-1")
    floor.idle()
    assert floor.until_assigned("order-1", at_most=0) == 0


def test_a_robot_that_the_index_still_shows_as_idle_gets_no_second_list(floor: Floor) -> None:
    first = floor.idle("Ajax")
    floor.pass_time(10)
    floor.views.lag = 1_000
    floor.available("order-1")
    floor.available("order-2")
    floor.pass_time(120)
    assert (status("order-1"), status("order-2"), robot(first)) == (
        ("assigned", first),
        ("available", None),
        ("active", "order-1"),
    )
    second = floor.idle("Hector")
    assert floor.until_assigned("order-2", at_most=0) == 0
    assert robot(second) == ("active", "order-2")


def test_more_pairs_than_one_page_of_rows_are_made_at_once(floor: Floor) -> None:
    count = 2 * views.AT_A_TIME + 5
    floor.deaf = True
    lists = [floor.available(f"order-{n:02}") for n in range(count)]
    bots = [floor.idle(f"Robot {n}") for n in range(count)]
    floor.settle()
    floor.deaf = False
    floor.pass_time(60)
    assert sorted(str(status(list_id)[1]) for list_id in lists) == sorted(bots)
    assert sorted(str(robot(bot_id)[1]) for bot_id in bots) == sorted(lists)
    assert rows(floor) == []


@pytest.mark.parametrize("lost", [list_first, robot_first])
def test_a_pair_whose_messages_were_given_up_is_made_within_a_minute(
    floor: Floor, lost: Callable[[Floor, int], None]
) -> None:
    floor.deaf = True
    lost(floor, 1)
    floor.settle()
    floor.deaf = False
    assert 50 <= floor.until_assigned("order-1", at_most=60) <= 60


def test_of_what_was_given_up_the_list_that_waited_longest_goes_first(floor: Floor) -> None:
    floor.deaf = True
    for n in range(2):
        floor.available(f"order-{n}")
        floor.pass_time(1)
    floor.deaf = False
    floor.available("order-2")
    floor.pass_time(60)
    bot_id = floor.idle()
    floor.settle()
    assert robot(bot_id) == ("active", "order-0")


def test_rows_of_what_waits_no_more_are_deleted_within_a_minute(floor: Floor) -> None:
    service.take_offline(floor.idle("Ajax"))
    floor.settle()
    assert len(rows(floor)) == 1
    floor.pass_time(60)
    assert rows(floor) == []
    floor.available("order-1")
    service.cancel("order-1")
    floor.settle()
    assert rows(floor) == ["order-1"]
    floor.pass_time(60)
    assert rows(floor) == []


def test_a_list_that_was_given_back_has_waited_since_then(floor: Floor) -> None:
    first = floor.idle("Ajax")
    floor.available("order-1")
    floor.pass_time(1)
    floor.available("order-2")
    floor.pass_time(1)
    service.take_offline(first)
    available = next(m for m in floor.published if isinstance(m, ShoppingListAvailable))
    assert dispatcher.handle(delivered(available, stream_version=2)) == {"batchItemFailures": []}  # of its first wait
    floor.settle()
    bot_id = floor.idle("Hector")
    floor.settle()
    assert robot(bot_id) == ("active", "order-2")


def test_a_robot_whose_heartbeat_came_under_an_idempotency_key_waits_as_before(floor: Floor) -> None:
    bot_id = floor.idle()
    floor.settle()
    for n in range(20):
        key = {"Idempotency-Key": f"heartbeat-{n}"}
        assert floor.request("PUT", f"/bots/{bot_id}/online", headers=key).status == 200
    floor.available("order-1")
    assert floor.until_assigned("order-1", at_most=0) == 0
    assert robot(bot_id) == ("active", "order-1")


def test_a_redelivered_message_of_what_waits_no_more_leaves_no_row_that_matters(floor: Floor) -> None:
    bot_id = floor.idle()
    floor.available("order-1")
    floor.settle()
    for message in floor.published:
        if isinstance(message, ShoppingListAvailable | BotCameOnline):
            assert dispatcher.handle(delivered(message)) == {"batchItemFailures": []}
    assert (status(), service.shopping_list("order-1").assignment, rows(floor)) == (("assigned", bot_id), 1, [])


def test_a_list_in_a_row_of_earlier_code_gets_a_robot_within_a_minute(floor: Floor) -> None:
    """Neither its version was kept, nor what waits by the dispatcher."""
    floor.deaf = True
    floor.available("order-1")
    floor.settle()
    row = {
        **(views.read("lists", "order-1") or {}),
        "version": None,
    }
    del row["version"]
    floor.views.put(Row("lists", "order-1", row, {"by_status": ("lists available", row["since"])}), 99)
    floor.deaf = False
    bot_id = floor.idle()
    assert floor.until_assigned("order-1", at_most=60) <= 60
    assert robot(bot_id) == ("active", "order-1")


def show_for_ever(floor: Floor, bot_id: str) -> None:
    """Keep the read model from showing anything of a robot but what it shows now, as when its messages are lost."""
    row = views.read("bots", bot_id) or {}
    floor.views.put(Row("bots", bot_id, row, {"by_status": ("bots idle", row["since"])}), 99)


def test_a_robot_that_the_index_shows_as_idle_for_ever_is_not_written_again_each_minute(floor: Floor) -> None:
    bot_id = floor.idle()
    floor.settle()
    show_for_ever(floor, bot_id)
    service.take_offline(bot_id)
    floor.available("order-1")
    floor.settle()
    assert rows(floor) == ["order-1"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(floor.views, "put", None)
        patched.setattr(floor.views, "delete", None)
        matching.correct_rows()
    assert rows(floor) == ["order-1"]


def test_a_robot_that_waits_again_is_found_though_the_index_shows_an_earlier_wait(floor: Floor) -> None:
    bot_id = floor.idle()
    floor.settle()
    show_for_ever(floor, bot_id)
    floor.deaf = True
    service.take_offline(bot_id)
    service.bring_online(bot_id)
    floor.available("order-1")
    floor.settle()
    floor.deaf = False
    assert floor.until_assigned("order-1", at_most=120) <= 120  # the first minute ends the row of the earlier wait
    assert robot(bot_id) == ("active", "order-1")


def test_a_reminder_of_earlier_code_makes_the_dispatcher_look(floor: Floor) -> None:
    floor.deaf = True
    floor.available("order-1")
    bot_id = floor.idle()
    floor.settle()
    floor.deaf = False
    reminder = LookAgain(bucket=START.isoformat(), list_id="order-1", since=START.isoformat(), looks=3)
    floor.deliver(reminder)
    floor.settle()
    assert status() == ("assigned", bot_id)
