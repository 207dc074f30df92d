"""What the launcher tells a person, and what it keeps: causes in words, an interrupt in a line, a state saved often."""

import io
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from rich.console import Console

from infra.local import down
from infra.local.__main__ import main
from infra.local.engine.patches.autosave import INTERVAL_SECONDS, interval_after, is_deploy
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


def test_a_save_of_all_functions_puts_the_next_save_off_no_longer_than_usual() -> None:
    assert interval_after(30, with_functions=True) == INTERVAL_SECONDS
    assert interval_after(1, with_functions=False) == max(INTERVAL_SECONDS, 10)


def test_functions_are_saved_after_what_changes_them_and_not_after_what_reads_or_invokes_them() -> None:
    def is_one(service: str, method: str, path: str) -> bool:
        signature = f"AWS4-HMAC-SHA256 Credential=x/20260314/eu-west-1/{service}/aws4_request".encode()
        return is_deploy({"headers": [(b"authorization", signature)], "method": method, "path": path})

    assert is_one("lambda", "PUT", "/2015-03-31/event-source-mappings/x")
    assert is_one("cloudformation", "POST", "/")
    assert not is_one("lambda", "GET", "/2015-03-31/event-source-mappings/")
    assert not is_one("lambda", "POST", "/2015-03-31/functions/x/invocations")
    assert not is_one("dynamodb", "POST", "/")
    assert not is_deploy({"type": "websocket", "headers": [], "path": "/live"})
