"""The page of the differential suite: `.venv/bin/python -m tests.simulation.differential.page` writes it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.simulation.differential.differences import AS_AWS, DIFFERENCES
from tests.simulation.differential.suite import SUITE

PAGE = Path(__file__).parents[3] / "docs" / "differential.md"

HEAD = """\
# The simulated cloud beside the local engine

The simulation can only be trusted as far as its cloud behaves like AWS. {cases} small cases run on it and on the local
engine through the same client methods, and each result is compared with what AWS documents:
{counts}.

`make test` runs them on the simulated cloud (`tests/simulation/differential/test_differential.py`), `make e2e` on the
local engine (`tests/e2e/engine/test_differential.py`). A difference that is not listed fails the tests, and so does a
listed one that no longer exists.

## Where they differ

AWS's documentation decides what is right. In {differences} cases one of the two differs.

| case | AWS | simulated cloud | local engine | why it stays |
|---|---|---|---|---|
"""

TAIL = """
## What is not compared

- Faults: the engine cannot inject them. `tests/simulation/faults.py` lists each injected fault with the behaviour of
  AWS that it stands for.
- Times: how long a delivery, a retry or an index update takes. The simulation draws them, within AWS's documented
  bounds or wider.
- What the services do not use: batch writes, `ReceiveMessage` by hand, other patterns of rules. The simulation
  has no such methods, and refuses unknown parameters and expressions.
- A schedule's tick: on the engine an event stands for it, through the same template.
- All of DynamoDB's reserved words: the simulation knows those that an attribute might have as its name here.
"""


def page() -> str:
    """The page's content."""
    by_service = Counter(name.partition(":")[0] for name in SUITE)
    counts = ", ".join(f"{service} {number}" for service, number in by_service.items())
    rows = [
        f"| {name} | {found.aws} [Documented]({found.documented}) | {_seen(found.simulated)} | {_seen(found.engine)} "
        f"| {found.why} |\n"
        for name, found in DIFFERENCES.items()
    ]
    head = HEAD.format(cases=len(SUITE), counts=counts, differences=len(DIFFERENCES))
    return head + "".join(rows) + TAIL


def _seen(what: Any) -> str:
    if what is AS_AWS:
        return "as AWS"
    return f"gives {json.dumps(what, ensure_ascii=False)}".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
