"""Whether it pays to choose seeds by what their schedules reach: both ways, for the same mutants, in one run.

    python -m tests.strength.guided --mutants 40 --seeds 60 --seed 1

Each mutant runs through all seeds, so that for each order of seeds it is known when it is noticed first. In the guided
order each seed is the one that adds the most pairs of a fault that struck and an outcome that was reached, in a second
of CPU, to those before it; when none adds any, it begins anew. In a uniform one any seed may be next. Mutants that all
seeds notice, or none, say nothing of an order and are left out.

The last line is JSON: {"mutants", "uniform_schedules", "guided_schedules", "times_faster", "from", "to", "uniform_cpu",
"guided_cpu"}, medians but for the quotient of the sums of CPU seconds, "times_faster", and the ends of its 95 %
interval: of sets of as many mutants, drawn from these with replacement. It is printed anew after each mutant that says
something, so that a run that was ended early has it, too: the first mutants of a uniform sample are one.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.strength.population import population
from tests.strength.run import judged, sample, task_of

SHUFFLES = 200
RESAMPLES = 2_000
LONGEST = 1_800.0  # seconds of wall-clock time for a mutant
Pairs = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Reached:
    """What the schedule of a seed reaches without a mutant, and the CPU seconds that it takes."""

    pairs: Pairs
    cpu: float


def reached(seed: int) -> Reached:
    """Run the schedule of a seed."""
    from tests.simulation.schedule import run_schedule

    began = time.process_time()
    outcome = run_schedule(seed)
    pairs = frozenset((fault, goal) for fault in outcome.faults for goal in outcome.outcomes)
    return Reached(pairs, time.process_time() - began)


def guided(seeds: Mapping[int, Reached]) -> list[int]:
    """The seeds by what each adds to those before it, for its CPU seconds."""
    left, known, order = dict(seeds), set[tuple[str, str]](), list[int]()
    while left:
        best = max(left, key=lambda seed: (len(left[seed].pairs - known) / left[seed].cpu, -seed))
        if not left[best].pairs - known and known:
            known = set()
            continue
        known |= left.pop(best).pairs
        order.append(best)
    return order


def effort(order: Sequence[int], kills: set[int], seeds: Mapping[int, Reached]) -> tuple[int, float]:
    """How many schedules, and CPU seconds, an order takes until a mutant is noticed."""
    first = next(place for place, seed in enumerate(order) if seed in kills)
    return first + 1, sum(seeds[seed].cpu for seed in order[: first + 1])


def compared(kills: Sequence[set[int]], seeds: Mapping[int, Reached], seed: int) -> dict[str, float | int]:
    """The last line. kills: by which seeds each mutant is noticed."""
    chance, order = random.Random(seed), guided(seeds)
    uniform: list[tuple[float, float]] = []
    for noticed in kills:
        tries = [effort(chance.sample(list(seeds), len(seeds)), noticed, seeds) for _ in range(SHUFFLES)]
        uniform.append((statistics.mean(it[0] for it in tries), statistics.mean(it[1] for it in tries)))
    by_guide = [effort(order, noticed, seeds) for noticed in kills]
    cpu = [(by_chance[1], by_order[1]) for by_chance, by_order in zip(uniform, by_guide, strict=True)]
    low, high = interval(cpu, seed)
    return {
        "mutants": len(kills),
        "uniform_schedules": round(statistics.median(it[0] for it in uniform), 1),
        "guided_schedules": round(statistics.median(it[0] for it in by_guide), 1),
        "times_faster": round(_quotient(cpu), 2),
        "from": round(low, 2),
        "to": round(high, 2),
        "uniform_cpu": round(statistics.median(it[1] for it in uniform), 2),
        "guided_cpu": round(statistics.median(it[1] for it in by_guide), 2),
    }


def interval(pairs: Sequence[tuple[float, float]], seed: int) -> tuple[float, float]:
    """The 95 % interval of the quotient of the sums of pairs, by resampling them."""
    chance = random.Random(seed)
    found = sorted(_quotient(chance.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    return found[RESAMPLES // 40], found[-RESAMPLES // 40]


def _quotient(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(it[0] for it in pairs) / sum(it[1] for it in pairs)


def main(arguments: Sequence[str] | None = None) -> int:
    """0: the figures are printed, whatever they are."""
    parser = argparse.ArgumentParser(prog="python -m tests.strength.guided", description="Guided or uniform seeds.")
    parser.add_argument("--mutants", type=int, default=40, help="how many mutants are tried (40)")
    parser.add_argument("--seeds", type=int, default=60, help="how many seeds each runs through (60)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample, and of the uniform orders (1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    options = parser.parse_args(arguments)
    wanted = range(1, options.seeds + 1)
    seeds = {seed: reached(seed) for seed in wanted}
    print(f"{len(wanted)} seeds reach {len(frozenset().union(*(it.pairs for it in seeds.values())))} pairs")
    mutants = sample(population(), options.mutants, options.seed)
    tasks = [{**task_of(mutant), "seeds": list(wanted), "all": True} for mutant in mutants]
    telling = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for mutant, found in zip(mutants, pool.map(lambda task: judged(task, LONGEST), tasks), strict=True):
            kills = set(found["kills"])
            print(f"{len(kills):>3} of {len(wanted)} seeds notice {mutant.identity}")
            if 0 < len(kills) < len(wanted) and found["schedules"] == len(wanted):
                telling.append(kills)
                print(json.dumps(compared(telling, seeds, options.seed)))
            sys.stdout.flush()
    print(json.dumps(compared(telling, seeds, options.seed) if telling else {"mutants": 0}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
