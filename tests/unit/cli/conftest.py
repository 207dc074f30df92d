"""The command line on a mall in memory: its requests reach the real services, and a user pool of the test's."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.operated import deployed
from tests.unit.cli.typed import ClientsMall, CommandLine, set_up


@pytest.fixture
def mall(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClientsMall]:
    with deployed(monkeypatch):
        yield ClientsMall()


@pytest.fixture
def cli(mall: ClientsMall, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    """The command line, whose waits let the mall go on for a minute. Files are in the test's folder."""
    set_up(monkeypatch, tmp_path)
    found = CommandLine(mall, tmp_path)
    found.answer(monkeypatch)
    monkeypatch.setattr(time, "sleep", lambda seconds: mall.minute())
    return found
