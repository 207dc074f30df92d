"""Several at work at once, step by step, in every order: a step is one call of the rows, or one post.

Each order is a run of its own from the beginning, in threads of which one runs at a time. The orders are all paths of a
tree: a run follows a path as far as it is given, and then takes the first actor that can go on. Of orders that differ
only in steps next to each other that touch different rows, or only read, one is run: sleep sets, of Godefroid's
Partial-Order Methods for the Verification of Concurrent Systems (Springer, 1996), chapter 5.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Semaphore, Thread
from typing import Any

from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.views import Row
from tests.support.live import MemoryConnections
from tests.support.runtime import memory_runtime

VIEWS = ("put", "get", "delete", "get_many", "query")
READS = ("get", "get_many", "query")
OWN = ("connection ",)  # rows of one connection alone: whoever calls them next to others makes no difference


@dataclass(frozen=True)
class Step:
    """What an actor does next: what it touches, partitions of rows or a connection, and whether it only reads."""

    touches: frozenset[str] = frozenset()
    reads: bool = True

    def commutes_with(self, other: "Step") -> bool:
        """Whether the order of the two makes no difference."""
        return (self.reads and other.reads) or not self.touches & other.touches


@dataclass(frozen=True)
class Taken:
    """A step of a run: who took it, and who else could have, and had not to: the order was run already."""

    chosen: int
    others: list[int]


class CrashedError(BaseException):
    """The function was stopped."""


@dataclass
class Actor:
    """One invocation. ahead: how many seconds its clock is. crashes_at: the step at which it is stopped, if any."""

    work: Callable[[], object]
    ahead: float = 0
    crashes_at: int | None = None
    done: bool = False
    steps: int = 0
    next: Step = Step()
    failure: BaseException | None = None
    may_go: Semaphore = field(default_factory=lambda: Semaphore(0))


class World:
    """Rows and connections that several share, and the time."""

    def __init__(self, views: MemoryViews, connections: MemoryConnections, now: datetime) -> None:
        self.views, self.connections, self.now = views, connections, now
        self._stopped = Semaphore(0)

    def run(self, actors: Sequence[Actor], path: Sequence[int]) -> tuple[list[Taken], bool]:
        """Run actors by a path: the steps, and whether this order is another than those run before."""
        threads = [Thread(target=copy_context().run, args=(self._live, actor)) for actor in actors]
        for thread in threads:
            thread.start()
            self._stopped.acquire()
        taken: list[Taken] = []
        asleep: set[int] = set()
        is_new = True
        while able := [number for number, actor in enumerate(actors) if not actor.done]:
            awake = [number for number in able if number not in asleep]
            is_new = is_new and bool(awake)
            chosen = path[len(taken)] if len(taken) < len(path) else (awake or able)[0]
            step = actors[chosen].next
            before = {number for number in awake if number < chosen}
            asleep = {number for number in asleep | before if actors[number].next.commutes_with(step)}
            taken.append(Taken(chosen, [number for number in awake if number > chosen] if is_new else []))
            actors[chosen].may_go.release()
            self._stopped.acquire()
        for thread in threads:
            thread.join()
        for actor in actors:
            if actor.failure and not isinstance(actor.failure, CrashedError):
                raise actor.failure
        return taken, is_new

    def _live(self, actor: Actor) -> None:
        views = _Stepwise(self.views, VIEWS, partial(self._step, actor))
        connections = _Stepwise(self.connections, ("post",), partial(self._step, actor))
        running = memory_runtime("live", views=views, adapters={"connections": connections})
        try:
            with clock.fixed(lambda: self.now + timedelta(seconds=actor.ahead)), active(running):
                actor.work()
        except BaseException as failure:
            actor.failure = failure
        actor.done = True
        self._stopped.release()

    def _step(self, actor: Actor, step: Step) -> None:
        actor.next = step
        self._stopped.release()
        actor.may_go.acquire()
        actor.steps += 1
        if actor.steps == actor.crashes_at:
            raise CrashedError


class _Stepwise:
    """What it stands for, but for some methods that wait for their turn."""

    def __init__(self, real: Any, methods: Sequence[str], wait: Callable[[Step], None]) -> None:
        self._real, self._methods, self._wait = real, methods, wait

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        if name not in self._methods:
            return method

        def call(what: Any, /, *args: Any, **kwargs: Any) -> Any:
            what = list(what) if name == "get_many" else what
            touched = (
                {key[0] for key in what} if name == "get_many" else {what.partition if isinstance(what, Row) else what}
            )
            if not all(place.startswith(OWN) for place in touched):
                self._wait(Step(frozenset(touched), name in READS))
            return method(what, *args, **kwargs)

        return call


def every_order(run: Callable[[Sequence[int]], tuple[list[Taken], bool]], most: int = 20_000) -> Iterator[list[int]]:
    """Run every order once; yields the path of each when it has ended. Raises AssertionError for too many of them."""
    path: list[int] | None = []
    for _ in range(most):
        assert path is not None
        taken, is_new = run(path)
        if is_new:
            yield [step.chosen for step in taken]
        path = _next(taken)
        if path is None:
            return
    raise AssertionError(f"more than {most} orders")


def _next(taken: list[Taken]) -> list[int] | None:
    """The path of the next order: the last step at which another could have gone on, taken by that one."""
    for depth in range(len(taken) - 1, -1, -1):
        if taken[depth].others:
            return [step.chosen for step in taken[:depth]] + taken[depth].others[:1]
    return None


def copied(views: MemoryViews) -> MemoryViews:
    """Rows of their own."""
    other = MemoryViews(views.indexes)
    other.items = {key: copy.copy(item) for key, item in views.items.items()}
    return other
