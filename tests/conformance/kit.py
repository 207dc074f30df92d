"""Cases of the conformance kit: what the standard requires, each with its section, and what came of it."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

B = TypeVar("B")


class FailedError(Exception):
    """The other end did not do what the standard, or the mall, requires."""


class UnavailableError(Exception):
    """A case needs something that cannot be done with this other end, such as cutting its connection."""


class EndedError(Exception):
    """Nothing more can be tried, which says nothing of the other end: the sentence says what to check."""


class Outcome(StrEnum):
    """What came of a case. ADVISED: it failed, but the standard leaves that to the maker."""

    PASSED = "passed"
    FAILED = "failed"
    LEFT_OUT = "left out"
    ADVISED = "advised"


@dataclass(frozen=True)
class Case(Generic[B]):
    """A requirement, its section of the standard ("mall" for what the mall adds), and how it is tried with a bench."""

    name: str
    section: str
    requirement: str
    attempt: Callable[[B], None]


@dataclass(frozen=True)
class Result:
    """What came of a case, and why."""

    case: str
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True)
class Cases(Generic[B]):
    """The cases against one kind of other end, in the order of their declaration."""

    about: str
    known: dict[str, Case[B]]

    def __call__(self, section: str) -> Callable[[Callable[[B], None]], Callable[[B], None]]:
        """Declare a case: its name is that of the function, the requirement its docstring."""

        def declare(attempt: Callable[[B], None]) -> Callable[[B], None]:
            requirement = " ".join((attempt.__doc__ or "").split())
            if not requirement or attempt.__name__ in self.known:
                raise TypeError(f"case {attempt.__name__} needs a docstring and a name of its own")
            self.known[attempt.__name__] = Case(attempt.__name__, section, requirement, attempt)
            return attempt

        return declare

    def run(self, bench: Callable[[], B], only: Iterable[str] | None = None) -> Iterator[Result]:
        """Try each case with a bench of its own."""
        for name in self.known if only is None else only:
            yield tried(self.known[name], bench)


def tried(case: Case[B], bench: Callable[[], B]) -> Result:
    """What comes of one case; an error of the other end itself is a failure too. Raises EndedError alone."""
    try:
        case.attempt(bench())
    except FailedError as failed:
        return Result(case.name, Outcome.FAILED, str(failed))
    except UnavailableError as unavailable:
        return Result(case.name, Outcome.LEFT_OUT, str(unavailable))
    except EndedError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Result(case.name, Outcome.FAILED, f"{error!r} at {place.name}")
    return Result(case.name, Outcome.PASSED)


def require(condition: object, why: str) -> None:
    """Raises FailedError unless the condition holds."""
    if not condition:
        raise FailedError(why)
