"""The depot assigns by itself: the list that has waited longest goes to the robot that has been idle longest."""

from datetime import timedelta

import pytest

from events.depot import LookAgain, ShoppingListAvailable
from functions.depot import service
from functions.depot.dispatcher import inbox as dispatcher
from functions.depot.inbox import inbox
from functions.kernel.messaging.inbox import FIFO_GROUP
from functions.kernel.runtime import ids
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.context import Context, within
from tests.support.contention import ContendedStore, conflict
from tests.support.delivery import delivered
from tests.unit.depot.floor import Floor, robot, status


def waiting_lists(floor: Floor, count: int) -> list[str]:
    """Lists that became available one second after the other."""
    made = []
    for n in range(count):
        made.append(floor.available(f"order-{n}"))
        floor.pass_time(1)
    return made


def idle_robots(floor: Floor, count: int) -> list[str]:
    """Robots that became idle one second after the other."""
    made = []
    for n in range(count):
        made.append(floor.idle(f"Robot {n}"))
        floor.pass_time(1)
    return made


def test_a_list_that_becomes_available_goes_to_an_idle_robot_at_once(floor: Floor) -> None:
    (bot_id,) = idle_robots(floor, 1)
    floor.available("order-1")
    floor.settle()
    assert (status(), robot(bot_id)) == (("assigned", bot_id), ("active", "order-1"))


def test_a_robot_that_becomes_idle_gets_a_waiting_list_at_once(floor: Floor) -> None:
    waiting_lists(floor, 1)
    bot_id = floor.idle()
    floor.settle()
    assert (status("order-0"), robot(bot_id)) == (("assigned", bot_id), ("active", "order-0"))


def test_the_list_that_has_waited_longest_goes_first(floor: Floor) -> None:
    first, second, third = waiting_lists(floor, 3)
    bots = idle_robots(floor, 2)
    assert [status(list_id) for list_id in (first, second, third)] == [
        ("assigned", bots[0]),
        ("assigned", bots[1]),
        ("available", None),
    ]


def test_the_robot_that_has_been_idle_longest_goes_first(floor: Floor) -> None:
    first, second, third = idle_robots(floor, 3)
    lists = waiting_lists(floor, 2)
    assert [robot(bot_id) for bot_id in (first, second, third)] == [
        ("active", lists[0]),
        ("active", lists[1]),
        ("idle", None),
    ]


def test_a_robot_that_was_busy_has_been_idle_since_it_finished(floor: Floor) -> None:
    first, second = idle_robots(floor, 2)
    (list_id,) = waiting_lists(floor, 1)
    service.complete(list_id, None, 1)
    floor.pass_time(1)
    floor.available("order-next")
    floor.settle()
    assert (robot(first), robot(second)) == (("idle", None), ("active", "order-next"))


@pytest.mark.parametrize("end", ["completed", "cancelled"])
def test_a_robot_that_is_done_gets_the_next_list(floor: Floor, end: str) -> None:
    (bot_id,) = idle_robots(floor, 1)
    first, second = waiting_lists(floor, 2)
    if end == "completed":
        service.complete(first, None, 1)
    else:
        service.cancel(first)
    floor.settle()
    assert (status(first)[0], status(second)) == (end, ("assigned", bot_id))


def test_a_list_that_was_given_back_goes_to_another_robot(floor: Floor) -> None:
    first, second = idle_robots(floor, 2)
    (list_id,) = waiting_lists(floor, 1)
    service.take_offline(first)
    floor.settle()
    assert (status(list_id), service.shopping_list(list_id).assignment) == (("assigned", second), 2)


def test_a_message_that_comes_again_may_give_the_same_list_away_again(floor: Floor) -> None:
    first, second = idle_robots(floor, 2)
    floor.available("order-1")
    message = delivered(next(m for m in floor.said if isinstance(m, ShoppingListAvailable)))
    assert dispatcher.handle(message) == {"batchItemFailures": []}
    assert status() == ("assigned", first)
    service.take_offline(first)
    assert dispatcher.handle(message) == {"batchItemFailures": []}
    assert status() == ("assigned", second)


def test_every_handler_of_the_dispatcher_may_run_twice(floor: Floor) -> None:
    first, second = floor.idle("Ajax"), floor.idle("Hector")
    floor.available("order-1")
    for message in floor.said:
        if type(message) in dispatcher.messages:
            floor.hear(message, id=ids.new(), to=dispatcher)
    floor.hear(LookAgain(bucket="2026-03-14T09:00:03.000000Z", list_id="order-1", looks=1), to=dispatcher)
    assert status()[0] == "assigned"
    assert sorted(robot(bot_id)[0] for bot_id in (first, second)) == ["active", "idle"]
    assert service.shopping_list("order-1").assignment == 1


def test_an_assignment_belongs_to_the_flow_of_its_list(floor: Floor) -> None:
    with within(Context(correlation_id="the flow of the order")):
        floor.available("order-1")
    with within(Context(correlation_id="the flow of the robot")):
        floor.idle()
    floor.settle()
    flows = {m.name: m.detail["metadata"]["correlation_id"] for m in floor.promised}
    assert flows["BotCameOnline"] == "the flow of the robot"
    assert flows["ShoppingListAssigned"] == flows["BotAssigned"] == "the flow of the order"


