"""The beginning of an id that more than one thing has, or that is not among those that were looked at."""

from typing import Any

import httpx
import pytest

from tests.unit.cli.typed import CommandLine

FIRST, SECOND = "7c1f0000-0000", "7c1f1111-1111"


def listed(cli: CommandLine, *ids: str, **page: Any) -> None:
    """The letters that a mall lists."""
    found = [{"id": id, "state": "open"} for id in ids]
    cli.failing["/api/operations/letters?"] = httpx.Response(200, json={"letters": found, **page})


@pytest.mark.parametrize(
    "words", ["show 7c1f", "discard 7c1f --reason x --yes", "redrive 7c1f --yes", "edit 7c1f --set total=1 --yes"]
)
def test_a_beginning_of_two_ids_is_refused_with_both_of_them(cli: CommandLine, words: str) -> None:
    listed(cli, SECOND, FIRST)
    refused = cli(f"dead {words}", code=2).err
    assert f": {FIRST}, {SECOND}" in refused
    assert "7c1f begins 2 letter" in refused
    assert "did you mean" not in refused
    assert cli.writes() == []


def test_of_many_ids_that_begin_alike_some_are_named(cli: CommandLine) -> None:
    listed(cli, *(f"{FIRST}-{number}" for number in range(9)))
    refused = cli("dead discard 7c1f --reason x --yes", code=2).err
    assert "7c1f begins 9 letters" in refused
    assert f"{FIRST}-4 and 4 more" in refused


def test_a_beginning_that_is_not_among_the_first_thousand_may_be_one_of_the_others(cli: CommandLine) -> None:
    listed(cli, *[SECOND] * 100, next="more")
    refused = cli("dead discard 8d2a --reason x --yes", code=3).err
    assert "'8d2a' is not among the first 1,000 letters: give the whole id" in refused
    assert "did you mean" not in refused


def test_the_number_of_two_orders_means_neither(cli: CommandLine) -> None:
    found = [{"orderId": "018f2c31-b"}, {"orderId": "018f2c31-a"}]
    cli.failing["/api/search/orders"] = httpx.Response(200, json={"orders": found})
    assert "018f2c31 begins 2 orders: 018f2c31-a, 018f2c31-b" in cli("order 018f2c31", code=2).err


def test_the_beginning_of_two_actions_of_a_robot_is_refused(cli: CommandLine) -> None:
    cli("robot register Ajax --yes")
    cli.mall.settle()
    cli.altered["/api/depot/bots"] = lambda body: [one.update(retriable=["pick-1", "pick-12"]) for one in body["bots"]]
    before = cli.writes()
    assert "pick begins 2 failed actions: pick-1, pick-12" in cli("robot retry Ajax pick --yes", code=2).err
    assert cli.writes() == before
