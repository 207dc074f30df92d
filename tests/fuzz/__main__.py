"""`make fuzz`: fuzz the deployed mall for some minutes, with other cases each time.

It starts a temporary local cloud, since fuzzing leaves arbitrary data behind. With MINUTES=0 it runs the cases of
`make e2e`, once. Each failure is printed with a curl command that reproduces it. The last line of stdout is JSON,
`{"roles", "routes", "operations", "cases", "statuses", "failures", …}` of all roles together; the exit code is 1 if
there are failures.
"""

import argparse
import json
import os
import secrets
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import free_port
from infra.local.show import wait_until_idle
from infra.local.up import discard, up
from infra.operate.dead_letters import dead_letters
from tests.fuzz.deployed import SHORT, fuzz_deployed
from tests.fuzz.fuzzer import Bounds, left_out, together

LONG = Bounds(seed=0, examples=25, chains=50, steps=12)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--minutes", type=float, default=os.environ.get("MINUTES") or "5", help="0: the cases of make e2e"
    )
    parser.add_argument("--seed", type=int, default=os.environ.get("SEED") or None, help="default: a random one")
    options = parser.parse_args()
    if options.minutes:
        seed = secrets.randbelow(2**31) if options.seed is None else options.seed
        bounds = replace(LONG, seed=seed, seconds=max(1, round(options.minutes * 60)))
    else:
        bounds = replace(SHORT, seed=SHORT.seed if options.seed is None else options.seed)
    with tempfile.TemporaryDirectory(prefix="mallbots-fuzz-", ignore_cleanup_errors=True) as folder:
        cloud = LocalCloud(free_port(), Path(folder))
        try:
            up(cloud)
            return _fuzz(cloud, bounds, options.minutes)
        finally:
            discard(cloud)


def _fuzz(cloud: LocalCloud, bounds: Bounds, minutes: float) -> int:
    print(f"fuzzing; repeat with: make fuzz MINUTES={minutes:g} SEED={bounds.seed}", file=sys.stderr)
    with at_work(cloud) as people:
        reports = fuzz_deployed(cloud, people, bounds)
    left = wait_until_idle(cloud)
    letters = dead_letters(cloud)
    for report in reports:
        print(f"as {report.role}:")
        for line in [*report.table(), *map(str, report.failures)]:
            print(line)
    for line in left_out(reports):
        print(line)
    for letter in letters:
        print(f"dead-lettered in {letter.queue}: {letter.name}: {letter.reason}")
    if left:
        print(f"left in queues: {left}")
    figures = together(reports)
    figures["failures"] += len(letters) + len(left)
    print(json.dumps({**figures, "seed": bounds.seed, "dead_letters": len(letters)}))
    return 1 if figures["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