def test_a_mall_at_rest_is_not_looked_at(floor: Floor) -> None:
    idle_robots(floor, 3)
    floor.listed("order-1")
    floor.pass_time(60)
    assert (floor.looks, floor.looks_taken) == ([], 0)


def test_while_a_list_waits_without_robots_looks_come_further_and_further_apart(floor: Floor) -> None:
    floor.available("order-1")
    floor.pass_time(30)
    assert 9 <= floor.looks_taken <= 11
    floor.pass_time(3_600)
    assert 60 <= floor.looks_taken <= 80


def test_many_lists_that_wait_share_their_looks(floor: Floor) -> None:
    waiting_lists(floor, 40)
    floor.pass_time(200)
    before = floor.looks_taken
    floor.pass_time(3_600)
    assert floor.looks_taken - before <= 65
    assert len(floor.looks) <= 41


def test_no_look_follows_when_the_last_list_is_gone(floor: Floor) -> None:
    floor.available("order-1")
    floor.pass_time(10)
    service.cancel("order-1")
    floor.pass_time(60)
    assert floor.looks == []


def test_reminders_of_one_moment_become_one_look_in_the_one_group(floor: Floor) -> None:
    reminder = LookAgain(bucket="2026-03-14T09:00:03.000000Z", list_id="order-1", looks=1)
    floor.hear(reminder, id="one")
    floor.hear(reminder, id="another")
    floor.hear(reminder.model_copy(update={"list_id": "order-2"}), id="of another list")
    assert {sent.group for sent in floor.dispatcher_queue.sent} == {FIFO_GROUP}
    assert [letter.detail["data"]["list_id"] for letter in floor.dispatcher_queue.letters] == ["order-1", "order-2"]


def test_a_look_is_followed_by_another_though_the_clock_has_stepped_back(floor: Floor) -> None:
    floor.available("order-1")
    floor.settle()
    [asked_for] = floor.looks
    floor.now -= timedelta(seconds=2)
    floor.hear(asked_for, to=dispatcher)
    buckets = [look.bucket for look in floor.looks]
    assert (buckets[0], len(set(buckets))) == (asked_for.bucket, 2)
    assert buckets[1] > asked_for.bucket


def test_a_list_given_back_is_looked_at_again_though_the_clock_is_behind_its_last_look(floor: Floor) -> None:
    floor.available("order-1")
    floor.pass_time(3)
    bot_id = floor.idle()
    assert floor.until_assigned("order-1", at_most=0) == 0
    floor.pass_time(6)
    assert floor.looks == []
    taken = floor.looks_taken
    floor.now -= timedelta(seconds=8)
    service.take_offline(bot_id)
    floor.pass_time(3)
    assert status()[0] == "available"
    assert floor.looks_taken > taken


def test_when_a_list_ends_at_that_moment_its_robot_gets_the_next_one_soon_after(
    floor: Floor, store: ContendedStore
) -> None:
    first, second = waiting_lists(floor, 2)
    bot_id = floor.idle()
    store.before = [lambda: service.cancel(first)]
    floor.settle()
    assert (status(first)[0], robot(bot_id)) == ("cancelled", ("idle", None))
    assert floor.until_assigned(second, at_most=3) <= 3
    assert robot(bot_id) == ("active", second)


def test_a_list_that_cannot_be_given_away_for_conflicts_is_given_away_soon_after(
    floor: Floor, store: ContendedStore
) -> None:
    (list_id,) = waiting_lists(floor, 1)
    floor.pass_time(300)
    bot_id = floor.idle()
    store.before = [conflict] * 6
    floor.settle()
    assert (status(list_id), robot(bot_id)) == (("available", None), ("idle", None))
    assert floor.until_assigned(list_id, at_most=3) <= 3


def test_a_list_that_cannot_be_read_keeps_no_other_waiting(floor: Floor) -> None:
    broken, sound = waiting_lists(floor, 2)
    version = service.shopping_list(broken).version + 1
    unheard = StoredEvent("Bewitched", 1, {})
    floor.store.commit(Commit(f"ShoppingList#{broken}", version, "c", (unheard,), "2026-03-14T09:00:00.000000Z"))
    bot_id = floor.idle()
    floor.settle()
    assert (status(sound), robot(bot_id)) == (("assigned", bot_id), ("active", sound))


def test_a_look_whose_reminder_cannot_be_sent_is_taken_again(floor: Floor) -> None:
    floor.available("order-1")
    floor.queue.down = True
    event = next(m for m in floor.said if isinstance(m, ShoppingListAvailable))
    batch = delivered(event)
    assert dispatcher.handle(batch) == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    floor.queue.down = False
    assert dispatcher.handle(batch) == {"batchItemFailures": []}
    assert [look.list_id for look in floor.looks] == ["order-1"]


def test_the_dispatcher_works_one_by_one_and_hears_only_what_can_make_a_pair() -> None:
    assert dispatcher.fifo
    assert dispatcher.queue != inbox.queue
    assert dispatcher.pattern["detail-type"] == ["BotCameOnline", "BotFinished", "ShoppingListAvailable"]
