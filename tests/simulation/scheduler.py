"""Virtual time, and tasks that run one at a time: greenlets, switched where one waits."""

import random
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]  # it has no types of its own

from tests.simulation.choices import Choices

SECOND = 1_000_000  # microseconds


class Killed(BaseException):
    """A task was killed with its container. Not an Exception, so that no handler catches it."""


class Task:
    """A running function. `done` once it has returned, failed or been killed; `result` is what it returned.

    deadline_us: when it is killed at the latest (0: never); `overdue` once that has happened.
    """

    __slots__ = (
        "deadline_us",
        "done",
        "greenlet",
        "killed",
        "overdue",
        "result",
        "wakeup",
    )

    def __init__(self) -> None:
        self.done = False
        self.killed = False
        self.deadline_us = 0
        self.overdue = False
        self.result: Any = None
        self.wakeup = 0
        self.greenlet: greenlet


class Promise:
    """A value that is given later; the first one counts."""

    __slots__ = ("_task", "_wake", "given", "value")

    def __init__(self) -> None:
        self.given = False
        self.value: Any = None
        self._wake: Callable[[], None] | None = None

    def give(self, value: Any = None) -> None:
        """Give the value, and wake the waiting task."""
        if not self.given:
            self.given, self.value = True, value
            if self._wake:
                self._wake()

    def on_given(self, wake: Callable[[], None]) -> None:
        """Call a function once the value is given."""
        self._wake = wake


# Time, tie-breaker, number, and either a function, or a task with the wakeup number that it waits for.
_Due = tuple[int, float, int, Callable[[], None] | None, Task | None, int]


class Scheduler:
    """The virtual time, in microseconds since the schedule began, and the queue of what is due.

    begin_us: the time at first, for a schedule that goes on from a saved state.
    """

    def __init__(self, choices: Choices, begin_us: int = 0) -> None:
        self.now_us = begin_us
        self._tie = random.Random(f"ties of {choices.seed}").random
        self._due: list[_Due] = []
        self._numbers = count()
        self._hub = getcurrent()
        self._until_us = 0
        self._running: Task | None = None
        self._failures: list[BaseException] = []

    @property
    def now(self) -> float:
        """Seconds since the schedule began."""
        return self.now_us / SECOND

    def call_at(self, at_us: int, function: Callable[[], None]) -> None:
        """Call a function at a time, at once if it is past. What is due at the same time runs in random order."""
        now = self.now_us
        heappush(self._due, (at_us if at_us > now else now, self._tie(), next(self._numbers), function, None, 0))

    def call_in(self, seconds: float, function: Callable[[], None]) -> None:
        """Call a function after so many seconds."""
        self.call_at(self.now_us + int(seconds * SECOND), function)

    def spawn(self, function: Callable[..., Any], *args: Any) -> Task:
        """Start a task, which runs first at the current time."""
        task = Task()

        def work() -> None:
            try:
                if task.killed:
                    raise Killed
                task.result = function(*args)
            except Killed:
                pass
            except BaseException as error:
                self._failures.append(error)
            task.done = True

        task.greenlet = greenlet(work, parent=self._hub)
        self._wake(task, self.now_us)
        return task

    def _wake(self, task: Task, at_us: int) -> None:
        """Resume a task at a time, unless it is resumed earlier for another reason."""
        heappush(self._due, (at_us, self._tie(), next(self._numbers), None, task, task.wakeup))

    @property
    def current(self) -> Task:
        """The running task. Raises RuntimeError outside of one."""
        if self._running is None:
            raise RuntimeError("only a task can wait")
        return self._running

    def sleep(self, seconds: float) -> None:
        """Let other tasks run for so long. Raises Killed when this task was killed meanwhile."""
        task = self.current
        if task.killed:
            raise Killed
        self._suspend(task, self.now_us + int(seconds * SECOND))

    def wait(self, promise: Promise, seconds: float | None = None) -> bool:
        """Wait for a value, at most so long; whether it was given. Raises Killed."""
        task = self.current
        if task.killed:
            raise Killed
        if not promise.given:
            wakeup = task.wakeup

            def resume() -> None:
                if task.wakeup == wakeup:
                    self._wake(task, self.now_us)

            promise.on_given(resume)
            self._suspend(task, self.now_us + int(seconds * SECOND) if seconds is not None else None)
        return promise.given

    def _suspend(self, task: Task, until_us: int | None) -> None:
        """Let other tasks run until this one is woken, by its deadline at the latest."""
        deadline, due = task.deadline_us, self._due
        if (
            until_us is not None
            and (not due or until_us < due[0][0])
            and (not deadline or until_us < deadline)
            and until_us <= self._until_us
        ):  # Nothing else is due before: no need to switch.
            self.now_us = until_us
            task.wakeup += 1  # as where it is resumed: a promise that is given later wakes no other wait
            return
        if deadline and (until_us is None or until_us > deadline):
            self._wake(task, max(deadline, self.now_us))
            self._hub.switch()
            if self.now_us >= deadline and not task.killed:
                task.killed = task.overdue = True
        else:
            if until_us is not None:
                self._wake(task, until_us)
            self._hub.switch()
        if task.killed:
            raise Killed

    def run(self, until_us: int, enough: Callable[[], bool] | None = None) -> None:
        """Run everything that is due until a time, or until `enough()`. Raises what a task failed with."""
        due, self._hub, self._until_us = self._due, getcurrent(), until_us
        while due and due[0][0] <= until_us:
            self.now_us, _, _, function, task, wakeup = heappop(due)
            if task is None:
                assert function
                function()
            elif task.wakeup == wakeup and not task.done:
                task.wakeup += 1
                self._running = task
                task.greenlet.switch()
                self._running = None
            if self._failures:
                raise self._failures.pop()
            if enough is not None and enough():
                return
        self.now_us = max(self.now_us, until_us)
