"""The depot assigns by itself: the list that has waited longest goes to the robot that has been idle longest."""

import pytest

from events.depot import BotCameOnline, LookAgain, ShoppingListAvailable, WaitingListsDue
from functions.depot import service
from functions.depot.dispatcher import inbox as dispatcher
from functions.depot.inbox import inbox
from functions.kernel.eventstore.repository import ATTEMPTS
from functions.kernel.messaging.inbox import FIFO_GROUP
from functions.kernel.runtime import ids
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.context import Context, within
from tests.support.callers import CLERK
from tests.support.contention import ContendedStore, conflict
from tests.support.delivery import delivered
from tests.unit.depot.floor import Floor, robot, status


def waiting_lists(floor: Floor, count: int) -> list[str]:
    """Lists that became available one second after the other."""
    created = []
    for n in range(count):
        created.append(floor.available(f"order-{n}"))
        floor.pass_time(1)
    return created


def idle_robots(floor: Floor, count: int) -> list[str]:
    """Robots that became idle one second after the other."""
    created = []
    for n in range(count):
        created.append(floor.idle(f"Robot {n}"))
        floor.pass_time(1)
    return created


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


def test_an_idle_robot_whose_tokens_are_revoked_keeps_its_place_and_gets_a_list_at_once(floor: Floor) -> None:
    first, second = idle_robots(floor, 2)
    floor.settle()
    renewed = [floor.request("POST", f"/bots/{first}/token", {}, caller=CLERK).status for _ in range(5)]
    floor.available("order-1")
    floor.settle()
    assert (renewed, status(), robot(second)) == ([200] * 5, ("assigned", first), ("idle", None))


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
def test_a_robot_that_has_finished_gets_the_next_list(floor: Floor, end: str) -> None:
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


def test_a_message_is_only_a_hint_and_may_lead_to_a_pair_each_time_that_it_comes(floor: Floor) -> None:
    first, second = idle_robots(floor, 2)
    floor.available("order-1")
    message = delivered(next(m for m in floor.published if isinstance(m, ShoppingListAvailable)), stream_version=2)
    assert dispatcher.handle(message) == {"batchItemFailures": []}
    assert status() == ("assigned", first)
    service.take_offline(first)
    given_back = [m for m in floor.published if isinstance(m, ShoppingListAvailable)][-1]
    assert dispatcher.handle(delivered(given_back, stream_version=4)) == {"batchItemFailures": []}
    assert status() == ("assigned", second)


def test_every_handler_of_the_dispatcher_is_idempotent(floor: Floor) -> None:
    first, second = floor.idle("Ajax"), floor.idle("Hector")
    floor.available("order-1")
    for message in floor.published:
        if type(message) in dispatcher.messages:
            floor.deliver(message, id=ids.new(), to=dispatcher, version=2)
    floor.deliver(LookAgain(bucket="2026-03-14T09:00:03.000000Z", list_id="order-1", looks=1), to=dispatcher)
    floor.deliver(WaitingListsDue(time="2026-03-14T09:01:00.000000Z"), to=dispatcher)
    assert status()[0] == "assigned"
    assert sorted(robot(bot_id)[0] for bot_id in (first, second)) == ["active", "idle"]
    assert service.shopping_list("order-1").assignment == 1


def test_an_assignment_belongs_to_the_flow_of_its_list(floor: Floor) -> None:
    with within(Context(correlation_id="the flow of the order")):
        floor.available("order-1")
    with within(Context(correlation_id="the flow of the robot")):
        floor.idle()
    floor.settle()
    flows = {m.name: m.detail["metadata"]["correlation_id"] for m in floor.outgoing}
    assert flows["BotCameOnline"] == "the flow of the robot"
    assert flows["ShoppingListAssigned"] == flows["BotAssigned"] == "the flow of the order"


def test_equal_timers_become_one_message_in_the_one_group(floor: Floor) -> None:
    due = WaitingListsDue(time="2026-03-14T09:01:00.000000Z")
    floor.deliver(due, id="one")
    floor.deliver(due, id="another")
    floor.deliver(WaitingListsDue(time="2026-03-14T09:02:00.000000Z"), id="of the next minute")
    assert {sent.group for sent in floor.dispatcher_queue.sent} == {FIFO_GROUP}
    assert [message.detail["data"]["time"][14:16] for message in floor.dispatcher_queue.messages] == ["01", "02"]


def test_when_a_list_is_cancelled_meanwhile_its_robot_gets_the_next_one_at_once(
    floor: Floor, store: ContendedStore
) -> None:
    first, second = waiting_lists(floor, 2)
    bot_id = floor.idle()
    store.before = [lambda: service.cancel(first)]
    floor.settle()
    assert (status(first)[0], robot(bot_id)) == ("cancelled", ("active", second))


def test_a_list_that_meets_conflicts_is_assigned_at_once(floor: Floor, store: ContendedStore) -> None:
    (list_id,) = waiting_lists(floor, 1)
    bot_id = floor.idle()
    store.before = [conflict] * (ATTEMPTS - 1)
    floor.settle()
    assert status(list_id) == ("assigned", bot_id)


def test_a_pair_that_keeps_meeting_conflicts_is_retried(floor: Floor, store: ContendedStore) -> None:
    (list_id,) = waiting_lists(floor, 1)
    bot_id = floor.idle()
    came_online = delivered(next(m for m in floor.published if isinstance(m, BotCameOnline)), stream_version=2)
    store.before = [conflict] * ATTEMPTS
    assert dispatcher.handle(came_online) == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    assert dispatcher.handle(came_online) == {"batchItemFailures": []}
    assert status(list_id) == ("assigned", bot_id)


def test_a_list_that_cannot_be_read_does_not_block_others(floor: Floor) -> None:
    broken, sound = waiting_lists(floor, 2)
    version = service.shopping_list(broken).version + 1
    unknown = StoredEvent.of("Bewitched", 1, {})
    floor.store.commit(Commit(f"ShoppingList#{broken}", version, "c", (unknown,), "2026-03-14T09:00:00.000000Z"))
    bot_id = floor.idle()
    floor.settle()
    assert (status(sound), robot(bot_id)) == (("assigned", bot_id), ("active", sound))


def test_one_dispatcher_works_at_a_time_and_consumes_only_what_can_make_a_pair() -> None:
    assert dispatcher.fifo
    assert dispatcher.queue != inbox.queue
    assert dispatcher.pattern["detail-type"] == ["BotCameOnline", "BotFinished", "ShoppingListAvailable"]
