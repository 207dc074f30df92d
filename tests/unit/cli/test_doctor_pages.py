"""doctor, of more than the mall tells on one page: it looks at all of it."""

from typing import Any

import httpx
import pytest

from tests.unit.cli.typed import CommandLine

OLD_STAMP = "2026-01-05T09:00:00.000000Z"
NEW_STAMP = "2099-01-05T09:00:00.000000Z"
RIGHT: dict[str, Any] = {"errors": [], "connection": "online", "paused": False}


def of_two_pages(cli: CommandLine, path: str, member: str, first: list[Any], second: list[Any]) -> None:
    """What the mall answers by two pages."""
    later = f"{path}{'&' if '?' in path else '?'}limit=100&next=2"
    for beginning, body in ((later, {member: second}), (path, {member: first, "next": "2"})):
        cli.failing[beginning] = httpx.Response(200, json=body)


def said_of(cli: CommandLine, check: str) -> str:
    """What the doctor says of a check."""
    found = {one["check"]: one["what"] for one in cli("doctor --json", code=4).data}
    return str(found[check])


@pytest.mark.parametrize(
    ("name", "path", "member", "right", "wrongs"),
    [
        (
            "no saga runs for long",
            "/api/checkout/sagas?status=running",
            "sagas",
            {"orderId": "new", "since": NEW_STAMP},
            {"orderId": "stuck", "since": OLD_STAMP},
        ),
        (
            "no robot reports an error",
            "/api/fleet/robots",
            "robots",
            {**RIGHT, "name": "fine"},
            {**RIGHT, "name": "stuck", "errors": [{"type": "stuck"}]},
        ),
        (
            "no letter came after its cause was mended",
            "/api/operations/groups",
            "groups",
            {"id": "mended", "cameBack": None, "owner": "Ada"},
            {"id": "stuck", "cameBack": OLD_STAMP, "owner": "Ada"},
        ),
    ],
)
def test_what_is_wrong_is_found_on_a_later_page_of_a_list(
    cli: CommandLine, name: str, path: str, member: str, right: Any, wrongs: Any
) -> None:
    of_two_pages(cli, path, member, [right] * 100, [wrongs])
    assert said_of(cli, name) == "stuck"


def test_of_many_sagas_that_run_for_long_the_longest_are_named_and_the_others_counted(cli: CommandLine) -> None:
    found = [{"orderId": f"order-{day:02}", "since": f"2026-01-{day:02}T09:00:00.000000Z"} for day in range(28, 0, -1)]
    of_two_pages(cli, "/api/checkout/sagas?status=running", "sagas", found[:20], found[20:])
    what = said_of(cli, "no saga runs for long")
    assert what.split(", ") == [*(f"order-{day:02}" for day in range(1, 11)), "and 18 more"]
