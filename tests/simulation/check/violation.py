"""The result of a check: an invariant that does not hold."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Violation:
    """invariant: a constant of the check. text: what happened and where, in a sentence.

    evidence: the ids concerned (streams, messages, requests), by what they are.
    """

    invariant: str
    text: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        about = ", ".join(f"{name} {value}" for name, value in self.evidence.items())
        return f"{self.invariant}: {self.text}" + (f" ({about})" if about else "")
