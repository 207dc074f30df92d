"""Violations kept as files, from which the same schedule is replayed."""

import json
from pathlib import Path

from tests.simulation.schedule import Outcome, Without

FOLDER = Path(".build/simulation")


def save(outcome: Outcome, folder: Path = FOLDER) -> Path:
    """Write the choices of a schedule and its violations to a file; the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{outcome.seed}.json"
    kept = {
        "seed": outcome.seed,
        "without": {"clients": sorted(outcome.without.clients), "faults": sorted(outcome.without.faults)},
        "trace_hash": outcome.trace_hash,
        "violations": [{"invariant": it.invariant, "text": it.text} for it in outcome.violations],
        "planted": outcome.planted,
        "choices": outcome.choices,
    }
    path.write_text(json.dumps(kept) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> tuple[int, Without, list[float], str]:
    """The seed of a kept schedule, what it leaves out, its draws, and the name of the bug planted in it ("")."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    without = Without(frozenset(kept["without"]["clients"]), frozenset(kept["without"]["faults"]))
    return kept["seed"], without, kept["choices"], kept["planted"]
