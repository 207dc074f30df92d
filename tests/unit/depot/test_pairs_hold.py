"""Whatever happens, in whatever order, with whatever in between, lists and robots fit together. At every moment:

1. a robot is active exactly when it has a list, and that list is assigned or active and has this robot;
2. a list is assigned or active exactly when a robot works on it, so no two lists have one robot, nor two robots a list;
3. the number of a list's assignment never falls;
4. a list that was completed or cancelled stays so, and no more is picked of anything than was listed.

And whenever messages have flowed for a while, no list waits while a robot is idle, however far the index is behind.
"""

from collections.abc import Callable
from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from functions.depot import service
from functions.depot.domain import ShoppingList
from functions.kernel.errors import MallBotsError
from tests.support.contention import ContendedStore, conflict
from tests.unit.depot.floor import Floor, in_turn

ENDED = ("completed", "cancelled")
WORKED_ON = ("assigned", "active")
SOME = st.integers(0, 9)
LONGEST_LAG = 8


class Depot(RuleBasedStateMachine):
    """Orders come and go, robots do their work or do not, and people interfere."""

    def __init__(self) -> None:
        super().__init__()
        self.store = ContendedStore()
        self.floor = Floor(self.store)
        self._open = self.floor.open()
        self._open.__enter__()
        self.lists: list[str] = []
        self.bots: list[str] = []
        self.seen: dict[str, ShoppingList] = {}

    def teardown(self) -> None:
        self._open.__exit__(None, None, None)

    def a_step(self, kind: int, list_at: int, bot_at: int) -> Callable[[], object]:
        """One of the things that may happen to one of the lists and one of the robots."""
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
            lambda: service.call_off(list_id),
            lambda: service.bring_online(bot_id),
            lambda: service.take_offline(bot_id),
            lambda: service.initiate(list_id),
        ]
        return steps[kind % len(steps)]

    @rule()
    def an_order_comes(self) -> None:
        self.lists.append(self.floor.available(f"order-{len(self.lists)}"))

    @rule()
    def an_order_ends_before_its_list_is_made(self) -> None:
        self.lists.append(f"order-{len(self.lists)}")
        service.call_off(self.lists[-1])

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

    @rule(seconds=st.integers(0, 5))
    def time_passes(self, seconds: int) -> None:
        self.floor.pass_time(seconds)

    @rule()
    def all_comes_to_rest(self) -> None:
        """Two lags: the first look after the rows are shown may meet rows that are behind again."""
        self.floor.pass_time(2 * LONGEST_LAG + 6)
        waiting = [list_id for list_id in self.lists if service.is_available(list_id)]
        idle = [bot_id for bot_id in self.bots if service.is_idle(bot_id)]
        assert not (waiting and idle), (waiting, idle)

    @invariant()
    def lists_and_robots_fit_together(self) -> None:
        lists = {id: service.shopping_list(id) for id in self.lists}
        bots = {id: service.bots.get(id) for id in self.bots}
        assert {id: bot.list_id for id, bot in bots.items() if bot.status == "active"} == {
            str(one.bot_id): id for id, one in lists.items() if one.status in WORKED_ON
        }
        assert all((bot.list_id is not None) == (bot.status == "active") for bot in bots.values())
        assert sum(one.status in WORKED_ON for one in lists.values()) == sum(
            b.status == "active" for b in bots.values()
        )
        for id, one in lists.items():
            before = self.seen.get(id, one)
            assert one.assignment >= before.assignment
            assert before.status not in ENDED or one == before
            assert all(0 <= item.picked <= item.quantity for stop in one.stops for item in stop.items)
        self.seen = lists


TestDepot = Depot.TestCase
TestDepot.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
