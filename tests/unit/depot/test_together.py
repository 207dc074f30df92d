"""A list and its robot change in one transaction, also when another change comes in between."""

from collections.abc import Callable

import pytest

from functions.depot import service
from functions.kernel.domain.errors import ConcurrencyError, NotFoundError, RefusedError
from tests.support.contention import ContendedStore, conflict
from tests.unit.depot.floor import Floor, in_turn, robot, status


@pytest.mark.parametrize(
    "step",
    [
        lambda list_id, bot_id: service.complete(list_id, None, None),
        lambda list_id, bot_id: service.cancel(list_id),
        lambda list_id, bot_id: service.cancel_for_order(list_id),
        lambda list_id, bot_id: service.take_offline(bot_id),
    ],
    ids=["complete", "cancel", "cancel for order", "offline"],
)
@pytest.mark.parametrize("conflicts", [0, 2])
def test_what_separates_a_list_and_its_robot_is_one_write(
    floor: Floor, store: ContendedStore, step: Callable[[str, str], None], conflicts: int
) -> None:
    list_id, bot_id = floor.active()
    versions = service.shopping_list(list_id).version, service.bots.get(bot_id).version
    store.tries, store.before = 0, [conflict] * conflicts
    step(list_id, bot_id)
    assert store.tries == 1 + conflicts
    assert (service.shopping_list(list_id).version, service.bots.get(bot_id).version) == (
        versions[0] + 1,
        versions[1] + 1,
    )


def test_a_list_is_assigned_in_one_write(floor: Floor, store: ContendedStore) -> None:
    list_id, bot_id = floor.available(), floor.idle()
    store.tries = 0
    service.assign(list_id, bot_id)
    assert (store.tries, status(list_id), robot(bot_id)) == (1, ("assigned", bot_id), ("active", list_id))


def test_an_unknown_list_or_robot_is_not_found(floor: Floor) -> None:
    list_id, bot_id = floor.available(), floor.idle()
    with pytest.raises(NotFoundError, match="there is no bot unknown"):
        service.assign(list_id, "unknown")
    with pytest.raises(NotFoundError, match="there is no shopping list unknown"):
        service.assign("unknown", bot_id)
    for step in (service.cancel, lambda id: service.complete(id, None, None)):
        with pytest.raises(NotFoundError, match="there is no shopping list unknown"):
            step("unknown")
    with pytest.raises(NotFoundError, match="there is no bot unknown"):
        service.take_offline("unknown")
    assert (status(list_id), robot(bot_id)) == (("available", None), ("idle", None))


def test_a_completed_list_frees_its_robot(floor: Floor) -> None:
    list_id, bot_id = floor.active()
    service.complete(list_id, None, 1)
    assert (status(list_id), robot(bot_id)) == (("completed", bot_id), ("idle", None))


def test_a_cancelled_list_frees_its_robot(floor: Floor) -> None:
    list_id, bot_id = floor.assigned()
    service.cancel(list_id)
    assert (status(list_id), robot(bot_id)) == (("cancelled", None), ("idle", None))


def test_a_robot_that_goes_offline_mid_task_gives_its_list_back(floor: Floor) -> None:
    list_id, bot_id = floor.active()
    service.pick(list_id, 1, "bakery", "roll", 2)
    service.take_offline(bot_id)
    assert (status(list_id), robot(bot_id)) == (("available", None), ("offline", None))
    assert [item.picked for stop in service.shopping_list(list_id).stops for item in stop.items] == [0, 0, 0]


def test_a_robot_that_goes_offline_after_it_completed_its_list_gives_nothing_back(floor: Floor) -> None:
    list_id, bot_id = floor.active()
    service.complete(list_id, None, None)
    service.take_offline(bot_id)
    service.take_offline(bot_id)
    assert (status(list_id), robot(bot_id)) == (("completed", bot_id), ("offline", None))


