"""The indexes of tables since the last release: an update may create or delete one of a table.

DynamoDB creates or deletes one global secondary index in an UpdateTable
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html), and CloudFormation makes one
UpdateTable of an update, which it refuses with two. So a release may differ from the one before by one index of each
table; a second change waits for the next. `make release` writes what is released into released_indexes.json.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from functions.kernel.composition.manifest import manifest, services

RECORD = Path(__file__).parent / "released_indexes.json"

Indexes = Mapping[str, Sequence[str]]
"""Service → the indexes of its read models' table. An index's keys and projection follow from its name."""


def current() -> dict[str, list[str]]:
    """The indexes that the code has now."""
    return {service: manifest(service).indexes for service in services() if manifest(service).projections}


def released() -> Indexes:
    """Those of the last release."""
    found: Indexes = json.loads(RECORD.read_text())
    return found


def too_many(before: Indexes, now: Indexes) -> dict[str, list[str]]:
    """The changes of those tables that have more than one; a table that is new comes with all its indexes at once."""
    changes = {service: sorted(set(before[service]) ^ set(now.get(service, ()))) for service in before}
    return {service: changed for service, changed in changes.items() if service in now and len(changed) > 1}


def main(record: Path = RECORD) -> int:
    """Record the indexes as released. Returns 1 if a table changed by more than one."""
    refused = too_many(json.loads(record.read_text()), current())
    for service, changed in refused.items():
        print(f"{service} changes {len(changed)} indexes, and one release may change one: {', '.join(changed)}")
    if not refused:
        record.write_text(json.dumps(current(), indent=2) + "\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
