"""Run many schedules, and print faults, outcomes and violations: the command behind `make simulate`.

    make simulate SCHEDULES=10000 SEED=1 JOBS=2
    make simulate ARGS="--from 1 --to 200000 --resume"      continue an earlier run of these seeds
    make simulate ARGS="--replay .build/simulation/7.json"  replay one schedule, and print its timeline
    make simulate ARGS="--bug 'captured twice'"             with one of the planted bugs
    make simulate SCHEDULES=10000 ARGS=--long-days          only the 200 or so of these that have a long day

The last line is JSON: {"schedules", "faults", "violations", "trees", "different", "per_minute", "trace_hash"}.
The trees are those of all orders, compared with what was handled (trees.py).
"""

import argparse
import gc
import hashlib
import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.simulation import templates
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.sagas import order_status
from tests.simulation.faults import DESCRIPTIONS
from tests.simulation.outcomes import OUTCOMES
from tests.simulation.replay_files import FOLDER, load, save
from tests.simulation.saved_state import DEPLOYED, SavedState, follow
from tests.simulation.schedule import ALL, Outcome, Without, run_schedule
from tests.simulation.shrink import shrink
from tests.simulation.tally import NUMBERS, Tally, share
from tests.simulation.timeline import timeline
from tests.simulation.trees import run_and_compare
from tests.simulation.workload.long_day import has_long_day

CHUNK = 50  # schedules that one process runs before it reports
CHUNKS_OF_A_PROCESS = 30  # some ten minutes; in its first hour a process slows down from 310 schedules a minute to 265
ENOUGH = 5_000  # schedules after which every fault and every outcome must have occurred
SHRUNK = 3  # violations that are shrunk, per run
SHOWN = 5  # orders whose trees are different, per run
SOURCES = ("clients/robot", "events", "functions", "tests/simulation", "tests/support")

Range = tuple[int, int]


@dataclass(frozen=True)
class Which:
    """Which schedules of a range of seeds are run, with which planted bug. long_days: only those with a long day."""

    bug: str = ""
    long_days: bool = False

    def __str__(self) -> str:
        return " ".join(filter(None, (self.bug, "on long days" * self.long_days)))

    def has(self, seed: int) -> bool:
        """Whether the schedule of a seed is run."""
        return not self.long_days or has_long_day(seed)


