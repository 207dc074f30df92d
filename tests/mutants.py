"""How much of the rules the tests pin down: `make mutants` changes them bit by bit and sees whether a test fails.

Every domain.py and the kernel's store, inbox and saga are changed (pyproject.toml, [tool.mutmut]); the changes that
no unit test notices are printed. The last line of stdout is JSON, `{"mutants", "killed", "share"}`; the exit code is 0
when at least 90 % were noticed.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

SHARE = 0.9
STATS = Path("mutants/mutmut-cicd-stats.json")


def main() -> int:
    mutmut = Path(sys.executable).with_name("mutmut")
    subprocess.run([mutmut, "run"], check=True, stdout=sys.stderr)
    subprocess.run([mutmut, "export-cicd-stats"], check=True, stdout=subprocess.DEVNULL)
    listed = subprocess.run([mutmut, "results"], check=True, capture_output=True, text=True).stdout
    unnoticed = [line.strip() for line in listed.splitlines() if ": " in line]
    print("\n".join(unnoticed), file=sys.stderr)
    print(f"by module: {dict(Counter(line.rpartition('.')[0] for line in unnoticed))}", file=sys.stderr)
    stats = json.loads(STATS.read_text())
    noticed = stats["killed"] + stats["timeout"]
    share = noticed / stats["total"]
    print(json.dumps({"mutants": stats["total"], "killed": noticed, "share": round(share, 3)}))
    return 0 if share >= SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
