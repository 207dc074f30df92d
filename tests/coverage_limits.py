"""The limits of `make coverage`: at least 95 % of the lines and 90 % of the branches of functions/ and events/."""

import json
import sys
from pathlib import Path

LINES, BRANCHES = 95, 90


def main(report: Path) -> int:
    totals = json.loads(report.read_text())["totals"]
    lines = 100 * totals["covered_lines"] / totals["num_statements"]
    branches = 100 * totals["covered_branches"] / totals["num_branches"]
    print(json.dumps({"lines": round(lines, 1), "branches": round(branches, 1)}))
    return 0 if lines >= LINES and branches >= BRANCHES else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
