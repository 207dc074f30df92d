"""Replays and rebuilds of an operator, as the rows of operations tell them. No invariant is here."""

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.check.parsed_history import SECOND, ParsedHistory, row_data
from tests.simulation.check.records import DeadLetter

TABLE = "operations/views"
SWITCH = "switch"
COUNTS_BEHIND = 120 * SECOND  # SQS's counts are right a minute later; a request that reads them may take another


@dataclass
class Run:
    """A replay or a rebuild: the versions of its row, and of the row that says how far it is."""

    id: str
    versions: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    progress: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return str(self.versions[0][1]["kind"]) if self.versions else ""

    @property
    def asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = self.versions[0][1]["asked"]
        return asked

    @property
    def switched(self) -> tuple[int, str] | None:
        """When an operator switched to what it had built, and how the reason of what failed there begins."""
        found = next(((at, one["generation"]) for at, one in self.progress if one["step"] == SWITCH), None)
        return (found[0], f"{self.asked['view']}, generation {found[1]}: ") if found else None

    @property
    def is_done(self) -> bool:
        return bool(self.versions[-1][1]["state"] == "done") and not self.progress[-1][1]["failed"]


def runs_of(history: ParsedHistory) -> dict[str, Run]:
    """All of a history, by their ids."""
    runs: dict[str, Run] = {}
    for at, table, partition, sort, item in history.rows:
        if table != TABLE or not partition.startswith("run ") or sort not in ("run", "history"):
            continue
        data = row_data(item)
        if data:
            run = runs.setdefault(partition.partition(" ")[2], Run(partition.partition(" ")[2]))
            (run.versions if sort == "run" else run.progress).append((at, data))
    return {id: run for id, run in runs.items() if run.kind in ("replay", "rebuild")}


def is_seen_too_late(letter: DeadLetter, runs: dict[str, Run]) -> bool:
    """Whether a message failed in a generation that was switched to, and the counts of SQS could not tell of it."""
    service = letter.queue.partition("/")[0]
    switches = [run.switched for run in runs.values() if run.switched and run.asked["to"] == service]
    reason = str(letter.reason["reason"])
    return any(reason.startswith(where) and letter.at >= at - COUNTS_BEHIND for at, where in switches)
