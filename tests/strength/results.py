"""What became of each mutant, kept in a file, and the figures that follow from it."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.strength.judge import AT_IMPORT, CRASHED, ENDLESS, SURVIVED, VIOLATED

KILLS = (VIOLATED, AT_IMPORT, CRASHED, ENDLESS)
UNFINISHED = "unfinished"  # a judge said nothing, for its time ran out or its process died: not killed
Z = 1.96  # of a 95 % interval


@dataclass(frozen=True)
class Result:
    """What became of a mutant. cpu: seconds of its processes. what: the invariant or the error."""

    identity: str
    how: str
    seed: int
    schedules: int
    what: str
    cpu: float

    @property
    def is_killed(self) -> bool:
        """Whether the simulation noticed it."""
        return self.how in KILLS

    @property
    def is_immediate(self) -> bool:
        """Whether it was noticed at import or in the first schedule."""
        return self.is_killed and self.schedules <= 1

    def within(self, limit: int) -> "Result":
        """What became of it within so many schedules."""
        if self.schedules <= limit:
            return self
        return replace(self, how=SURVIVED, seed=limit, schedules=limit, what="")


def read(path: Path, key: str) -> dict[str, Result]:
    """The earlier results of the same code, the latest of each mutant; a line that was cut off is left out."""
    found: dict[str, Result] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            fields = json.loads(line)
        except json.JSONDecodeError:
            continue
        if fields.pop("key") == key:
            found[fields["identity"]] = Result(**fields)
    return found


def append(path: Path, key: str, result: Result) -> None:
    """Keep a result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps({"key": key, **asdict(result)}) + "\n")


def wilson(successes: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (https://www.itl.nist.gov/div898/handbook/prc/section2/prc241.htm)."""
    if not total:
        return 0.0, 1.0
    share, square = successes / total, Z * Z
    middle = share + square / (2 * total)
    half = Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    return (middle - half) / (1 + square / total), (middle + half) / (1 + square / total)


def figures(results: Sequence[Result], equivalent: set[str], unit_only: set[str]) -> dict[str, Any]:
    """The last line of the command. A mutant that is killed is neither equivalent nor seen by a unit test only."""
    killed = [it for it in results if it.is_killed]
    left = [it.identity for it in results if not it.is_killed]
    same = [it for it in left if it in equivalent]
    unit = [it for it in left if it in unit_only and it not in equivalent]
    return {
        "mutants": len(results),
        "killed": len(killed),
        "equivalent": len(same),
        "survived": len(left) - len(same) - len(unit),
        "unit_only": len(unit),
        "median_schedules": statistics.median(it.schedules for it in killed) if killed else None,
        "cpu_seconds_median": round(statistics.median(it.cpu for it in killed), 1) if killed else None,
    }
