"""How many letters are open where there are many: those of groups that were resolved, and of all pages, count too."""

from typing import Any

import httpx
import pytest

from tests.unit.cli.typed import CommandLine


def groups(*open_ones: int, **page: Any) -> httpx.Response:
    """A page of groups with so many open letters each."""
    found = [
        {"id": f"group-{number}", "counts": {"open": number}, "cameBack": None, "owner": "A"} for number in open_ones
    ]
    return httpx.Response(200, json={"groups": found, **page})


@pytest.fixture
def many(cli: CommandLine) -> CommandLine:
    """More than a page of open letters, all of groups that were resolved but one."""
    letters = [{"id": f"letter-{number}", "group": "group-1"} for number in range(100)]
    cli.failing = {
        "/api/operations/letters": httpx.Response(200, json={"letters": letters, "next": "2"}),
        "/api/operations/groups?state=resolved&limit=100&next=2": groups(30_000),
        "/api/operations/groups?state=resolved": groups(10_000, 0, next="2"),
        "/api/operations/groups": groups(7),
    }
    return cli


def test_letters_of_groups_that_were_resolved_are_open_all_the_same(many: CommandLine) -> None:
    shown = many("status --json", code=4).data
    assert (shown["deadLetters"], shown["groups"]) == (40_007, 3)
    assert "40,007 dead letters" in {one["what"] for one in shown["wrong"]}
    found = {one["check"]: one["what"] for one in many("doctor --json", code=4).data}
    assert found["there are no dead letters"] == "40,007 letters open"


def test_letters_that_no_group_has_counted_yet_are_open_too(many: CommandLine) -> None:
    many.failing |= {path: groups() for path in many.failing if "groups" in path}
    assert many("status --json", code=4).data["deadLetters"] == 100
