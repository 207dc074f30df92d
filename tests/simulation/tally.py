"""The sums over many schedules, added in any order: what `make simulate` prints and keeps."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.schedule import Outcome
from tests.simulation.trees import Compared

NUMBERS: dict[str, str] = {
    "invocations": "of functions",
    "faults": "faults that struck",
    "orders": "orders placed",
    "hops": "the longest chain of messages",
    "hops to approval": "messages from the checkout on",
    "retries": "messages redelivered",
    "conflicts": "commits whose version existed",
    "seconds to approval": "from the checkout",
    "seconds to completion": "from the checkout",
    "seconds to quiescence": "after the faults ended",
    "virtual seconds": "from the start to quiescence",
    "seconds of outages": "of minutes to hours, on a long day",
}


@dataclass
class Tally:
    """Sums over schedules.

    faults, outcomes: how often each occurred. struck_in, reached_in: in how many schedules. numbers: how often each
    number had each value. violations: with their seeds. trace: the hashes of all traces, combined in any order.
    trees: of orders, compared with what was handled; different: a text for each that was not equal.
    """

    schedules: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    struck_in: Counter[str] = field(default_factory=Counter)
    reached_in: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, Counter[int]] = field(default_factory=dict)
    violations: list[dict[str, Any]] = field(default_factory=list)
    trace: int = 0
    trees: int = 0
    different: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Add one schedule."""
        self.schedules += 1
        self.faults += outcome.faults
        self.outcomes += outcome.outcomes
        self.struck_in.update(outcome.faults.keys())
        self.reached_in.update(outcome.outcomes.keys())
        for name, values in outcome.numbers.items():
            self.numbers.setdefault(name, Counter()).update(values)
        for violation in outcome.violations:
            self.violations.append(
                {"seed": outcome.seed, "invariant": violation.invariant, "text": violation.text},
            )
        hashed = hashlib.blake2b(f"{outcome.seed}:{outcome.trace_hash}".encode(), digest_size=16)
        self.trace ^= int.from_bytes(hashed.digest(), "big")

    def add_trees(self, compared: Compared) -> None:
        """Add the comparison of one schedule's trees."""
        self.trees += compared.orders
        self.different += compared.different

    def merge(self, other: "Tally") -> None:
        """Add the sums of another tally."""
        self.schedules += other.schedules
        self.faults += other.faults
        self.outcomes += other.outcomes
        self.struck_in += other.struck_in
        self.reached_in += other.reached_in
        for name, values in other.numbers.items():
            self.numbers.setdefault(name, Counter()).update(values)
        self.violations += other.violations
        self.trace ^= other.trace
        self.trees += other.trees
        self.different += other.different

    @property
    def trace_hash(self) -> str:
        """One hash of all traces, the same in any order."""
        return f"{self.trace:032x}"

    @property
    def long_days(self) -> int:
        """How many schedules had outages of minutes to hours."""
        return self.numbers.get("seconds of outages", Counter()).total()

    def sum(self, name: str) -> int:
        """The sum of the values of a number."""
        return sum(value * times for value, times in self.numbers.get(name, Counter()).items())

    def to_json(self) -> dict[str, Any]:
        """Its form in the results file."""
        return {
            "schedules": self.schedules,
            "faults": dict(sorted(self.faults.items())),
            "outcomes": dict(sorted(self.outcomes.items())),
            "struck_in": dict(sorted(self.struck_in.items())),
            "reached_in": dict(sorted(self.reached_in.items())),
            "numbers": {name: sorted(values.items()) for name, values in sorted(self.numbers.items())},
            "violations": self.violations,
            "trace": self.trace_hash,
            "trees": self.trees,
            "different": self.different,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Tally":
        """The inverse of `to_json`."""
        return cls(
            schedules=kept["schedules"],
            faults=Counter(kept["faults"]),
            outcomes=Counter(kept["outcomes"]),
            struck_in=Counter(kept["struck_in"]),
            reached_in=Counter(kept["reached_in"]),
            numbers={name: Counter(dict(map(tuple, values))) for name, values in kept["numbers"].items()},
            violations=kept["violations"],
            trace=int(kept["trace"], 16),
            trees=kept["trees"],
            different=kept["different"],
        )

    def quantiles(self, name: str, at: tuple[float, ...] = (0, 0.5, 0.9, 0.99, 1)) -> list[int]:
        """The quantiles of a number; [] when it has no values."""
        values = self.numbers.get(name, Counter())
        total = values.total()
        return [_value_at(values, part * (total - 1)) for part in at] if total else []


def _value_at(values: Counter[int], rank: float) -> int:
    below = 0
    for value, times in sorted(values.items()):
        below += times
        if rank < below:
            return value
    return max(values)


def share(times: int, schedules: int) -> str:
    """A percentage of the schedules."""
    return f"{times / schedules:.1%}" if schedules else "-"