EVERY = Which()


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing was violated, no tree was different and, in a long run, every fault and outcome occurred."""
    options = _parser().parse_args(arguments)
    if options.from_state:
        return follow_state(options)
    if options.replay or options.show:
        return replay(options)
    first = options.first or options.seed
    last = options.last or first + options.schedules - 1
    started = time.monotonic()
    which = Which(options.bug, options.long_days)
    tally, run = run_all((first, last), options.jobs, options.results, which, resume=options.resume)
    elapsed = time.monotonic() - started
    print_tables(tally)
    missing = never(tally) if tally.schedules >= ENOUGH else []
    if missing:
        print(f"\nNever in {tally.schedules:,} schedules: {', '.join(missing)}.")
    report(tally, options.bug)
    result = {
        "schedules": tally.schedules,
        "faults": tally.faults.total(),
        "violations": len({violation["seed"] for violation in tally.violations}),
        "trees": tally.trees,
        "different": len(tally.different),
        "per_minute": round(run / elapsed * 60) if elapsed else 0,
        "trace_hash": tally.trace_hash,
    }
    print(json.dumps(result))
    return 1 if tally.violations or tally.different or missing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate", description="The services under injected faults.")
    parser.add_argument("--schedules", type=int, default=1_000, help="how many (1,000)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each schedule has the next (1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--from", type=int, dest="first", help="the first seed of a range, in place of --seed")
    parser.add_argument("--to", type=int, dest="last", help="its last seed, in place of --schedules")
    parser.add_argument("--resume", action="store_true", help="skip seeds that were run before with the same code")
    parser.add_argument("--results", type=Path, default=FOLDER / "results.jsonl", help="the file of results")
    parser.add_argument("--replay", type=Path, help="replay a kept schedule and print its timeline")
    parser.add_argument("--show", type=int, metavar="SEED", help="run the schedule of a seed and print its timeline")
    parser.add_argument("--from-state", type=Path, help="go on from a saved state of a deployed stack (saved_state.py)")
    parser.add_argument("--faults", type=float, default=0.0, help="with --from-state: of the usual rates (0: none)")
    parser.add_argument("--long-days", action="store_true", help="run only seeds whose schedule has a long day")
    parser.add_argument("--bug", default="", help="plant the bug of this name (see planted/)")
    parser.add_argument("--about", action="append", default=[], help="print only entries with this id")
    parser.add_argument("--everything", action="store_true", help="print queues and read models, too")
    return parser


def run_all(seeds: Range, jobs: int, results: Path, which: Which, *, resume: bool = False) -> tuple[Tally, int]:
    """Run a range of seeds in several processes; the tally, and how many schedules were run now.

    The tally of each chunk is appended to `results`; with `resume`, chunks in there of the same code are not run again.
    """
    code = f"{_code_digest()} {which}".strip()
    tally = Tally()
    earlier = dict(_earlier_results(results, code)) if resume else {}
    wanted = list(_chunks(seeds))
    for chunk in wanted:
        if chunk in earlier:
            tally.merge(earlier[chunk])
    left = [chunk for chunk in wanted if chunk not in earlier]
    results.parent.mkdir(parents=True, exist_ok=True)
    before, total = tally.schedules, sum(map(which.has, range(seeds[0], seeds[1] + 1)))
    if before:
        print(f"{before:,} of {total:,} schedules were run before", flush=True)
    started = printed = time.monotonic()
    with results.open("a", encoding="utf-8") as file:
        for chunk, found in _run_chunks(left, jobs, which):
            tally.merge(found)
            line = {"code": code, "from": chunk[0], "to": chunk[1], "tally": found.to_json()}
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
            file.flush()
            now = time.monotonic()
            if now - printed > 5 or tally.schedules == total:
                printed = now
                _print_progress(tally, total, (tally.schedules - before) / (now - started) * 60)
    return tally, tally.schedules - before


def _run_chunks(chunks: list[Range], jobs: int, which: Which) -> Iterator[tuple[Range, Tally]]:
    work = partial(run_chunk, which=which)
    if jobs <= 1 or len(chunks) <= 1:
        yield from map(work, chunks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=CHUNKS_OF_A_PROCESS) as pool:
        yield from pool.imap_unordered(work, chunks)


def run_chunk(seeds: Range, which: Which = EVERY) -> tuple[Range, Tally]:
    """Run the schedules of a range of seeds, one after the other."""
    tally = Tally()
    gc.collect()
    gc.freeze()  # the objects of modules stay: do not traverse them at each collection
    gc.disable()  # most objects live as long as their schedule: one collection at its end is enough
    try:
        for seed in filter(which.has, range(seeds[0], seeds[1] + 1)):
            if which.bug:
                tally.add(run_one(seed, which.bug))
            else:
                outcome, compared = run_and_compare(seed)
                tally.add(outcome)
                tally.add_trees(compared)
            gc.collect(0)  # of what this schedule made: the caches that survived an earlier one are not traversed again
    finally:
        gc.enable()
    return seeds, tally


def run_one(seed: int, bug: str = "", without: Without = ALL, draws: Sequence[float] | None = None) -> Outcome:
    """Run one schedule, with the planted bug of this name, if any. Raises KeyError for an unknown bug."""
    if not bug:
        return run_schedule(seed, without=without, draws=draws)
    from tests.simulation.planted.catalogue import BUGS  # only then: bugs reach into every service

    planted = {it.name: it for it in BUGS}[bug].planted
    return replace(run_schedule(seed, without=without, draws=draws, planted=planted), planted=bug)


def _chunks(seeds: Range) -> Iterator[Range]:
    """Ranges that begin at the same seeds whatever the whole range is, so that runs share results."""
    first, last = seeds
    while first <= last:
        end = min(last, (first - 1) // CHUNK * CHUNK + CHUNK)
        yield first, end
        first = end + 1


def _earlier_results(results: Path, code: str) -> Iterator[tuple[Range, Tally]]:
    if not results.exists():
        return
    for line in results.read_text(encoding="utf-8").splitlines():
        earlier = json.loads(line)
        if earlier["code"] == code:
            yield (earlier["from"], earlier["to"]), Tally.from_json(earlier["tally"])


def _code_digest() -> str:
    """A digest of all code that a schedule depends on."""
    digest = hashlib.blake2b(digest_size=8)
    modules = sorted(path for folder in SOURCES for path in Path(folder).rglob("*.py"))
    for path in modules:
        digest.update(f"{path}\0".encode() + path.read_bytes())
    digest.update(templates.FILE.read_bytes())
    return digest.hexdigest()


def _print_progress(tally: Tally, total: int, per_minute: float) -> None:
    violated = len({violation["seed"] for violation in tally.violations})
    print(
        f"{tally.schedules:>9,} of {total:,} schedules  {tally.faults.total():>9,} faults  "
        f"{violated} violations  {per_minute:,.0f} a minute",
        flush=True,
    )


def print_tables(tally: Tally) -> None:
    """Print how often each fault and outcome occurred, in which share of the schedules, and the measurements."""
    print(f"\n{'fault':<36}{'struck':>10}{'in':>8}")
    for name, what in DESCRIPTIONS.items():
        print(f"{name:<36}{tally.faults[name]:>10,}{share(tally.struck_in[name], tally.schedules):>8}  {what}")
    print(f"\n{'outcome':<36}{'reached':>10}{'in':>8}")
    for name, what in OUTCOMES.items():
        print(f"{name:<36}{tally.outcomes[name]:>10,}{share(tally.reached_in[name], tally.schedules):>8}  {what}")
    print(f"\n{'number':<24}{'least':>8}{'median':>8}{'90 %':>8}{'99 %':>8}{'most':>8}")
    for name, what in NUMBERS.items():
        quantiles = "".join(f"{value:>8,}" for value in tally.quantiles(name)) or f"{'-':>8}"
        print(f"{name:<24}{quantiles}  {what}")
    virtual, away = tally.sum("virtual seconds"), tally.sum("seconds of outages")
    print(
        f"\n{tally.long_days:,} of {tally.schedules:,} schedules ({share(tally.long_days, tally.schedules)}) had a long"
        f" day; outages lasted for {share(away, virtual)} of the virtual time"
    )


def never(tally: Tally) -> list[str]:
    """The faults and outcomes that did not occur."""
    return [name for name in DESCRIPTIONS if not tally.faults[name]] + [
        name for name in OUTCOMES if not tally.outcomes[name]
    ]


def report(tally: Tally, bug: str = "") -> None:
    """Print each violation, and shrink the first few; print the first few orders with other trees."""
    by_seed: dict[int, dict[str, str]] = {}
    for violation in sorted(tally.violations, key=lambda found: int(found["seed"])):
        by_seed.setdefault(violation["seed"], {})[violation["invariant"]] = violation["text"]
    for number, (seed, found) in enumerate(by_seed.items()):
        print(f"\nseed {seed}:")
        for invariant, text in found.items():
            print(f"  {invariant}: {text}")
        if number < SHRUNK:
            print(f"  {shrink_and_save(seed, next(iter(found)), bug)}")
        else:
            print(f'  make simulate ARGS="--show {seed}{_bug_option(bug)}"')
    for text in tally.different[:SHOWN]:
        print(f"\nanother tree than what was handled: {text}")


def _bug_option(bug: str) -> str:
    return f" --bug '{bug}'" if bug else ""


def shrink_and_save(seed: int, invariant: str, bug: str = "") -> str:
    """Shrink a violation and save it; a text with its size and the command to replay it."""
    failing = run_one(seed, bug)
    save(failing)  # unshrunk, in case that shrinking is interrupted
    found = shrink(lambda without: run_one(seed, bug, without), failing, invariant)
    path = save(found.outcome)
    return (
        f"shrunk to {len(found.outcome.clients)} clients and {len(found.outcome.struck)} faults "
        f'in {found.runs} runs. Replay it:\n  make simulate ARGS="--replay {path}"'
    )


def replay(options: argparse.Namespace) -> int:
    """Replay one schedule and print its timeline; 1 when it has violations."""
    if options.replay:
        seed, without, draws, bug = load(options.replay)
        outcome = run_one(seed, bug, without, draws)
    else:
        outcome = run_one(options.show, options.bug)
    print_timeline(outcome, options.about, everything=options.everything)
    return 1 if outcome.violations else 0


def follow_state(options: argparse.Namespace) -> int:
    """Let a saved state go on, and print what follows; 1 when something stays in progress."""
    cloud, settled = follow(options.from_state, options.seed, options.faults)
    begin, everything = SavedState.read(options.from_state).moment_us, cloud.history.entries
    entries = [(at - begin, kind, said) for at, kind, said in everything if said.get("container") != DEPLOYED]
    for line in timeline(entries, options.about, everything=options.everything):
        print(line)
    ended = Counter(order_status(commits) for _, commits in ParsedHistory(everything, {}).of_kind("Order"))
    print(json.dumps({"settled": settled, "commits": sum(kind == "commit" for _, kind, _ in entries), "orders": ended}))
    return 0 if settled else 1


def print_timeline(outcome: Outcome, about: Sequence[str], *, everything: bool) -> None:
    """Print the timeline, then the violations."""
    for line in timeline(outcome.history, about, everything=everything):
        print(line)
    print(f"\nseed {outcome.seed}, {outcome.invocations} invocations, {outcome.faults.total()} faults")
    print(f"clients: {', '.join(outcome.clients)}")
    print(f"trace hash {outcome.trace_hash}")
    for violation in outcome.violations:
        print(f"VIOLATED {violation.invariant}: {violation.text}")
    if not outcome.violations:
        print("no violations")


if __name__ == "__main__":
    sys.exit(main())
