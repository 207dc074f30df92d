"""Run the browser tests, all or those that are named: `python -m tests.browser [pytest's arguments]`.

The last line is JSON.
"""

import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class Count:
    """How many tests passed and failed, pages were audited, and violations found, whichever process ran the test.

    An error before or after a test counts as a failure.
    """

    def __init__(self) -> None:
        self.passed = self.failed = 0
        self.audited = {"pages": 0, "violations": 0}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.passed and report.when == "call"
        self.failed += report.failed
        if report.when == "teardown":
            for name, number in report.user_properties:
                self.audited[name] += int(str(number))


def main(arguments: list[str]) -> int:
    count = Count()
    named = any(Path(argument.split("::")[0]).exists() for argument in arguments)
    where = [] if named else [str(HERE)]
    # A browser waits for most of the time; two of them keep two cores busy.
    options = ["--force-enable-socket", "-n2", "--dist", "worksteal"]
    code = pytest.main([*where, *options, *arguments], plugins=[count])
    told = {"passed": count.passed, "failed": count.failed, "pages": count.audited["pages"]}
    print(json.dumps({**told, "axe_violations": count.audited["violations"]}))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
