"""Count the schedules that it takes to find each planted bug: the command behind `make simulate-mutants`.

    make simulate-mutants                                   all of them
    make simulate-mutants ARGS="--only 'refund twice'"      those whose names contain these words
    make simulate ARGS="--bug 'captured twice' --show 32"   the timeline of a seed that finds it

A bug that only outages of minutes or hours show is looked for in schedules with a long day; these alone are counted. So
are those in which operators mend what failed, of bugs in their tools.

The last line is JSON: {"found", "total", "median_schedules"}.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

from tests.simulation.check.violation import Violation
from tests.simulation.planted.bug import Bug
from tests.simulation.planted.catalogue import BUGS
from tests.simulation.schedule import run_schedule
from tests.simulation.workload.draw import has_menders
from tests.simulation.workload.long_day import has_long_day

MEDIAN = 1_000  # schedules within which half of the bugs must be found
CHUNK = 10  # schedules that one process runs at a time; all processes share the work for one bug


@dataclass(frozen=True)
class Finding:
    """A seed whose schedule violates an invariant with the bug, and none without it."""

    seed: int
    violation: Violation


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all bugs were found, half of them within a thousand schedules."""
    options = _parser().parse_args(arguments)
    bugs = [bug for bug in BUGS if options.only in bug.name]
    taken: list[int] = []
    for bug, finding in find_all(bugs, options.schedules, options.jobs):
        seeds, days = seeds_of(bug, options.schedules), " with a long day" * bug.long_days
        if finding:
            taken.append(seeds.index(finding.seed) + 1)
            invariant = finding.violation.invariant
            print(f"{taken[-1]:>6}  {bug.name}\n        {bug.what}\n        → {invariant} (seed {finding.seed}{days})")
        else:
            print(f"     -  {bug.name}\n        {bug.what}\n        NOT FOUND in {len(seeds):,} schedules{days}")
        sys.stdout.flush()
    median = statistics.median(taken) if taken else None
    print(json.dumps({"found": len(taken), "total": len(bugs), "median_schedules": median}))
    return 0 if len(taken) == len(bugs) and median is not None and median < MEDIAN else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate-mutants", description="Find each planted bug.")
    parser.add_argument("--schedules", type=int, default=5_000, help="the most for each bug, from seed 1 on (5,000)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only bugs whose names contain these words")
    return parser


def seeds_of(bug: Bug, schedules: int) -> list[int]:
    """The seeds in which a bug is looked for: so many from 1 on or, as they take longer, a tenth with a long day."""
    if bug.long_days:
        return list(islice(filter(has_long_day, count(1)), max(1, schedules // 10)))
    if bug.mended:
        return list(islice(filter(has_menders, count(1)), schedules))
    return list(range(1, schedules + 1))


def find_all(bugs: Sequence[Bug], schedules: int, jobs: int) -> Iterator[tuple[Bug, Finding | None]]:
    """The finding of each bug, in the order of the catalogue; None when so many schedules do not find it."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        first = pool.imap(_find_in_chunk, [(bug.name, seeds_of(bug, schedules)[:CHUNK]) for bug in bugs])
        for bug in bugs:
            finding = next(first)
            if finding is None:
                seeds = seeds_of(bug, schedules)
                rest = [(bug.name, seeds[begin : begin + CHUNK]) for begin in range(CHUNK, len(seeds), CHUNK)]
                finding = _earliest(pool, rest, jobs)
            yield bug, finding


def _earliest(
    pool: "multiprocessing.pool.Pool", chunks: Sequence[tuple[str, Sequence[int]]], jobs: int
) -> Finding | None:
    """The finding with the lowest seed; `jobs` chunks run at once, until one has a finding."""
    for begin in range(0, len(chunks), jobs):
        for finding in pool.map(_find_in_chunk, chunks[begin : begin + jobs], chunksize=1):
            if finding:
                return finding
    return None


def _find_in_chunk(chunk: tuple[str, Sequence[int]]) -> Finding | None:
    name, seeds = chunk
    bug = next(bug for bug in BUGS if bug.name == name)
    return find(bug, seeds)


def find(bug: Bug, seeds: Iterable[int]) -> Finding | None:
    """The first seed with a violation that the bug should cause, and with none without the bug."""
    for seed in seeds:
        violated = [it for it in run_schedule(seed, planted=bug.planted).violations if it.invariant in bug.finds]
        if violated and not run_schedule(seed).violations:
            return Finding(seed, violated[0])
    return None


if __name__ == "__main__":
    sys.exit(main())
