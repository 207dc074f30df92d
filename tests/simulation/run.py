"""Run many schedules, and print what they met: the command behind `make simulate`.

    make simulate SCHEDULES=10000 SEED=1 JOBS=2
    make simulate ARGS="--from 1 --to 200000 --resume"      go on where an earlier run of these seeds ended
    make simulate ARGS="--replay .build/simulation/7.json"  one schedule again, as a text that can be read
    make simulate ARGS="--bug 'captured twice'"             with one of the planted bugs

The last line is JSON: {"schedules", "faults", "violations", "per_minute", "trace_hash"}.
"""

import argparse
import gc
import hashlib
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.simulation.faults import FAULTS
from tests.simulation.outcomes import OUTCOMES
from tests.simulation.replay_files import FOLDER, load, save
from tests.simulation.schedule import ALL, Outcome, Without, run_schedule
from tests.simulation.shrink import shrink
from tests.simulation.tally import NUMBERS, Tally, share
from tests.simulation.timeline import timeline

CHUNK = 50  # schedules that one process runs before it reports
ENOUGH = 2_000  # schedules after which every fault and every outcome must have occurred
SHRUNK = 3  # violations that are made small, of each run
SOURCES = ("events", "functions", "tests/simulation")

Range = tuple[int, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing was violated and, in a long run, everything occurred."""
    options = _parser().parse_args(arguments)
    if options.replay or options.show:
        return replay(options)
    first = options.first or options.seed
    last = options.last or first + options.schedules - 1
    started = time.monotonic()
    tally, run = run_all((first, last), options.jobs, options.results, options.bug, resume=options.resume)
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
        "per_minute": round(run / elapsed * 60) if elapsed else 0,
        "trace_hash": tally.trace_hash,
    }
    print(json.dumps(result))
    return 1 if tally.violations or missing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate", description="The system under faults, schedule by schedule.")
    parser.add_argument("--schedules", type=int, default=1_000, help="how many (1,000)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each schedule has the next (1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--from", type=int, dest="first", help="the first seed of a range, in place of --seed")
    parser.add_argument("--to", type=int, dest="last", help="its last seed, in place of --schedules")
    parser.add_argument("--resume", action="store_true", help="leave out what was run before with the same code")
    parser.add_argument("--results", type=Path, default=FOLDER / "results.jsonl", help="where results are kept")
    parser.add_argument("--replay", type=Path, help="run a kept schedule again and print it")
    parser.add_argument("--show", type=int, metavar="SEED", help="run the schedule of a seed and print it")
    parser.add_argument("--bug", default="", help="plant the bug of this name (see planted/)")
    parser.add_argument("--about", action="append", default=[], help="print only what this id is in")
    parser.add_argument("--everything", action="store_true", help="print what queues and read models did, too")
    return parser


def run_all(seeds: Range, jobs: int, results: Path, bug: str = "", *, resume: bool = False) -> tuple[Tally, int]:
    """Run a range of seeds in several processes; the sum, and how many schedules were run now.

    Each chunk's sum is appended to `results`; with `resume`, chunks that are there already, of the same code, count
    as they are.
    """
    code = f"{_code()} {bug}".strip()
    tally = Tally()
    kept = dict(_kept(results, code)) if resume else {}
    wanted = list(_chunks(seeds))
    for chunk in wanted:
        if chunk in kept:
            tally.merge(kept[chunk])
    left = [chunk for chunk in wanted if chunk not in kept]
    results.parent.mkdir(parents=True, exist_ok=True)
    before, total = tally.schedules, seeds[1] - seeds[0] + 1
    if before:
        print(f"{before:,} of {total:,} schedules were run before", flush=True)
    started = told = time.monotonic()
    with results.open("a", encoding="utf-8") as file:
        for chunk, found in _each(left, jobs, bug):
            tally.merge(found)
            line = {"code": code, "from": chunk[0], "to": chunk[1], "tally": found.to_json()}
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
            file.flush()
            now = time.monotonic()
            if now - told > 5 or tally.schedules == total:
                told = now
                _tell(tally, total, (tally.schedules - before) / (now - started) * 60)
    return tally, tally.schedules - before


def _each(chunks: list[Range], jobs: int, bug: str) -> Iterator[tuple[Range, Tally]]:
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
    gc.freeze()  # what the modules hold lives for ever: not to be looked through again and again
    gc.disable()  # nearly all of a schedule lives as long as it does: one look at its end finds the same
    try:
        for seed in range(seeds[0], seeds[1] + 1):
            tally.add(run_one(seed, bug))
            gc.collect()
    finally:
        gc.enable()
    return seeds, tally


def run_one(seed: int, bug: str = "", without: Without = ALL, draws: Sequence[float] | None = None) -> Outcome:
    """One schedule, with the planted bug of a name if there is one. Raises KeyError for no such bug."""
    if not bug:
        return run_schedule(seed, without=without, draws=draws)
    from tests.simulation.planted.catalogue import BUGS  # only then: bugs reach into every service

    planted = {it.name: it for it in BUGS}[bug].planted
    return replace(run_schedule(seed, without=without, draws=draws, planted=planted), planted=bug)


def _chunks(seeds: Range) -> Iterator[Range]:
    """Ranges that begin at the same seeds whatever the whole range is, so that one run finds another's."""
    first, last = seeds
    while first <= last:
        end = min(last, (first - 1) // CHUNK * CHUNK + CHUNK)
        yield first, end
        first = end + 1


def _kept(results: Path, code: str) -> Iterator[tuple[Range, Tally]]:
    if not results.exists():
        return
    for line in results.read_text(encoding="utf-8").splitlines():
        kept = json.loads(line)
        if kept["code"] == code:
            yield (kept["from"], kept["to"]), Tally.from_json(kept["tally"])


def _code() -> str:
    """A digest of all that decides how a schedule goes: results of other code are not this code's."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(path for folder in SOURCES for path in Path(folder).rglob("*.py")):
        digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _tell(tally: Tally, total: int, per_minute: float) -> None:
    violated = len({violation["seed"] for violation in tally.violations})
    print(
        f"{tally.schedules:>9,} of {total:,} schedules  {tally.faults.total():>9,} faults  "
        f"{violated} violations  {per_minute:,.0f} a minute",
        flush=True,
    )


def print_tables(tally: Tally) -> None:
    """What was met, how often, and in what part of the schedules; then how the numbers are distributed."""
    print(f"\n{'fault':<36}{'struck':>10}{'in':>8}")
    for name, (what, _) in FAULTS.items():
        print(f"{name:<36}{tally.faults[name]:>10,}{share(tally.struck_in[name], tally.schedules):>8}  {what}")
    print(f"\n{'outcome':<36}{'reached':>10}{'in':>8}")
    for name, what in OUTCOMES.items():
        print(f"{name:<36}{tally.outcomes[name]:>10,}{share(tally.reached_in[name], tally.schedules):>8}  {what}")
    print(f"\n{'number':<24}{'least':>8}{'median':>8}{'90 %':>8}{'99 %':>8}{'most':>8}")
    for name, what in NUMBERS.items():
        told = "".join(f"{value:>8,}" for value in tally.quantiles(name)) or f"{'-':>8}"
        print(f"{name:<24}{told}  {what}")


def never(tally: Tally) -> list[str]:
    """The faults and outcomes that did not occur."""
    return [name for name in FAULTS if not tally.faults[name]] + [name for name in OUTCOMES if not tally.outcomes[name]]


def report(tally: Tally, bug: str = "") -> None:
    """Print each violation, and make the first few small."""
    by_seed: dict[int, dict[str, str]] = {}
    for violation in sorted(tally.violations, key=lambda found: int(found["seed"])):
        by_seed.setdefault(violation["seed"], {})[violation["invariant"]] = violation["text"]
    for number, (seed, found) in enumerate(by_seed.items()):
        print(f"\nseed {seed}:")
        for invariant, text in found.items():
            print(f"  {invariant}: {text}")
        if number < SHRUNK:
            print(f"  {make_small(seed, next(iter(found)), bug)}")
        else:
            print(f'  make simulate ARGS="--show {seed}{_with(bug)}"')


def _with(bug: str) -> str:
    return f" --bug '{bug}'" if bug else ""


def make_small(seed: int, invariant: str, bug: str = "") -> str:
    """Shrink a violation, keep it, and say how small it is and how to see it."""
    failing = run_one(seed, bug)
    save(failing)  # whole, in case that shrinking is interrupted
    found = shrink(lambda without: run_one(seed, bug, without), failing, invariant)
    path = save(found.outcome)
    return (
        f"still so with {len(found.outcome.people)} people and {len(found.outcome.struck)} faults, "
        f'after {found.tries} tries. See it by\n  make simulate ARGS="--replay {path}"'
    )


def replay(options: argparse.Namespace) -> int:
    """Run one schedule again and print it as a text; 1 when it violates something."""
    if options.replay:
        seed, without, draws, bug = load(options.replay)
        outcome = run_one(seed, bug, without, draws)
    else:
        outcome = run_one(options.show, options.bug)
    print_timeline(outcome, options.about, everything=options.everything)
    return 1 if outcome.violations else 0


def print_timeline(outcome: Outcome, about: Sequence[str], *, everything: bool) -> None:
    """The schedule, line by line, then what it broke."""
    for line in timeline(outcome.history, about, everything=everything):
        print(line)
    print(f"\nseed {outcome.seed}, {outcome.invocations} invocations, {outcome.faults.total()} faults")
    print(f"people: {', '.join(outcome.people)}")
    print(f"trace hash {outcome.trace_hash}")
    for violation in outcome.violations:
        print(f"VIOLATED {violation.invariant}: {violation.text}")
    if not outcome.violations:
        print("nothing was violated")


if __name__ == "__main__":
    sys.exit(main())
