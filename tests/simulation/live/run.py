"""Run many schedules of the staff's stream, and print faults, outcomes and violations: behind `make simulate-live`.

    make simulate-live SCHEDULES=20000 SEED=1 JOBS=2
    make simulate-live ARGS=--resume                   continue an earlier run with the same code
    make simulate-live ARGS="--show 7"                 the timeline of a seed (--about ID, --everything)
    make simulate-live ARGS="--bug 'a gap is ignored'" with one of the planted bugs

The last line is JSON: {"schedules", "faults", "violations", "per_minute", "trace_hash"}.
"""

import argparse
import gc
import hashlib
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.simulation.live.faults import LIVE_FAULTS
from tests.simulation.live.outcomes import OUTCOMES
from tests.simulation.live.planted.catalogue import BUGS
from tests.simulation.live.schedule import run_schedule
from tests.simulation.replay_files import FOLDER
from tests.simulation.schedule import ALL, Outcome, Without
from tests.simulation.shrink import shrink
from tests.simulation.tally import Tally, share
from tests.simulation.timeline import timeline

CHUNK = 50  # schedules that one process runs before it reports
ENOUGH = 5_000  # schedules after which every fault and every outcome must have occurred
ONLY_WITH_A_BUG = ("stale read",)  # live reads consistently
SHRUNK = 3  # violations that are shrunk, per run
SOURCES = ("events/*.py", "functions/**/*.py", "tests/simulation/**/*.py", "clients/pages/live/*.ts")
NUMBERS = {"invocations": "of functions", "faults": "that struck", "virtual seconds": "of a schedule"}

