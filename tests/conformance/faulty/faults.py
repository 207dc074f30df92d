"""What a planted fault is, and whether the kit finds it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.kit import Cases, Outcome, tried


@dataclass(frozen=True)
class Fault:
    """What is wrong with an other end, the case that must fail for it, and the words of its reason (a pattern)."""

    name: str
    found_by: str
    words: str
    bench: Callable[[], Any]

    def why(self, cases: Cases[Any]) -> str:
        """Why its case fails; empty if it does not."""
        result = tried(cases.known[self.found_by], self.bench)
        return result.why if result.outcome is Outcome.FAILED else ""

    def is_told_by(self, why: str) -> bool:
        """Whether a case that fails for this reason has found the fault, and nothing else."""
        return re.search(self.words, why, re.DOTALL) is not None
