"""Functions and their containers: cold starts, clocks of their own, timeouts, and kills at any call.

Recursive loop detection (https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html): a chain of requests
carries a lineage, how often each function was invoked in it. The SDK sends it on with each call; an SQS queue keeps it
with the message, for the invocation by that message. Lambda stops a function at the invocation that would be more than
about the sixteenth in its chain: to an event source mapping that is an error, so the message becomes visible again, its
receives go on, and in the end the redrive policy dead-letters it. DynamoDB's streams and EventBridge carry no lineage.
Which lineage of a batch goes on is not documented: here each function's longest, which is the worst.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context, copy_context
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from functions.kernel.runtime import budget, clock, ids
from functions.kernel.runtime.bound import Bound
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.side_by_side import AT_ONCE, one_by_one, outcome
from tests.simulation import logs, randomness
from tests.simulation.scheduler import SECOND, Killed, Promise, Task
from tests.simulation.sdk import World

TURNS = 16  # of one function in one chain of requests, "approximately"
BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # the virtual time at which every schedule begins

Done = Callable[[str, Any], None]
T = TypeVar("T")


class Container:
    """One execution environment, with its runtime and its clock. old: it runs the previous version of the code."""

    def __init__(self, function: "Function", name: str, *, old: bool = False) -> None:
        self.function = function
        self.name = name
        self.old = old
        self.cold = True
        self.alive = True
        self.skew_us = 0
        self._scheduler = function.world.scheduler
        self._read_us, self._read = 0, BEGIN
        self.lineage: Mapping[str, int] = {}
        self.task: Task | None = None
        self._threads: list[Task] = []
        self.runtime: Runtime = function.compose(self)
        self._context = Context()
        for bound in self._bound():
            self._context.run(bound.__enter__)

    def _bound(self) -> Sequence[Bound[Any]]:
        """What code at work may ask for, for as long as the container lives."""
        world = self.function.world
        return (
            clock.fixed(self.now, world.scheduler.sleep),
            ids.fixed(world.choices.new_id),
            randomness.drawn(world.random_bytes),
            logs.kept(partial(world.log, self.name)),
            active(self.runtime),
            budget.limited(self.time_left),
        )

    def handle(self, event: dict[str, Any]) -> Any:
        """Have the handler of its function handle an event."""
        return self._context.run(self.function.handle, event)

    def now(self) -> datetime:
        """The time on its clock."""
        now_us = self._scheduler.now_us + self.skew_us
        if now_us != self._read_us:  # it is read often in between
            self._read_us, self._read = now_us, BEGIN + timedelta(microseconds=now_us)
        return self._read

    def time_left(self) -> float:
        """The seconds until the timeout of the invocation that it works on."""
        assert self.task
        return (self.task.deadline_us - self._scheduler.now_us) / SECOND

    def shift_clock(self, by_us: int) -> None:
        """Shift its clock by so many microseconds."""
        self.skew_us += by_us
        self.function.world.history.record("clock", container=self.name, skew=self.skew_us)

    def side_by_side(self, jobs: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Do jobs as threads would: in tasks that are interleaved, and that end with the invocation."""
        scheduler, own = self.function.world.scheduler, self.task
        assert own
        if len(jobs) < 2:
            return one_by_one(jobs)
        waiting = deque((number, job, copy_context()) for number, job in enumerate(jobs))
        done: dict[int, T | Exception] = {}
        finished = Promise()

        def work() -> None:
            try:
                while waiting:
                    number, job, context = waiting.popleft()
                    done[number] = context.run(outcome, job)
            finally:  # also where it is killed, for then the invocation is
                if own.killed or len(done) == len(jobs):
                    finished.give()

        for _ in jobs[:AT_ONCE]:
            task = scheduler.spawn(work)
            task.deadline_us = own.deadline_us
            self._threads.append(task)
        scheduler.wait(finished)
        self._threads.clear()
        return [done[number] for number in range(len(jobs))]

    def kill(self) -> None:
        """Kill it, during a call of its own. Raises Killed."""
        self.alive = False
        assert self.task
        for task in (self.task, *self._threads):
            task.killed = True
        raise Killed