Range = tuple[int, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing was violated and, in a long run, every fault and outcome occurred."""
    options = _parser().parse_args(arguments)
    if options.show:
        return show(options)
    seeds = options.seed, options.seed + options.schedules - 1
    started = time.monotonic()
    tally, run = run_all(seeds, options.jobs, options.results, options.bug, resume=options.resume)
    elapsed = time.monotonic() - started
    _print_tables(tally)
    missing = never(tally) if tally.schedules >= ENOUGH else []
    if missing:
        print(f"\nNever in {tally.schedules:,} schedules: {', '.join(missing)}.")
    _report(tally, options.bug)
    result = {
        "schedules": tally.schedules,
        "faults": tally.faults.total(),
        "violations": len({violation["seed"] for violation in tally.violations}),
        "per_minute": round(run / elapsed * 60) if elapsed else 0,
        "trace_hash": tally.trace_hash,
    }
    print(json.dumps(result))
    return 1 if tally.violations or missing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make simulate-live", description="The pages' client with live, under faults."
    )
    parser.add_argument("--schedules", type=int, default=1_000, help="how many (1,000)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each schedule has the next (1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--resume", action="store_true", help="skip seeds that were run before with the same code")
    parser.add_argument("--results", type=Path, default=FOLDER / "live.jsonl", help="the file of results")
    parser.add_argument("--show", type=int, metavar="SEED", help="run the schedule of a seed and print its timeline")
    parser.add_argument("--bug", default="", choices=["", *(bug.name for bug in BUGS)], help="plant this bug")
    parser.add_argument("--about", action="append", default=[], help="print only entries with this id")
    parser.add_argument("--everything", action="store_true", help="print queues and rows, too")
    return parser


def run_all(seeds: Range, jobs: int, results: Path, bug: str = "", *, resume: bool = False) -> tuple[Tally, int]:
    """Run a range of seeds in several processes; the tally, and how many schedules were run now.

    The tally of each chunk is appended to `results`; with `resume`, chunks in there of the same code are not run again.
    """
    code = f"{_code_digest()} {bug}".strip()
    earlier = dict(_earlier_results(results, code)) if resume else {}
    wanted = list(_chunks(seeds))
    tally = Tally()
    for chunk in wanted:
        if chunk in earlier:
            tally.merge(earlier[chunk])
    before, total = tally.schedules, seeds[1] - seeds[0] + 1
    if before:
        print(f"{before:,} of {total:,} schedules were run before", flush=True)
    results.parent.mkdir(parents=True, exist_ok=True)
    started = printed = time.monotonic()
    with results.open("a", encoding="utf-8") as file:
        for chunk, found in _run_chunks([chunk for chunk in wanted if chunk not in earlier], jobs, bug):
            tally.merge(found)
            line = {"code": code, "from": chunk[0], "to": chunk[1], "tally": found.to_json()}
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
            file.flush()
            now = time.monotonic()
            if now - printed > 5 or tally.schedules == total:
                printed = now
                rate = (tally.schedules - before) / (now - started) * 60
                violated = len({violation["seed"] for violation in tally.violations})
                print(f"{tally.schedules:>9,} of {total:,}  {violated} violations  {rate:,.0f} a minute", flush=True)
    return tally, tally.schedules - before


def _run_chunks(chunks: list[Range], jobs: int, bug: str) -> Iterator[tuple[Range, Tally]]:
    work = partial(run_chunk, bug=bug)
    if jobs <= 1 or len(chunks) <= 1:
        yield from map(work, chunks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(work, chunks)


def run_chunk(seeds: Range, bug: str = "") -> tuple[Range, Tally]:
    """Run the schedules of a range of seeds, one after the other."""
    tally = Tally()
    gc.collect()
    gc.freeze()  # the objects of modules stay: do not traverse them at each collection
    gc.disable()  # most objects live as long as their schedule: one collection at its end is enough
    try:
        for seed in range(seeds[0], seeds[1] + 1):
            tally.add(run_one(seed, bug))
            gc.collect(0)  # of what this schedule made: what survived an earlier one is not traversed again
    finally:
        gc.enable()
    return seeds, tally


def run_one(seed: int, bug: str = "", without: Without = ALL) -> Outcome:
    """Run one schedule, with the planted bug of this name, if any."""
    if not bug:
        return run_schedule(seed, without=without)
    return next(planted for planted in BUGS if planted.name == bug).run(seed, without)


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
    for path in sorted(path for pattern in SOURCES for path in Path().glob(pattern)):
        digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _print_tables(tally: Tally) -> None:
    print(f"\n{'fault':<36}{'struck':>10}{'in':>8}")
    for name, (what, _) in LIVE_FAULTS.items():
        print(f"{name:<36}{tally.faults[name]:>10,}{share(tally.struck_in[name], tally.schedules):>8}  {what}")
    print(f"\n{'outcome':<36}{'reached':>10}{'in':>8}")
    for name, what in OUTCOMES.items():
        print(f"{name:<36}{tally.outcomes[name]:>10,}{share(tally.reached_in[name], tally.schedules):>8}  {what}")
    print(f"\n{'number':<24}{'least':>8}{'median':>8}{'90 %':>8}{'99 %':>8}{'most':>8}")
    for name, what in NUMBERS.items():
        quantiles = "".join(f"{value:>8,}" for value in tally.quantiles(name)) or f"{'-':>8}"
        print(f"{name:<24}{quantiles}  {what}")


def never(tally: Tally) -> list[str]:
    """The faults and outcomes that did not occur, but for those that only a planted bug lets happen."""
    return [name for name in LIVE_FAULTS if not tally.faults[name] and name not in ONLY_WITH_A_BUG] + [
        name for name in OUTCOMES if not tally.outcomes[name]
    ]


def _report(tally: Tally, bug: str) -> None:
    """Print each violation, and shrink the first few."""
    by_seed: dict[int, dict[str, str]] = {}
    for violation in sorted(tally.violations, key=lambda found: int(found["seed"])):
        by_seed.setdefault(violation["seed"], {})[violation["invariant"]] = violation["text"]
    for number, (seed, found) in enumerate(by_seed.items()):
        print(f"\nseed {seed}:")
        for invariant, text in found.items():
            print(f"  {invariant}: {text}")
        if number < SHRUNK:
            failing = run_one(seed, bug)
            shrunk = shrink(partial(run_one, seed, bug), failing, next(iter(found)))
            left = ", ".join(sorted(shrunk.without.clients)) or "nobody"
            print(f"  the same without {left}, with {len(shrunk.outcome.struck)} of {len(failing.struck)} faults")
        print(f'  make simulate-live ARGS="--show {seed}' + (f" --bug '{bug}'" if bug else "") + '"')


def show(options: argparse.Namespace) -> int:
    """Print the timeline of a seed, then its violations; 1 when it has some."""
    outcome = run_one(options.show, options.bug)
    for line in timeline(outcome.history, options.about, everything=options.everything):
        print(line)
    print(f"\nseed {outcome.seed}, {outcome.invocations} invocations, {outcome.faults.total()} faults")
    print(f"clients: {', '.join(outcome.clients)}")
    print(f"trace hash {outcome.trace_hash}")
    for violation in outcome.violations:
        print(f"VIOLATED {violation.invariant}: {violation.text}")
    if not outcome.violations:
        print("no violations")
    return 1 if outcome.violations else 0
