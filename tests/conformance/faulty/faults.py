"""What a planted fault is, and whether the kit finds it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.kit import Cases, Outcome, tried


@dataclass(frozen=True)
class Fault:
    """What is wrong with an other end, and the case that must fail for it."""

    name: str
    found_by: str
    bench: Callable[[], Any]

    def found(self, cases: Cases[Any]) -> str | None:
        """Why its case fails; None if it does not, so that the fault goes unnoticed."""
        result = tried(cases.known[self.found_by], self.bench)
        return result.why if result.outcome is Outcome.FAILED else None
