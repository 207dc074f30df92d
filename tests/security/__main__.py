"""`make security`: try all cases on a local deployment under enforced roles, then show that each can fail.

CASE=text runs the cases whose names hold it, MUTANT=text those of the guards whose names do. The last line of stdout is
JSON, `{"refused", "total", "mutants_killed", "mutants"}`; the exit code is 0 if all were refused and all killed.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

from infra.local.cloud import LocalCloud
from infra.local.process import free_port
from infra.local.up import discard, up
from tests.security.cases import Case
from tests.security.deployed import OnLocalCloud
from tests.security.in_memory import InMemory
from tests.security.page import CASES, PAGE, page
from tests.security.run import fault, survivors
from tests.security.scene import furnish


def main() -> int:
    parser = argparse.ArgumentParser(prog="make security", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--case", default="", help="a part of the cases' names")
    parser.add_argument("--mutant", default="", help="a part of the guards' names")
    parser.add_argument("--write", action="store_true", help="only write docs/security_cases.md")
    options = parser.parse_args()
    if options.write:
        PAGE.write_text(page())
        return 0
    cases = [case for case in CASES if options.case in case.name and options.mutant in case.guard]
    if not cases:
        parser.error("no case has such a name and guard: docs/security_cases.md lists them")
    faults = _deployed([case for case in cases if not case.memory_only])
    faults += _in_memory([case for case in cases if case.memory_only])
    alive = survivors(cases)
    for line in [*faults, *(f"SURVIVES {one}" for one in alive)]:
        print(line)
    refused = len(cases) - len(faults)
    figures = {
        "refused": refused,
        "total": len(cases),
        "mutants_killed": len(cases) - len(alive),
        "mutants": len(cases),
    }
    print(json.dumps(figures))
    return 1 if faults or alive else 0


def _in_memory(cases: Sequence[Case]) -> list[str]:
    """What went wrong in memory, with the cases that need what nobody has of a deployment."""
    furnished = InMemory()
    furnish(furnished)
    return [f"FAILED {case.name}: {wrong}" for case in cases if (wrong := fault(case, deepcopy(furnished)))]


def _deployed(cases: Sequence[Case]) -> list[str]:
    """What went wrong on a deployment of its own."""
    with tempfile.TemporaryDirectory(prefix="mallbots-security-", ignore_cleanup_errors=True) as folder:
        cloud = LocalCloud(free_port(), Path(folder))
        try:
            up(cloud)
            world = OnLocalCloud(cloud)
            furnish(world)
            found = []
            for case in cases:
                wrong = fault(case, world)
                print(f"{'FAILED ' if wrong else 'refused'} {case.name}", file=sys.stderr, flush=True)
                found += [f"FAILED {case.name}: {wrong}"] if wrong else []
            return found
        finally:
            discard(cloud)


if __name__ == "__main__":
    sys.exit(main())
