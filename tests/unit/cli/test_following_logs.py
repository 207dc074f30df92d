"""logs --follow: for hours, on an account that has few lines, or that throttles."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.client
import pytest
from botocore.exceptions import ClientError

from clients import secret_files
from clients.cli import log_lines
from clients.cli.account import Account
from tests.unit.cli.pages import ORIGIN
from tests.unit.cli.typed import PAGES, CommandLine

BEGUN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Logs:
    """The log of depot, in time that passes only between two looks.

    lines: those that there are, by their times. looks: from which time each was. waits: seconds between two of them.
    slow: how much more time passes, as where a look takes long.
    """

    def __init__(self) -> None:
        self.now = BEGUN
        self.lines: list[tuple[datetime, str]] = []
        self.looks: list[datetime] = []
        self.waits: list[float] = []
        self.slow = timedelta()
        self.throttled: Callable[[], bool] = lambda: False
        self.goes_on: Callable[[], bool] = lambda: len(self.waits) < 5

    def call(self, operation: str, asked: dict[str, Any]) -> Any:
        assert operation == "FilterLogEvents"
        if self.throttled():
            error = {"Code": "ThrottlingException", "Message": "Rate exceeded"}
            raise ClientError({"Error": error}, operation)  # type: ignore[typeddict-item]
        since = datetime.fromtimestamp(asked["startTime"] / 1000, UTC)
        self.looks.append(since)
        found = [one for one in enumerate(self.lines) if one[1][0] >= since]
        return {
            "events": [
                {"eventId": str(number), "timestamp": int(at.timestamp() * 1000), "message": text}
                for number, (at, text) in found
            ]
        }

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if not self.goes_on():
            raise KeyboardInterrupt
        self.now += timedelta(seconds=seconds) + self.slow

    def comes(self, text: str, ago: float = 0) -> None:
        """A line comes, of so many seconds ago."""
        self.lines.append((self.now - timedelta(seconds=ago), text))


@pytest.fixture
def log(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Logs:
    """Of prod, where one is signed in."""
    found = Logs()
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(Account, "of", lambda *_: {"InboxLogs": "depot"})
    monkeypatch.setattr(log_lines, "now", lambda: found.now)
    monkeypatch.setattr(time, "sleep", found.wait)
    client = botocore.client.BaseClient
    monkeypatch.setattr(client, "_make_api_call", lambda _, operation, asked: found.call(operation, asked))
    config = cli.folder / "config" / "mallbots"
    secret_files.write(config / "stages.json", {"prod": json.dumps({**PAGES, "pages": ORIGIN})})
    return found


def shown(cli: CommandLine, more: str = "") -> list[str]:
    ran = cli(f"logs depot --follow --stage prod --since 1h {more}", code=130)
    return [line.partition(" ")[2] for line in ran.out.splitlines()]


def test_on_a_quiet_evening_each_look_is_at_what_came_since_the_one_before(cli: CommandLine, log: Logs) -> None:
    log.comes("order-1 is taken", ago=600)
    log.slow = timedelta(minutes=10)
    log.goes_on = lambda: log.now < BEGUN + timedelta(hours=5)
    assert shown(cli) == ["order-1 is taken"]
    assert log.looks[0] == BEGUN - timedelta(hours=1)
    between = timedelta(minutes=10, seconds=2)
    begins = [BEGUN + number * between - timedelta(minutes=1) for number in range(len(log.looks))]
    assert log.looks[1:] == begins[:-1]


def test_a_line_that_comes_late_is_printed_once(cli: CommandLine, log: Logs) -> None:
    def goes_on() -> bool:
        log.comes(f"line {len(log.waits)}", ago=20)
        return len(log.waits) < 15

    log.goes_on = goes_on
    assert shown(cli) == [f"line {number}" for number in range(1, 15)]


def test_a_throttle_is_outlasted_by_longer_pauses_and_hides_no_line(cli: CommandLine, log: Logs) -> None:
    def goes_on() -> bool:
        log.comes(f"line {len(log.waits)}")
        return len(log.waits) < 12

    log.goes_on = goes_on
    log.throttled = lambda: 2 <= len(log.waits) < 10
    assert shown(cli) == [f"line {number}" for number in range(1, 12)]
    assert log.waits == [2, 2, 4, 8, 16, 32, 60, 60, 60, 60, 2, 2]


def test_what_credentials_may_not_do_is_not_waited_for(cli: CommandLine, log: Logs, monkeypatch: Any) -> None:
    def denied(*_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "FilterLogEvents")

    monkeypatch.setattr(log, "call", denied)
    assert "policy.json" in cli("logs depot --follow --stage prod", code=1).err
    assert log.waits == []


def test_without_following_a_throttle_ends_it(cli: CommandLine, log: Logs) -> None:
    log.throttled = lambda: True
    assert "try again in a moment" in cli("logs depot --stage prod", code=1).err
