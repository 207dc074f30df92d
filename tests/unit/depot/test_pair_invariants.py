"""Invariants of lists and robots, with steps in any order and others in between:

1. legal states: a list and a robot are in one of theirs; a list that was completed or cancelled stays as it was;
2. one robot, one list: a robot is active exactly when it has a list, and that list is assigned or active and has this
   robot; so no two lists have one robot, nor two robots a list;
3. the number of a list's assignment rises by one with each robot that gets it, and never falls;
4. quantities: what is listed never changes, no more is picked of an item than is listed, and nothing is picked of a
   list that no robot has started;
5. totals: the shortages of a completed list and what was picked of it are together what was listed;
6. a robot that is online sent a heartbeat within its lease and the minute of a sweep, and only one that sent none
   within its lease is taken offline;
7. a step of an earlier assignment is refused and changes nothing.

Liveness: once messages have been delivered, no list waits while a robot is idle, however far the index is behind; if
some were given up, a minute later.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from events.depot import BotStatus, ShoppingListCompleted, ShoppingListStatus
from functions.depot import service, views
from functions.depot.domain import ShoppingList
from functions.depot.stops import Stop
from functions.kernel.domain.errors import MallBotsError, RefusedError
from tests.support.contention import ContendedStore, conflict
from tests.unit.depot.floor import HEARTBEAT, Floor, in_turn, is_available, robot

ENDED = ("completed", "cancelled")
WORKED_ON = ("assigned", "active")
SOME = st.integers(0, 10)
LONGEST_LAG = 8
LEASE = 2 * LONGEST_LAG + 8  # longer than everything takes to settle
assert HEARTBEAT < LEASE


class Depot(RuleBasedStateMachine):
    """Orders come and end, robots work or fall silent, and staff interfere."""

    def __init__(self) -> None:
        super().__init__()
        self.store = ContendedStore()
        self.floor = Floor(self.store, {"MALLBOTS_ROBOT_LEASE": str(LEASE)})
        self._open = self.floor.open()
        self._open.__enter__()
        self.lists: list[str] = []
        self.bots: list[str] = []
        self.was_deaf = False
        self.seen: dict[str, ShoppingList] = {}

    def teardown(self) -> None:
        self._open.__exit__(None, None, None)

    def a_step(self, kind: int, list_at: int, bot_at: int) -> Callable[[], object]:
        """One of the steps that may happen to a list and a robot."""
        list_id = self.lists[list_at % len(self.lists)] if self.lists else "none"
        bot_id = self.bots[bot_at % len(self.bots)] if self.bots else "none"
        number = service.lists.load(list_id).aggregate.assignment
        steps: list[Callable[[], object]] = [
            lambda: service.assign(list_id, bot_id),
            lambda: service.start(list_id, number),
            lambda: service.pick(list_id, number, "bakery", "roll", bot_at % 4),
            lambda: service.complete(list_id, None, number),
            lambda: service.complete(list_id, [], None),
            lambda: service.cancel(list_id),
            lambda: service.cancel_for_order(list_id),
            lambda: service.bring_online(bot_id),
            lambda: service.take_offline(bot_id),
            lambda: service.end_lease(bot_id),
            lambda: service.initiate(list_id),
        ]
        return steps[kind % len(steps)]

    @rule()
    def an_order_comes(self) -> None:
        self.lists.append(self.floor.available(f"order-{len(self.lists)}"))

    @rule()
    def an_order_ends_before_its_list_is_created(self) -> None:
        self.lists.append(f"order-{len(self.lists)}")
        service.cancel_for_order(self.lists[-1])

    @precondition(lambda self: len(self.bots) < 4)
    @rule()
    def a_robot_comes(self) -> None:
        self.bots.append(self.floor.idle(f"Robot {len(self.bots)}"))

    @rule(kind=SOME, list_at=SOME, bot_at=SOME)
    def something_happens(self, kind: int, list_at: int, bot_at: int) -> None:
        with suppress(MallBotsError):
            self.a_step(kind, list_at, bot_at)()

    @rule(kind=SOME, other=SOME, list_at=SOME, bot_at=SOME, conflicts=st.integers(0, 2))
    def something_happens_in_between(self, kind: int, other: int, list_at: int, bot_at: int, conflicts: int) -> None:
        between = self.a_step(other, list_at, bot_at)

        def interfere() -> None:
            with suppress(MallBotsError):
                between()

        self.store.before = [interfere, *[conflict] * conflicts]
        with suppress(MallBotsError):
            self.a_step(kind, list_at, bot_at)()
        self.store.before = []

    @rule(kind=SOME, list_at=SOME, bot_at=SOME)
    def something_happens_while_the_dispatcher_works(self, kind: int, list_at: int, bot_at: int) -> None:
        step = self.a_step(kind, list_at, bot_at)

        def interfere() -> None:
            with suppress(MallBotsError):
                step()

        self.store.before = [in_turn(interfere)]
        self.floor.settle()
        self.store.before = []

    @rule(lag=st.integers(0, LONGEST_LAG))
    def the_index_falls_behind(self, lag: int) -> None:
        self.floor.views.lag = lag

    @precondition(lambda self: self.bots)
    @rule(bot_at=SOME)
    def a_robot_falls_silent(self, bot_at: int) -> None:
        self.floor.alive.discard(self.bots[bot_at % len(self.bots)])

    @precondition(lambda self: self.bots)
    @rule(bot_at=SOME)
    def a_robot_sends_heartbeats_again(self, bot_at: int) -> None:
        bot_id = self.bots[bot_at % len(self.bots)]
        service.bring_online(bot_id)
        self.floor.alive.add(bot_id)

    @precondition(lambda self: self.lists)
    @rule(list_at=SOME, kind=st.integers(0, 2), back=st.integers(1, 3))
    def a_robot_acts_on_an_earlier_assignment(self, list_at: int, kind: int, back: int) -> None:
        list_id = self.lists[list_at % len(self.lists)]
        number = service.lists.load(list_id).aggregate.assignment - back
        before = self.state(), [views.last_heartbeat(bot_id) for bot_id in self.bots]
        with pytest.raises(RefusedError):
            [
                lambda: service.start(list_id, number),
                lambda: service.pick(list_id, number, "bakery", "roll", 1),
                lambda: service.complete(list_id, None, number),
            ][kind]()
        assert (self.state(), [views.last_heartbeat(bot_id) for bot_id in self.bots]) == before

    @rule()
    def reminders_come_twice(self) -> None:
        self.floor.queue.messages *= 2

    @rule(seconds=st.sampled_from([0, 1, 2, 3, 4, 5, 15, LEASE]))
    def time_passes(self, seconds: int) -> None:
        """Without interference: a robot that is taken offline has been silent."""
        self.floor.settle()
        online = [bot_id for bot_id in self.bots if robot(bot_id)[0] != "offline"]
        self.floor.pass_time(seconds)
        for bot_id in online:
            if robot(bot_id)[0] == "offline":
                assert self.silent_for(bot_id) >= LEASE

    @rule(deaf=st.booleans())
    def the_dispatcher_gets_no_messages_or_does_again(self, deaf: bool) -> None:
        self.floor.settle()
        self.was_deaf |= self.floor.deaf
        self.floor.deaf = deaf

    @rule()
    def everything_settles(self) -> None:
        """At once, and a minute after messages were given up: the schedule sees what the index shows by then."""
        self.floor.settle()
        if self.floor.deaf or self.was_deaf:
            self.floor.deaf = self.was_deaf = False
            self.floor.views.lag = 0
            self.floor.pass_time(60)
        waiting = [list_id for list_id in self.lists if is_available(list_id)]
        idle = [bot_id for bot_id in self.bots if robot(bot_id)[0] == "idle"]
        assert not (waiting and idle), (waiting, idle)

    def state(self) -> tuple[list[ShoppingList], list[tuple[str, str | None]]]:
        """All lists and robots."""
        return [service.shopping_list(id) for id in self.lists], [robot(id) for id in self.bots]

    def silent_for(self, bot_id: str) -> float:
        """The seconds since a robot's last heartbeat."""
        heartbeat = views.last_heartbeat(bot_id)
        assert heartbeat
        return (self.floor.now - heartbeat).total_seconds()

    @invariant()
    def robots_online_sent_a_heartbeat_within_their_lease(self) -> None:
        for bot_id in self.bots:
            if robot(bot_id)[0] != "offline":
                assert self.silent_for(bot_id) <= LEASE + 60

    @invariant()
    def lists_and_robots_match(self) -> None:
        lists = {id: service.shopping_list(id) for id in self.lists}
        bots = {id: service.bots.get(id) for id in self.bots}
        assert {id: bot.list_id for id, bot in bots.items() if bot.status == "active"} == {
            str(one.bot_id): id for id, one in lists.items() if one.status in WORKED_ON
        }
        assert all((bot.list_id is not None) == (bot.status == "active") for bot in bots.values())
        assert sum(one.status in WORKED_ON for one in lists.values()) == sum(
            b.status == "active" for b in bots.values()
        )
        assert all(bot.status in get_args(BotStatus) for bot in bots.values())
        for id, one in lists.items():
            before = self.seen.get(id, one)
            assert one.status in get_args(ShoppingListStatus)
            assert one.assignment >= before.assignment
            assert before.status not in ENDED or one == before
            assert not before.stops or listed(one.stops) == listed(before.stops)
            assert all(0 <= item.picked <= item.quantity for stop in one.stops for item in stop.items)
            assert one.status in ("active", *ENDED) or not any(i.picked for stop in one.stops for i in stop.items)
        self.seen = lists

    @invariant()
    def assignments_are_numbered_one_by_one(self) -> None:
        for id in self.lists:
            numbers = [
                event.data["assignment"]
                for commit in service.lists.history(id)
                for event in commit.events
                if event.name == "Assigned"
            ]
            assert numbers == list(range(1, len(numbers) + 1))

    @invariant()
    def what_was_picked_and_what_was_short_are_what_was_listed(self) -> None:
        for event in self.floor.published:
            if isinstance(event, ShoppingListCompleted):
                short = {(one.store_id, one.product_id): one.quantity for one in event.shortages}
                for stop in event.stops:
                    for item in stop.items:
                        assert item.picked + short.get((stop.store_id, item.product_id), 0) == item.quantity


def listed(stops: tuple[Stop, ...]) -> dict[tuple[str, str], int]:
    """What is to be collected, by store and product."""
    return {(stop.store_id, item.product_id): item.quantity for stop in stops for item in stop.items}


TestDepot = Depot.TestCase
TestDepot.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True)
