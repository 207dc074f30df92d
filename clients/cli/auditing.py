"""audit: what operators asked for, when, through what and why."""

from typing import Annotated

import typer

from clients.cli.tool import FEW, Tool, query
from clients.cli.verbs import verb
from clients.mall import Json

DAY = 100_000  # entries of a day that are looked through for those of one person


@verb("audit", "mallbots audit --limit 20")
def audit(
    tool: Tool,
    day: Annotated[str, typer.Option("--day", help="A day (UTC), such as 2026-03-01; today if left out.")] = "",
    actor: Annotated[str, typer.Option("--actor", help="Of one person alone, such as operator:ada.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = FEW,
) -> None:
    """List what operators asked for on a day, the latest first: who, when, through what, why, and how it ended."""
    path = f"/api/operations/audit{query(day=f'{day}T00:00:00Z' if day else '')}"
    every = tool.pages(path, "entries", DAY if actor else limit)
    found = [one for one in every if actor in ("", one["actor"])][:limit]
    rows = ([one["time"], one["actor"], _asked(one), one["outcome"], one["reason"], one["through"]] for one in found)
    tool.out.rows(found, ("time", "who", "asked", "outcome", "why", "through"), rows, "nothing was asked for")


def _asked(entry: Json) -> str:
    return f"{entry['action'].partition(' ')[0]} {entry['path']}"
