"""The command line on a mall in memory: its requests reach the real services, and a user pool of the test's."""

import ssl
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest
import typer.main

from clients.cli import facts, wording
from tests.support.operated import deployed
from tests.unit.cli.scene import Scene, a_scene
from tests.unit.cli.typed import ClientsMall, CommandLine, set_up


@pytest.fixture(autouse=True, scope="session")
def made_once() -> Iterator[None]:
    """What each process of the command line makes at its start: the tree of its verbs, and trusted authorities."""
    trusted = ssl.create_default_context()
    with pytest.MonkeyPatch.context() as process:
        process.setattr(typer.main, "get_command", cache(typer.main.get_command))
        process.setattr(httpx._transports.default, "create_ssl_context", lambda **_: trusted)
        yield


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
    for module in (wording, facts):
        monkeypatch.setattr(module, "now", lambda: mall.now)
    return found


@pytest.fixture
def scene(mall: ClientsMall, cli: CommandLine) -> Scene:
    return a_scene(mall, cli)
