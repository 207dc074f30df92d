"""Count the schedules until each planted bug of the staff's stream is found: behind `make simulate-live-mutants`.

    make simulate-live-mutants                           all of them
    make simulate-live-mutants ARGS="--only 'a gap'"     those whose names contain these words
    make simulate-live ARGS="--bug 'no pings' --show 3"  the timeline of a seed that finds it

The last line is JSON: {"found", "total", "median_schedules"}.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from tests.simulation.check.violation import Violation
from tests.simulation.live.planted.bug import ClientBug, ServerBug
from tests.simulation.live.planted.catalogue import BUGS
from tests.simulation.live.schedule import run_schedule


@dataclass(frozen=True)
class Finding:
    """A seed whose schedule violates an invariant with the bug, and none without it."""

    seed: int
    violation: Violation


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all bugs were found."""
    options = _parser().parse_args(arguments)
    bugs = [bug for bug in BUGS if options.only in bug.name]
    taken: list[int] = []
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        findings = pool.imap(partial(_find, schedules=options.schedules), [bug.name for bug in bugs])
        for bug, finding in zip(bugs, findings, strict=True):
            if finding:
                taken.append(finding.seed)
                where = f"→ {finding.violation.invariant} (seed {finding.seed})"
                print(f"{finding.seed:>6}  {bug.name}\n        {bug.what}\n        {where}", flush=True)
            else:
                print(f"     -  {bug.name}\n        {bug.what}\n        NOT FOUND in {options.schedules:,}", flush=True)
    median = statistics.median(taken) if taken else None
    print(json.dumps({"found": len(taken), "total": len(bugs), "median_schedules": median}))
    return 0 if len(taken) == len(bugs) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate-live-mutants", description="Find each planted bug.")
    parser.add_argument("--schedules", type=int, default=2_000, help="the most for each bug, from seed 1 on (2,000)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only bugs whose names contain these words")
    return parser


def _find(name: str, schedules: int) -> Finding | None:
    bug = next(bug for bug in BUGS if bug.name == name)
    return find(bug, range(1, schedules + 1))


def find(bug: ClientBug | ServerBug, seeds: Iterable[int]) -> Finding | None:
    """The first seed with a violation that the bug should cause, and with none without the bug."""
    for seed in seeds:
        violated = [it for it in bug.run(seed).violations if it.invariant in bug.finds]
        if violated and not run_schedule(seed).violations:
            return Finding(seed, violated[0])
    return None


if __name__ == "__main__":
    sys.exit(main())
