"""Run the browser tests, all or those that are named: `python -m tests.browser [pytest's arguments]`.

The last line is JSON.
"""

import json
import sys
from pathlib import Path

import pytest

from tests.browser.audit import audit

HERE = Path(__file__).parent


class Count:
    """How many tests passed and failed; an error before or after a test counts as a failure."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.passed and report.when == "call"
        self.failed += report.failed


def main(arguments: list[str]) -> int:
    count = Count()
    named = any(Path(argument.split("::")[0]).exists() for argument in arguments)
    where = [] if named else [str(HERE)]
    code = pytest.main([*where, "--force-enable-socket", "-n0", *arguments], plugins=[count])
    told = {"passed": count.passed, "failed": count.failed, "pages": len(audit.pages)}
    print(json.dumps({**told, "axe_violations": audit.violations}))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
