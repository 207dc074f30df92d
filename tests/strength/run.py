"""How many machine-made mutants the simulation notices: the command behind `make simulate-strength`.

    make simulate-strength SAMPLE=300 SEED=1 LIMIT=500 JOBS=2     a sample of this seed (SAMPLE=0: all mutants)
    make simulate-strength ARGS="--only functions/payments"       those whose identity contains this text

A mutant is killed when a schedule violates an invariant, fails or never ends, and that of the same seed does not
without the mutant.
Only what a judge itself says of a mutant counts. Where it says nothing, since its time ran out or its process was
killed twice from outside, the mutant is unfinished, and the next run judges it again.
Results are kept in .build/strength/results.jsonl, with a digest of the code: a run that was interrupted goes on, and a
run with a higher limit goes on with what survived a lower one.

The last line is JSON: {"mutants", "killed", "equivalent", "survived", "unit_only", "median_schedules",
"cpu_seconds_median"}.
"""

import argparse
import json
import random
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from tests.strength import results
from tests.strength.judge import SURVIVED
from tests.strength.mutants import Mutant
from tests.strength.population import ROOT, code_digest, module_of, population
from tests.strength.results import UNFINISHED, Result

FOLDER = ROOT / ".build/strength"
COMMITTED = Path(__file__).with_name("equivalent.toml")
ENDLESS_AFTER = 60  # CPU seconds of one schedule, which usually takes a fraction of one
BASELINE = "baseline"
NOTHING: dict[str, Any] = {"how": UNFINISHED, "seed": 0, "schedules": 0, "cpu": 0.0, "kills": []}


def main(arguments: Sequence[str] | None = None) -> int:
    """0: the figure is printed, whatever it is."""
    options = _parser().parse_args(arguments)
    everything = population()
    wanted = [it for it in everything if options.only in it.identity]
    chosen = sample(wanted, options.sample, options.seed)
    judge = Judging(options.results, options.limit, options.minutes * 60)
    print(f"{len(chosen):,} of {len(everything):,} mutants; digest of the code: {judge.key}")
    found = {}
    for mutant, result in judge.all(chosen, options.jobs):
        found[mutant] = result
        print(f"{result.how:>10}  {result.schedules:>4} schedules  {result.cpu:>6} s  {mutant.identity}  {result.what}")
        sys.stdout.flush()
    report(found, {it.identity for it in everything})
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate-strength", description="Mutants, judged by the simulation.")
    parser.add_argument("--sample", type=int, default=300, help="how many mutants (300); 0: all")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (1)")
    parser.add_argument("--limit", type=int, default=500, help="the most schedules for each (500)")
    parser.add_argument("--minutes", type=float, default=30, help="the most wall-clock time for each (30)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutants whose identity contains this text")
    parser.add_argument("--results", type=Path, default=FOLDER / "results.jsonl", help="the file of results")
    return parser


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """So many mutants that compile, drawn uniformly; all for 0."""
    drawn = random.Random(seed).sample(mutants, len(mutants)) if size else mutants
    return list(islice((it for it in drawn if it.compiles), size or None))