def test_two_robots_never_get_one_list(floor: Floor, store: ContendedStore) -> None:
    list_id, first, second = floor.available(), floor.idle("Ajax"), floor.idle("Hector")
    store.before = [lambda: service.assign(list_id, second)]
    with pytest.raises(RefusedError, match="the shopping list is assigned"):
        service.assign(list_id, first)
    assert (status(list_id), robot(first), robot(second)) == (
        ("assigned", second),
        ("idle", None),
        ("active", list_id),
    )


def test_two_lists_never_get_one_robot(floor: Floor, store: ContendedStore) -> None:
    first, second, bot_id = floor.available("order-1"), floor.available("order-2"), floor.idle()
    store.before = [lambda: service.assign(second, bot_id)]
    with pytest.raises(RefusedError, match="the bot is active"):
        service.assign(first, bot_id)
    assert (status(first), status(second), robot(bot_id)) == (
        ("available", None),
        ("assigned", bot_id),
        ("active", second),
    )


def test_a_cancellation_that_meets_the_assignment_frees_the_robot(floor: Floor, store: ContendedStore) -> None:
    list_id, bot_id = floor.available(), floor.idle()
    store.before = [lambda: service.assign(list_id, bot_id)]
    service.cancel(list_id)
    assert (status(list_id), robot(bot_id)) == (("cancelled", None), ("idle", None))


def test_an_assignment_that_meets_the_cancellation_is_refused(floor: Floor, store: ContendedStore) -> None:
    list_id, bot_id = floor.available(), floor.idle()
    store.before = [lambda: service.cancel(list_id)]
    with pytest.raises(RefusedError, match="the shopping list is cancelled"):
        service.assign(list_id, bot_id)
    assert (status(list_id), robot(bot_id)) == (("cancelled", None), ("idle", None))


def test_a_robot_that_goes_offline_as_its_list_is_completed_gives_nothing_back(
    floor: Floor, store: ContendedStore
) -> None:
    list_id, bot_id = floor.active()
    store.before = [lambda: service.complete(list_id, None, 1)]
    service.take_offline(bot_id)
    assert (status(list_id), robot(bot_id)) == (("completed", bot_id), ("offline", None))


def test_a_completion_as_the_robot_goes_offline_is_refused(floor: Floor, store: ContendedStore) -> None:
    list_id, bot_id = floor.active()
    store.before = [lambda: service.take_offline(bot_id)]
    with pytest.raises(RefusedError, match="the shopping list is available"):
        service.complete(list_id, None, 1)
    assert (status(list_id), robot(bot_id)) == (("available", None), ("offline", None))


def test_a_cancellation_frees_the_robot_that_has_the_list_by_then(floor: Floor, store: ContendedStore) -> None:
    list_id, first = floor.active()
    second = floor.idle("Hector")
    store.before = [in_turn(lambda: service.take_offline(first), lambda: service.assign(list_id, second))]
    service.cancel(list_id)
    assert (status(list_id), robot(first), robot(second)) == (("cancelled", None), ("offline", None), ("idle", None))


def test_a_robot_that_goes_offline_gives_back_the_list_that_it_has_by_then(floor: Floor, store: ContendedStore) -> None:
    first, bot_id = floor.active("order-1")
    second = floor.available("order-2")
    store.before = [in_turn(lambda: service.complete(first, None, 1), lambda: service.assign(second, bot_id))]
    service.take_offline(bot_id)
    assert (status(first), status(second), robot(bot_id)) == (
        ("completed", bot_id),
        ("available", None),
        ("offline", None),
    )


def test_a_list_that_keeps_changing_robots_is_a_conflict_and_changes_nothing_in_part(
    floor: Floor, store: ContendedStore
) -> None:
    list_id, bot_id = floor.available(), floor.idle()

    def change_robots() -> None:
        store.before = []
        if robot(bot_id)[0] == "active":
            service.take_offline(bot_id)
        else:
            service.bring_online(bot_id)
            service.assign(list_id, bot_id)
        store.before = [change_robots]

    store.before = [change_robots]
    with pytest.raises(ConcurrencyError):
        service.cancel(list_id)
    store.before = []
    service.cancel(list_id)
    assert (status(list_id)[0], robot(bot_id)[1]) == ("cancelled", None)
