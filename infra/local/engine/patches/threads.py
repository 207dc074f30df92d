"""Threads: an invocation gets one that an earlier invocation has ended with.

The engine starts two for each, and its event loop waits until each has begun. There is no bound, as before: what calls
the engine again must never wait for what waits for it.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar

from infra.local.engine.seams import Seams, module


def apply() -> None:
    seams = Seams("threads")
    for name in ("core.concurrency", "core.lambda_runtime"):
        owner = module(name)
        seams.need(owner.threading, "Thread")
        seams.replace(owner, "threading", SimpleNamespace(**{**vars(threading), "Thread": ReusedThread}))


class ReusedThread:
    """What the engine uses of `threading.Thread`."""

    _idle: ClassVar[deque["queue.SimpleQueue[ReusedThread]"]] = deque()

    def __init__(
        self,
        target: Callable[..., object],
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **_: object,
    ) -> None:
        self._work = partial(target, *args, **(kwargs or {}))
        self._done = threading.Event()

    def start(self) -> None:
        """Begin to work, in an idle thread or a new one. Raises RuntimeError where no more threads can be started."""
        try:
            self._idle.pop().put(self)
        except IndexError:
            threading.Thread(target=_go_on, args=(self,), daemon=True).start()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the work is done."""
        self._done.wait(timeout)

    def is_alive(self) -> bool:
        """Whether the work is not done."""
        return not self._done.is_set()

    def run(self) -> None:
        """Do the work."""
        try:
            self._work()
        except Exception as error:
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))
        finally:
            self._done.set()


def _go_on(work: ReusedThread | None) -> None:
    mine: queue.SimpleQueue[ReusedThread] = queue.SimpleQueue()
    while True:
        (work or mine.get()).run()
        work = None  # what it holds may go while this thread is idle
        ReusedThread._idle.append(mine)
