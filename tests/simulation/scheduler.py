"""Virtual time, and tasks that take turns: one greenlet at a time, switched where it waits."""

import random
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]  # it has no types of its own

from tests.simulation.choices import Choices

SECOND = 1_000_000  # microseconds


class Killed(BaseException):
    """The container of a task is gone: nothing of it runs any more. Not an Exception, so that no handler catches it."""


class Task:
    """A function at work. `done` once it has returned, failed or been killed; `error` is what it raised.

    deadline_us: when it is killed at the latest (0: never); `overdue` once that has happened.
    """

    __slots__ = (
        "_waiters",
        "deadline_us",
        "done",
        "error",
        "greenlet",
        "killed",
        "name",
        "overdue",
        "result",
        "wakeup",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.done = False
        self.killed = False
        self.deadline_us = 0
        self.overdue = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.wakeup = 0
        self.greenlet: greenlet
        self._waiters: list[Callable[[], None]] = []

    def when_done(self, function: Callable[[], None]) -> None:
        """Have a function called when it is done."""
        if self.done:
            function()
        else:
            self._waiters.append(function)

    def finish(self) -> None:
        """Call those who wait for it."""
        self.done = True
        for waiter in self._waiters:
            waiter()


class Promise:
    """A value that comes later; the first one given counts."""

    __slots__ = ("_task", "_wake", "given", "value")

    def __init__(self) -> None:
        self.given = False
        self.value: Any = None
        self._wake: Callable[[], None] | None = None

    def give(self, value: Any = None) -> None:
        """Give the value, and wake whoever waits."""
        if not self.given:
            self.given, self.value = True, value
            if self._wake:
                self._wake()

    def on_given(self, wake: Callable[[], None]) -> None:
        """Have a function called when the value is there."""
        self._wake = wake


# When, in which order within a microsecond, and either a function or a task with the wakeup that it waits for.
_Due = tuple[int, float, int, Callable[[], None] | None, Task | None, int]


class Scheduler:
    """The true time, in microseconds since the schedule began, and what happens when."""

    def __init__(self, choices: Choices) -> None:
        self.now_us = 0
        self._tie = random.Random(f"ties of {choices.seed}").random
        self._due: list[_Due] = []
        self._numbers = count()
        self._hub = getcurrent()
        self._until_us = 0
        self._at_work: Task | None = None
        self._failures: list[BaseException] = []

    @property
    def now(self) -> float:
        """Seconds since the schedule began."""
        return self.now_us / SECOND

    def call_at(self, at_us: int, function: Callable[[], None]) -> None:
        """Have a function called at a time, at once where that is over. What falls together is in a random order."""
        now = self.now_us
        heappush(self._due, (at_us if at_us > now else now, self._tie(), next(self._numbers), function, None, 0))

    def call_in(self, seconds: float, function: Callable[[], None]) -> None:
        """Have a function called after so many seconds."""
        self.call_at(self.now_us + int(seconds * SECOND), function)

    def spawn(self, function: Callable[..., Any], *args: Any, name: str = "") -> Task:
        """Start a task, which has its first turn now."""
        task = Task(name or getattr(function, "__name__", "task"))

        def work() -> None:
            try:
                if task.killed:
                    raise Killed
                task.result = function(*args)
            except Killed as error:
                task.error = error
            except BaseException as error:
                task.error = error
                self._failures.append(error)
            task.finish()

        task.greenlet = greenlet(work, parent=self._hub)
        self._wake(task, self.now_us)
        return task

    def _wake(self, task: Task, at_us: int) -> None:
        """Give a task its turn then, unless it is woken for another reason before."""
        heappush(self._due, (at_us, self._tie(), next(self._numbers), None, task, task.wakeup))

    @property
    def current(self) -> Task:
        """The task at work. Raises RuntimeError outside of one."""
        if self._at_work is None:
            raise RuntimeError("only a task can wait")
        return self._at_work

    def sleep(self, seconds: float) -> None:
        """Let others have their turns for so long. Raises Killed when the task was killed meanwhile."""
        task = self.current
        if task.killed:
            raise Killed
        self._rest(task, self.now_us + int(seconds * SECOND))

    def wait(self, promise: Promise, seconds: float | None = None) -> bool:
        """Wait until a value was given, at most so long; whether it was. Raises Killed."""
        task = self.current
        if task.killed:
            raise Killed
        if not promise.given:
            wakeup = task.wakeup

            def go_on() -> None:
                if task.wakeup == wakeup:
                    self._wake(task, self.now_us)

            promise.on_given(go_on)
            self._rest(task, self.now_us + int(seconds * SECOND) if seconds is not None else None)
        return promise.given

    def _rest(self, task: Task, until_us: int | None) -> None:
        """Let others have their turns until this task is woken, by its deadline at the latest."""
        deadline, due = task.deadline_us, self._due
        if (
            until_us is not None
            and (not due or until_us < due[0][0])
            and (not deadline or until_us < deadline)
            and until_us <= self._until_us
        ):  # Nobody else has a turn before: no need to switch.
            self.now_us = until_us
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

    def join(self, task: Task) -> Any:
        """Wait until another task is done; what it returned."""
        promise = Promise()
        task.when_done(promise.give)
        self.wait(promise)
        return task.result

    def kill(self, task: Task) -> None:
        """End a task: it raises Killed where it waits, or at its next wait."""
        if task.done or task.killed:
            return
        task.killed = True
        if task is not self._at_work:
            self._wake(task, self.now_us)

    def idle(self) -> bool:
        """Whether nothing will ever happen."""
        return not self._due

    def run(self, until_us: int, enough: Callable[[], bool] | None = None) -> None:
        """Let everything happen that is due until then, or until it is enough. Raises what a task failed with."""
        due, self._hub, self._until_us = self._due, getcurrent(), until_us
        while due and due[0][0] <= until_us:
            self.now_us, _, _, function, task, wakeup = heappop(due)
            if task is None:
                assert function
                function()
            elif task.wakeup == wakeup and not task.done:
                task.wakeup += 1
                self._at_work = task
                task.greenlet.switch()
                self._at_work = None
            if self._failures:
                raise self._failures.pop()
            if enough is not None and enough():
                return
        self.now_us = max(self.now_us, until_us)
