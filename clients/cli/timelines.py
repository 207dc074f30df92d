"""The timeline of an order, by the commits of its owners: it is there while read models are behind or down."""

from urllib.parse import quote

from clients.cli.tool import Tool, at
from clients.mall import Json

PATH = "/api/operations/orders/{}/timeline"


def timeline(tool: Tool, order: str) -> list[Json]:
    """The messages of an order, oldest first. Raises EndedError where there are none."""
    found, gaps = read(tool, order)
    if gaps:
        tool.out.say(f"{' and '.join(gaps)} did not answer: some messages are missing")
    return found


def read(tool: Tool, order: str) -> tuple[list[Json], list[str]]:
    """The same, and the services that did not answer, whose messages are missing."""
    found: list[Json] = []
    gaps: set[str] = set()
    after = ""
    while True:
        page = tool.get(f"{PATH.format(at(order))}?limit=100{after}")
        found += page["messages"]
        gaps |= set(page["gaps"])
        if not page.get("next"):
            return found, sorted(gaps)
        after = f"&next={quote(page['next'], safe='')}"
