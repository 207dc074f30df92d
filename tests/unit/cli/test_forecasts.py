"""Forecasts of dead letters: what is sent back by one, and those that end before all letters have an answer."""

from typing import Any

import pytest

from functions.payments import service as payments
from tests.flow.test_redrive import broken, shoppers
from tests.unit.cli.typed import ClientsMall, CommandLine

ORDERS = 2


@pytest.fixture
def group(mall: ClientsMall, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The letters of some orders, of which no invoice can be made."""
    broken(monkeypatch, payments, "create_or_reduce_invoice")
    shoppers(mall, ORDERS)
    mall.pass_time(300)
    mall.operate("collector")
    return cli("dead groups --json").data[0]


def open_letters(cli: CommandLine) -> list[str]:
    return [one["id"] for one in cli("dead list --state open --json").data]


def test_what_a_forecast_decides_is_not_said_beside_it_and_passing_is_of_a_forecast_alone(
    cli: CommandLine, group: Any
) -> None:
    [first, *_] = open_letters(cli)
    forecast = cli(f"dead forecast {first} --json").data["id"]
    assert "--forecast" in cli(f"dead redrive --group {group['id']} --passing --yes", code=2).err
    for beside in (first, f"--group {group['id']}", "--service payments", "--message OrderApproved"):
        assert "leave out" in cli(f"dead redrive {beside} --forecast {forecast} --yes", code=2).err
    assert cli.writes() == []
    assert len(open_letters(cli)) == ORDERS


@pytest.mark.parametrize("state", ["cancelled", "paused", "stopped"])
def test_a_forecast_that_ended_before_all_had_an_answer_is_shown_and_ends_by_1(
    cli: CommandLine, group: Any, state: str
) -> None:
    cli.altered["/api/operations/forecasts/"] = lambda body: body["forecast"].update(state=state, answered=1)
    shown = cli(f"dead forecast --group {group['id']}", code=1)
    assert f"{ORDERS} letters" in shown.out
    assert f"it is {state}" in shown.err
