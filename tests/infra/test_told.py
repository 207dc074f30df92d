"""What the launcher tells a person: causes in words, and an interrupted command in a line."""

import io
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from rich.console import Console

from infra.local import down
from infra.local.__main__ import main
from infra.local.watch import Watch


def test_a_cause_that_the_timeline_lacks_is_said_in_words() -> None:
    message = {"time": "2026-03-14T09:26:53.589793Z", "source": "mallbots.depot", "name": "CollectionAccepted"}
    found = [
        {**message, "id": "1", "name": "OrderCreated"},
        {**message, "id": "2", "causationId": "1"},
        {**message, "id": "3", "causationId": "c54ad72a-eaaf-55aa-bcee-354443086df9"},
    ]
    staff: Any = SimpleNamespace(pages=lambda *_: found)
    shown = io.StringIO()
    assert len(Watch(staff, "order-1", Console(file=shown, width=200)).start().stop()) == 3
    lines = shown.getvalue().splitlines()
    assert [line.split("  ")[-1] for line in lines[:2]] == ["asked over the API", "because of OrderCreated"]
    assert lines[2].endswith("because of its robot's report")


def test_ctrl_c_ends_a_command_by_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(down, "run", interrupted)
    assert main(["down"]) == 130
    assert "make down stops it" in capsys.readouterr().err
