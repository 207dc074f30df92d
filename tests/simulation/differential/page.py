"""The page of the differential suite: `.venv/bin/python -m tests.simulation.differential.page` writes it again."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.simulation.differential.differences import AS_AWS, DIFFERENCES
from tests.simulation.differential.suite import SUITE

PAGE = Path(__file__).parents[3] / "docs" / "differential.md"

HEAD = """\
# The simulated cloud beside the local engine

The simulation is worth what its cloud is worth. {cases} small cases are run on it and on the local engine by the same
clients' methods, and each is compared with what AWS documents:
{counts}.

`make test` runs them on the simulated cloud (`tests/simulation/differential/test_differential.py`), `make e2e` on a
real engine beside it (`tests/e2e/engine/test_differential.py`). A difference that is not listed fails, and so does a
listed one that is none any more.

## Where they differ

AWS's documentation is the judge. {differences} cases are not seen alike everywhere.

| case | AWS | simulated | engine | why it stays |
|---|---|---|---|---|
"""

TAIL = """
## What is not compared

- Faults: what the simulation injects (`tests/simulation/faults.py`) the engine cannot be asked for. Each is written
  there with the behaviour of AWS that it stands for.
- Times: how long a delivery, a retry or an index takes. The simulation draws them, within what AWS says or wider.
- What the services do not use: deletes, batch writes, `ReceiveMessage` by hand, other patterns of rules. The simulation
  has no such methods, and refuses parameters that it does not know and expressions that it cannot read.
- A schedule's minute: on the engine an event comes instead, through the same template.
- Every word that DynamoDB reserves: the simulation knows those that an attribute might be called here.
"""


def page() -> str:
    """The page as it should be."""
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
