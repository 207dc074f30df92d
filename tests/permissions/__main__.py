"""Show that no function may do more than it needs: `make permissions` (`--check`: only compare docs/security.md)."""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.documents.generate import ROOT
from tests.infra.conftest import synthesize
from tests.infra.policies import Names
from tests.permissions.judge import judging
from tests.permissions.report import faults, record, table

PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- table: made by `make permissions` -->\n", "<!-- end of the table -->"


def main() -> int:
    begun = time.monotonic()
    with TemporaryDirectory() as folder, judging() as judge:
        recorded = record(Names(synthesize("dev", Path(folder) / "dev")))
        found = [fault for role in recorded.roles.values() for fault in faults(role, recorded, judge)]
        # A statement that nothing fails without has no row.
        lines, silent = ([], []) if found else table(recorded, judge)
    found += [f"nothing that is expected refused is let through by {one}" for one in silent]
    statements = sum(len(role.statements) for role in recorded.roles.values())
    for fault in found:
        print(fault, file=sys.stderr)
    print(
        f"{len(recorded.roles)} functions, {statements} statements, {sum(map(len, recorded.calls.values()))} calls "
        f"recorded, {judge.judged:,} judged in {time.monotonic() - begun:.0f} s: {len(found)} faults"
    )
    if found:
        return 1
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    current = "".join([before, BEGIN, *(f"{line}\n" for line in lines), END, rest.partition(END)[2]])
    if current != page and "--check" in sys.argv:
        print("docs/security.md is out of date: run make permissions", file=sys.stderr)
        return 1
    PAGE.write_text(current)
    return 0


if __name__ == "__main__":
    sys.exit(main())
