"""Calls side by side: a function waits for AWS for most of its time.

The clients of boto3 may be used by several threads at once, its sessions may not
(https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients).
"""

from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Protocol, TypeVar

AT_ONCE = 25  # threads, and connections of a client: more than ten, which botocore keeps by default

T = TypeVar("T")


class SideBySide(Protocol):
    """Does jobs that do not depend on each other."""

    def __call__(self, jobs: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Do all of them, and return what each returned or raised, in their order: one that fails stops no other."""


def one_by_one(jobs: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """One after the other, in the order given."""
    return [outcome(job) for job in jobs]


def in_threads(jobs: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """In threads, 25 at once at most. Each job sees the context, clock and time left of the caller."""
    if len(jobs) < 2:
        return one_by_one(jobs)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(len(jobs), AT_ONCE)) as pool:
        return list(pool.map(lambda copied, job: copied.run(outcome, job), [copy_context() for _ in jobs], jobs))


def results(outcomes: Sequence[T | Exception]) -> list[T]:
    """What jobs returned. Raises the first error."""
    for one in outcomes:
        if isinstance(one, Exception):
            raise one
    return [one for one in outcomes if not isinstance(one, Exception)]


def outcome(job: Callable[[], T]) -> T | Exception:
    """What a job returned or raised."""
    try:
        return job()
    except Exception as error:
        return error
