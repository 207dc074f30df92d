"""The threads of invocations: `patches/threads.py`."""

import threading

import pytest

from infra.local.engine.patches.threads import ReusedThread

MANY = 200  # more than any pool of the engine holds


def test_work_that_waits_for_other_work_never_holds_it_up() -> None:
    everyone = threading.Barrier(MANY)
    threads = [ReusedThread(target=everyone.wait, args=(10,)) for _ in range(MANY)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert not everyone.broken
    assert not any(thread.is_alive() for thread in threads)


def test_work_that_takes_long_is_waited_for_no_longer_than_said() -> None:
    may_end = threading.Event()
    thread = ReusedThread(target=may_end.wait)
    thread.start()

    thread.join(0.001)

    assert thread.is_alive()
    may_end.set()
    thread.join()
    assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_after_work_that_failed_is_done() -> None:
    done: list[int] = []

    for work in (lambda: 1 // 0, lambda: done.append(1)):
        thread = ReusedThread(target=work)
        thread.start()
        thread.join()

    assert done == [1]
