"""A look of the dispatcher loads what has waited longest, and makes up to 25 pairs side by side."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

from events.depot import WaitingListsDue
from functions.depot import matching, service, views
from functions.depot.dispatcher import inbox as dispatcher
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget
from functions.kernel.runtime.side_by_side import one_by_one
from tests.support.contention import ContendedStore
from tests.support.delivery import delivered
from tests.unit.depot.floor import Floor, robot, status

T = TypeVar("T")
DONE: dict[str, list[object]] = {"batchItemFailures": []}
DUE = WaitingListsDue(time="2026-03-14T09:01:00.000000Z")


def waiting(floor: Floor, count: int) -> tuple[list[str], list[str]]:
    """So many lists and robots that wait in the dispatcher's rows, the longest first; it has not looked yet."""
    floor.deaf = True
    lists, bots = [], []
    for n in range(count):
        lists.append(floor.available(f"order-{n:02}"))
        bots.append(floor.idle(f"Robot {n:02}"))
        floor.pass_time(1)
    floor.deaf = False
    matching.correct_rows()
    return lists, bots


def look() -> dict[str, object]:
    """What the dispatcher reports of a batch of one message."""
    return dispatcher.handle(delivered(DUE))


def unavailable() -> None:
    raise UnavailableError("DynamoDB throttles")


class KilledError(BaseException):
    """Lambda ends the process: no handler catches it."""


def killed() -> None:
    raise KilledError


@pytest.mark.parametrize("count", [1, 2, 24, 25, 26, 60])
def test_each_list_goes_to_the_robot_that_has_been_idle_as_long_in_turn(floor: Floor, count: int) -> None:
    lists, bots = waiting(floor, count)
    assert look() == DONE
    assert [status(list_id) for list_id in lists] == [("assigned", bot_id) for bot_id in bots]
    assert [*views.waiting_lists(), *views.idle_bots()] == []


def test_it_does_at_most_25_pairs_side_by_side(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def counted(jobs: Sequence[Callable[[], T]]) -> list[T | Exception]:
        sizes.append(len(jobs))
        return one_by_one(jobs)

    monkeypatch.setattr(floor.runtime, "side_by_side", counted)
    waiting(floor, 30)
    assert look() == DONE
    message, rows, loads, pairs = [1], [2, 2], [50, 10], [25, 5]
    assert sizes == [*message, rows[0], loads[0], pairs[0], rows[1], loads[1], pairs[1]]


def test_of_robots_that_are_gone_the_list_that_has_waited_longest_still_gets_the_first_that_is_there(
    floor: Floor,
) -> None:
    lists, bots = waiting(floor, 3)
    service.take_offline(bots[0])
    assert look() == DONE
    assert [status(list_id) for list_id in lists] == [("assigned", bots[1]), ("assigned", bots[2]), ("available", None)]


def test_of_lists_that_are_gone_the_robot_that_has_been_idle_longest_still_gets_the_first_that_is_there(
    floor: Floor,
) -> None:
    lists, bots = waiting(floor, 3)
    service.cancel(lists[0])
    assert look() == DONE
    assert [robot(bot_id) for bot_id in bots] == [("active", lists[1]), ("active", lists[2]), ("idle", None)]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_transient_error_with_one_pair_delays_no_other_and_the_message_is_retried_for_it(
    floor: Floor, store: ContendedStore, failing: int
) -> None:
    lists, bots = waiting(floor, 3)
    store.before = [*[lambda: None] * failing, unavailable]
    assert look() == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    assert floor.dispatcher_queue.retry_in_seconds == {"receipt-0": 2}
    left = [list_id for list_id in lists if status(list_id)[0] == "available"]
    assert left == [lists[failing]]
    assert look() == DONE
    assert [status(list_id) for list_id in lists] == [("assigned", bot_id) for bot_id in bots]


@pytest.mark.parametrize("kind", [0, 1])
def test_what_cannot_be_loaded_now_delays_no_other_pair(
    floor: Floor, store: ContendedStore, monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    lists, bots = waiting(floor, 3)
    broken = (f"ShoppingList#{lists[0]}", f"Bot#{bots[0]}")[kind]
    load = store.backwards

    def backwards(stream: str, page: int) -> object:
        return unavailable() if stream == broken else load(stream, page)

    with monkeypatch.context() as throttled:
        throttled.setattr(store, "backwards", backwards)
        assert look() == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    assert sorted(robot(bot_id)[0] for bot_id in bots) == ["active", "active", "idle"]
    assert look() == DONE
    assert all(status(list_id)[0] == "assigned" for list_id in lists)


@pytest.mark.parametrize("after", range(5))
def test_a_crash_among_the_pairs_leaves_each_of_them_made_or_not(
    floor: Floor, store: ContendedStore, after: int
) -> None:
    lists, bots = waiting(floor, 5)
    store.before = [*[lambda: None] * after, killed]
    with pytest.raises(KilledError):
        look()
    assert [status(list_id)[0] for list_id in lists] == ["assigned"] * after + ["available"] * (5 - after)
    assert [robot(bot_id)[0] for bot_id in bots] == ["active"] * after + ["idle"] * (5 - after)
    assert look() == DONE
    assert [status(list_id) for list_id in lists] == [("assigned", bot_id) for bot_id in bots]


def test_rows_that_a_crash_left_behind_a_pair_lead_to_no_second_one(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists, bots = waiting(floor, 2)
    with monkeypatch.context() as crashing:
        crashing.setattr(floor.views, "delete", lambda *_: killed())
        with pytest.raises(KilledError):
            look()
    assert len([*views.waiting_lists(), *views.idle_bots()]) == 4
    assert look() == DONE
    assert [status(list_id) for list_id in lists] == [("assigned", bot_id) for bot_id in bots]
    assert [service.shopping_list(list_id).assignment for list_id in lists] == [1, 1]
    assert [*views.waiting_lists(), *views.idle_bots()] == []


def test_no_look_begins_for_which_there_is_no_time(floor: Floor) -> None:
    lists, _ = waiting(floor, 2 * matching.PAIRS)
    with budget.limited(lambda: budget.MESSAGE - 0.1):
        assert look() == DONE
    assert [status(list_id)[0] for list_id in lists].count("assigned") == matching.PAIRS
    assert look() == DONE
    assert [status(list_id)[0] for list_id in lists].count("assigned") == 2 * matching.PAIRS


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_pair_that_our_code_cannot_make_delays_no_other_and_rings_an_alarm(
    floor: Floor,
    store: ContendedStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failing: int,
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "depot")
    lists, bots = waiting(floor, 3)

    def broken() -> None:
        raise KeyError("an error of ours")

    store.before = [*[lambda: None] * failing, broken]
    assert look() == DONE
    left = [list_id for list_id in lists if status(list_id)[0] == "available"]
    assert left == [lists[failing]]
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [rung] = [line for line in printed if line.get("message") == service.not_dispatched.metric]
    assert rung["waiting"] == f"{lists[failing]} and {bots[failing]}"
    assert look() == DONE
    assert [status(list_id) for list_id in lists] == [("assigned", bot_id) for bot_id in bots]