class Function:
    """A function as deployed. While it is `stopped`, it throttles.

    handle: the handler. compose: makes a container's runtime on a cold start. timeout: in seconds. concurrency: how
    many containers may be busy at once. as_old: how the previous version of the code reads an event, where that may
    still run.
    """

    def __init__(
        self,
        world: World,
        name: str,
        handle: Callable[[dict[str, Any]], Any],
        compose: Callable[[Container], Runtime],
        timeout: float,
        *,
        concurrency: int = 1000,
        as_old: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        self.world = world
        self.name = name
        self.handle = handle
        self.compose = compose
        self.timeout = timeout
        self.concurrency = concurrency
        self.stopped = False
        self.busy = 0
        self._as_old = as_old
        self.containers: list[Container] = []
        """All that were made, those that have ended included."""
        self._idle: list[Container] = []

    def invoke(
        self, event: dict[str, Any], cause: list[str], done: Done, lineage: Mapping[str, int] | None = None
    ) -> bool:
        """Begin an invocation, and call `done(how, answer)` at its end; False when it is throttled, or a loop's.

        how: "ok" with the answer, "error" with Lambda's form of the exception, "killed" or "timeout" with None.
        """
        if self.stopped or self.busy >= self.concurrency or self.world.faults.strikes("invoke throttled", self.name):
            return False
        turn = (lineage or {}).get(self.name, 0) + 1
        if turn > TURNS:
            self.world.history.record("loop", function=self.name, cause=cause)
            return False
        self.busy += 1
        container = self._container()
        container.lineage = {**(lineage or {}), self.name: turn}
        container.task = self.world.scheduler.spawn(self._work, container, event, cause, done)
        return True

    def recycle(self) -> None:
        """End the idle containers, as a deployment does: the next invocations begin cold."""
        for container in self._idle:
            container.alive = False
        self._idle.clear()

    def _container(self) -> Container:
        """An idle container, the most recently used first, or a new one."""
        while self._idle:
            container = self._idle.pop()
            if container.old and self.world.newest_code:
                continue
            if self.world.faults.strikes("cold start", container.name):
                container.alive = False
                continue
            return container
        name = self.world.number(self.name)
        old = self._as_old is not None and self.world.faults.strikes("old version", name)
        container = Container(self, name, old=old)
        self.containers.append(container)
        if self.world.faults.strikes("clock skew", container.name):
            container.shift_clock(self.world.choices.between(-5 * SECOND, 5 * SECOND, "clock skew"))
        return container

    def _work(self, container: Container, event: dict[str, Any], cause: list[str], done: Done) -> None:
        scheduler, history = self.world.scheduler, self.world.history
        how, answer = "ok", None
        history.record("invocation", container=container.name, function=self.name, cause=cause)
        self.world.cost.invoke(self.name)
        try:
            if container.cold:
                scheduler.sleep(self.world.choices.seconds(0.1, 0.6, "cold start"))
                container.cold = False
            assert container.task
            container.task.deadline_us = scheduler.now_us + int(self.timeout * SECOND)
            answer = container.handle(self._as_old(event) if self._as_old and container.old else event)
        except Killed:
            container.alive = False
            how, answer = "timeout" if container.task and container.task.overdue else "killed", None
        except Exception as error:  # Lambda turns what a handler raises into an answer
            how, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        self.busy -= 1
        container.task = None
        if container.alive:
            self._idle.append(container)
        reported = answer.get("batchItemFailures") if how == "ok" and isinstance(answer, dict) else None
        history.record(
            "ended",
            container=container.name,
            function=self.name,
            how=how,
            failures=[failure["itemIdentifier"] for failure in reported or ()],
            **({"error": answer["errorType"]} if how == "error" and answer else {}),
        )
        done(how, answer)
