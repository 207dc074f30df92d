"""doctor, of what is wrong only from a limit on: for how long a saga runs, how soon a message is lost, and the like."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest

from clients.cli.checks import mall as checks_of_the_mall
from tests.unit.cli.typed import CommandLine

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = 3_600, 86_400  # seconds


@pytest.fixture(autouse=True)
def _it_is_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the checks alone: the tokens of these tests are made and judged by the clock of the machine."""
    monkeypatch.setattr(checks_of_the_mall, "datetime", SimpleNamespace(now=lambda zone: NOON.astimezone(zone)))
    monkeypatch.setattr(checks_of_the_mall, "time", SimpleNamespace(time=NOON.timestamp))


def noon(seconds: float) -> str:
    """The time so many seconds after noon."""
    return (NOON + timedelta(seconds=seconds)).isoformat()


def a_group(cli: CommandLine, age: int) -> None:
    """A group of letters, whose first was seen so long ago, and which has no owner."""
    one = {"id": "group-1", "owner": "", "cameBack": None, "firstSeen": noon(-age)}
    cli.altered["/api/operations/groups"] = lambda body: body["groups"].append(one)


def a_saga(cli: CommandLine, age: int) -> None:
    """A saga that has run for so long."""
    one = {"orderId": "order-1", "since": noon(-age)}
    cli.altered["/api/checkout/sagas?status=running"] = lambda body: body["sagas"].append(one)


def a_message(cli: CommandLine, left: int) -> None:
    """A consumer whose oldest message is lost so soon."""
    _consumer(cli, lostFrom=noon(left))


def a_backlog(cli: CommandLine, seconds: int) -> None:
    """A consumer that takes so long for what waits for it."""
    _consumer(cli, drainedInSeconds=seconds)


def a_clock(cli: CommandLine, ahead: int) -> None:
    """A mall whose clock is so much ahead of this machine's."""
    cli.headers["date"] = formatdate(NOON.timestamp() + ahead, usegmt=True)


def _consumer(cli: CommandLine, **values: Any) -> None:
    cli.altered["/api/operations/consumers"] = lambda body: body["consumers"][0].update(values)


@pytest.mark.parametrize(
    ("check", "there_is", "seconds", "is_wrong"),
    [
        ("each old group of letters has an owner", a_group, DAY, False),
        ("each old group of letters has an owner", a_group, DAY + 1, True),
        ("no saga runs for long", a_saga, 15 * 60, False),
        ("no saga runs for long", a_saga, 15 * 60 + 1, True),
        ("no message is about to be lost", a_message, 2 * DAY, False),
        ("no message is about to be lost", a_message, 2 * DAY - 1, True),
        ("no backlog takes more than an hour", a_backlog, HOUR, False),
        ("no backlog takes more than an hour", a_backlog, HOUR + 1, True),
        ("this machine's clock is right", a_clock, 60, False),
        ("this machine's clock is right", a_clock, 61, True),
        ("this machine's clock is right", a_clock, -60, False),
        ("this machine's clock is right", a_clock, -61, True),
    ],
)
def test_what_has_a_limit_is_wrong_beyond_it_and_not_at_it(
    cli: CommandLine, check: str, there_is: Callable[[CommandLine, int], None], seconds: int, is_wrong: bool
) -> None:
    there_is(cli, seconds)
    # No robot of this mall is registered, so something is wrong with it in any case.
    states = {one["check"]: one["state"] for one in cli("doctor --json", code=4).data}
    assert states[check] == ("wrong" if is_wrong else "fine")
