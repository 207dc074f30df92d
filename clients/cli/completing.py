"""Ids that are completed by Tab: the latest of a mall, by one request, once it is known who is signed in.

What cannot be asked within two seconds is not completed: a shell that waits is worse than one that does not know.
"""

import os
from collections.abc import Callable
from typing import Any

import typer

from clients.cli.output import Output
from clients.cli.stages import CHOSEN, LOCAL
from clients.cli.tool import Tool
from clients.mall import Json

SECONDS = 2.0  # that an answer may take
LIMIT = 100

Completion = Callable[[typer.Context, str], list[str]]


def ids(path: str, member: str, field: str = "id", body: Json | None = None) -> Completion:
    """Completes what a list of the API has; body: of a list that is asked for by POST."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        stage = ctx.params.get("stage") or os.environ.get(CHOSEN) or LOCAL
        tool = Tool(stage, Output(), no_input=True, seconds=SECONDS)
        try:
            found = _asked(tool, path, body)[member]
        except Exception:  # whatever it is: the shell has no place for it
            return []
        finally:
            tool.close()
        return [str(one[field]) for one in found if str(one[field]).startswith(incomplete)]

    return complete


def _asked(tool: Tool, path: str, body: Json | None) -> Any:
    """Asked once, and not again where the mall is busy."""
    given = None if body is None else {**body, "limit": LIMIT}
    answer = tool.mall.send("POST" if body is not None else "GET", path, given)
    return answer.raise_for_status().json()


orders = ids("/api/search/orders", "orders", "orderId", body={})
letters = ids(f"/api/operations/letters?limit={LIMIT}", "letters")
groups = ids(f"/api/operations/groups?limit={LIMIT}", "groups")
runs = ids(f"/api/operations/runs?limit={LIMIT}", "runs")
sagas = ids(f"/api/checkout/sagas?limit={LIMIT}", "sagas", "orderId")
robots = ids(f"/api/depot/bots?limit={LIMIT}", "bots", "name")
