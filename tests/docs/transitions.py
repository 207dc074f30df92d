"""A plugin of pytest that writes down every transition that decisions of aggregates take while tests run.

    python -m pytest -p tests.docs.transitions --transitions=FILE …

FILE gets a JSON list of [aggregate, status before, status after]; one that has none yet has `[*]`. Past events, which
tests only give, are no transitions.
"""

import json
from pathlib import Path

import pytest

from functions.kernel.domain.aggregate import Aggregate, DomainEvent

NEW = "[*]"
taken: set[tuple[str, str, str]] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--transitions", type=Path, help="Where the transitions that tests take are written.")


def pytest_configure(config: pytest.Config) -> None:
    record = Aggregate.record

    def noted(self: Aggregate, event: DomainEvent) -> None:
        before = NEW if self.is_new else _status(self)
        record(self, event)
        if _status(self) != NEW:
            taken.add((type(self).__name__, before, _status(self)))

    Aggregate.record = noted  # type: ignore[method-assign]  # for the process of this run alone


def _status(aggregate: Aggregate) -> str:
    return str(getattr(aggregate, "status", "")) or NEW


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.getoption("--transitions").write_text(json.dumps(sorted(taken)))