class Judging:
    """Judges mutants, each in a process of its own, and keeps what became of them."""

    def __init__(self, path: Path, limit: int, seconds: float) -> None:
        self._path, self._limit, self._seconds = path, limit, seconds
        self.key = code_digest()
        self._clean = {int(it): not result.is_killed for it, result in results.read(path, self._baseline).items()}

    @property
    def _baseline(self) -> str:
        return f"{self.key} {BASELINE}"

    def all(self, mutants: Sequence[Mutant], jobs: int) -> Iterator[tuple[Mutant, Result]]:
        """The results of mutants, as they come; first those that are kept."""
        read = results.read(self._path, self.key)
        kept = {identity: result.within(self._limit) for identity, result in read.items()}
        ended = {identity for identity, result in kept.items() if result.is_killed or result.schedules == self._limit}
        yield from ((it, kept[it.identity]) for it in mutants if it.identity in ended)
        with ThreadPoolExecutor(jobs) as pool:
            left = [it for it in mutants if it.identity not in ended]
            running = {pool.submit(self.judge, it, kept.get(it.identity)): it for it in left}
            for future in as_completed(running):
                result = future.result()
                if result.how != UNFINISHED:
                    results.append(self._path, self.key, result)
                yield running[future], result

    def judge(self, mutant: Mutant, survived: Result | None = None) -> Result:
        """What becomes of a mutant after what it survived; seeds that violate without it do not count."""
        ends = time.monotonic() + self._seconds
        schedules, cpu = (survived.schedules, survived.cpu) if survived else (0, 0.0)
        first = schedules + 1
        while True:
            task = task_of(mutant)
            found = self._process(task, range(first, self._limit + 1), ends - time.monotonic())
            schedules, cpu = schedules + found["schedules"], cpu + found["cpu"]
            result = Result(mutant.identity, found["how"], found["seed"], schedules, found["what"], round(cpu, 1))
            if result.is_killed and result.seed and not self._is_clean(result.seed):
                first = result.seed + 1
                if first > self._limit:
                    return replace(result, how=SURVIVED, what="")
                continue
            return result

    def _is_clean(self, seed: int) -> bool:
        """Whether nothing is violated in the schedule of a seed without a mutant; not, if that cannot be told."""
        if seed not in self._clean:
            found = self._process({"module": "", "path": "", "source": ""}, [seed], self._seconds)
            if found["how"] == UNFINISHED:
                return False
            result = Result(str(seed), found["how"], seed, 1, found["what"], found["cpu"])
            results.append(self._path, self._baseline, result)
            self._clean[seed] = not result.is_killed
        return self._clean[seed]

    def _process(self, task: dict[str, Any], seeds: Sequence[int], seconds: float) -> dict[str, Any]:
        return judged({**task, "seeds": list(seeds)}, seconds)


def task_of(mutant: Mutant) -> dict[str, Any]:
    """What a judge is told of a mutant."""
    return {"module": module_of(mutant.file), "path": str(ROOT / mutant.file), "source": mutant.mutated}


def judged(task: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The finding of a judge, in a process of its own, for so many seconds of wall-clock time.

    A process that ends without one was killed from outside, for instance when memory ran out: it is run once more.
    """
    return _finding(task, seconds) or _finding(task, seconds) or {**NOTHING, "what": "its process died twice"}


def _finding(task: dict[str, Any], seconds: float) -> dict[str, Any] | None:
    """What a judge says, or that its time ran out; None where its process died before."""
    told = json.dumps({**task, "seconds": ENDLESS_AFTER})
    command = [sys.executable, "-m", "tests.strength.judge"]
    try:
        done = subprocess.run(command, cwd=ROOT, input=told, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return {**NOTHING, "what": f"after {seconds:.0f} s"}
    *_, last = done.stdout.splitlines() or [""]
    if done.returncode == 0 and last.startswith('{"how"'):  # not a line of the log
        found: dict[str, Any] = json.loads(last)
        return found
    print(f"A judge's process ended with {done.returncode}, without a finding: {done.stderr[-300:]}", file=sys.stderr)
    return None


def committed() -> dict[str, dict[str, str]]:
    """The mutants that are known to be equivalent, or seen by a unit test only: identity and reason."""
    return {"equivalent": {}, "unit_only": {}} | tomllib.loads(COMMITTED.read_text())


def report(found: dict[Mutant, Result], identities: set[str]) -> None:
    """Print survivors, stale identities, the kill rate, and the last line."""
    known = committed()
    equivalent, unit_only = set(known["equivalent"]), set(known["unit_only"])
    for mutant, result in found.items():
        if not result.is_killed and mutant.identity not in equivalent | unit_only:
            print(f"\n{result.how}: {mutant.identity}\n{mutant.diff}")
    for identity in sorted((equivalent | unit_only) - identities):
        print(f"\nNo mutant has this identity any more: {identity}")
    for identity in sorted(it.identity for it in found if found[it].is_killed and it.identity in equivalent):
        print(f"\nIt is said to be equivalent, and was killed: {identity}")
    every = list(found.values())
    line = results.figures(every, equivalent, unit_only)
    judged = line["mutants"] - line["equivalent"]
    low, high = results.wilson(line["killed"], judged)
    share = line["killed"] / judged if judged else 0.0
    print(
        f"\nKilled: {line['killed']} of {judged} that are not equivalent, {share:.1%} (95 %: {low:.1%} to {high:.1%})."
    )
    print(f"At import or in the first schedule: {sum(it.is_immediate for it in every)}.")
    print("How: " + ", ".join(f"{how} {count}" for how, count in Counter(it.how for it in every).most_common()) + ".")
    print(json.dumps(line))


if __name__ == "__main__":
    sys.exit(main())
