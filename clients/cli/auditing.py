"""audit: what staff and operators asked to be changed, of any service: when, through what and why."""

from typing import Annotated

import typer

from clients.cli.tool import FEW, Tool, query
from clients.cli.verbs import verb
from clients.mall import Json


@verb("audit", "mallbots audit --limit 20")
def audit(
    tool: Tool,
    day: Annotated[str, typer.Option("--day", help="A day (UTC), such as 2026-03-01; today if left out.")] = "",
    actor: Annotated[str, typer.Option("--actor", help="Of one person alone, such as staff:mia.")] = "",
    about: Annotated[str, typer.Option("--about", help="About one thing alone: its id, or what a path has.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = FEW,
) -> None:
    """List what staff and operators asked for on a day, the latest first: who, of which service, why, how it ended."""
    asked = query(day=f"{day}T00:00:00Z" if day else "", actor=actor, about=about)
    found = tool.listed(f"/api/operations/audit{asked}", "entries", limit)
    heads = ("time", "who", "service", "asked", "outcome", "why", "through")
    tool.out.rows(found, heads, map(_row, found), "nothing was asked for")


def _row(entry: Json) -> list[str]:
    asked = f"{entry['action'].partition(' ')[0]} {entry['path']}"
    return [entry["time"], entry["actor"], entry["service"], asked, entry["outcome"], entry["reason"], entry["through"]]
