"""consumers, pause, resume: what waits for each consumer, and whether it takes it."""

from typing import Annotated

import typer

from clients.cli import published
from clients.cli.choosing import consumers as names_of_consumers
from clients.cli.ending import unknown
from clients.cli.tool import Tool
from clients.cli.verbs import verb
from clients.cli.wording import ago, lasting
from clients.mall import Json

ROOT = "/api/operations/consumers"

Consumer = Annotated[
    str,
    typer.Argument(
        help="A consumer, as `consumers` has it: depot/inbox.", autocompletion=lambda: sorted(published.subscriptions())
    ),
]


@verb("consumers", "mallbots consumers --busy")
def consumers(
    tool: Tool,
    busy: Annotated[bool, typer.Option("--busy", help="Only those with messages, or not running.")] = False,
) -> None:
    """List the consumers of all services: what waits for each, how long that takes, and whether it is paused."""
    found = [one for one in tool.get(ROOT)["consumers"] if not busy or is_busy(one)]
    rows = (
        [
            one["name"],
            one["state"],
            waiting(one),
            lasting(one["drainedInSeconds"]),
            one["reason"] or "",
            one["by"] or "",
        ]
        for one in found
    )
    tool.out.rows(found, ("consumer", "state", "waiting", "takes", "reason", "by"), rows, "nothing waits")


@verb("pause", "mallbots pause depot/inbox --reason 'a deploy' --yes", changes=True)
def pause(
    tool: Tool, consumer: Consumer, reason: Annotated[str, typer.Option("--reason", help="Why; it is shown to all.")]
) -> None:
    """Pause a consumer: what is for it waits in its queue, which keeps a message for 14 days."""
    one = _consumer(tool, consumer)
    if tool.agreed(f"pause {consumer}, for which {waiting(one)} messages wait"):
        tool.put(f"{ROOT}/{consumer}/pause", {"reason": reason})
    _show(tool, consumer)


@verb("resume", "mallbots resume depot/inbox --yes", changes=True)
def resume(tool: Tool, consumer: Consumer) -> None:
    """Resume a consumer. It does not pause itself again within 15 minutes."""
    one = _consumer(tool, consumer)
    if one["state"] == "running":
        tool.out.say(f"{consumer} was not paused; if its queue is not read, pause it first, then resume it")
    paused = f", paused by {one['by']}: {one['reason']}" if one["state"] != "running" and one["reason"] else ""
    if tool.agreed(f"resume {consumer}, for which {waiting(one)} messages wait{paused}"):
        tool.put(f"{ROOT}/{consumer}/resume")
    _show(tool, consumer)


def is_busy(one: Json) -> bool:
    """Whether something waits for a consumer, or it does not run."""
    return one["state"] != "running" or waiting(one) != "0"


def waiting(one: Json) -> str:
    """How much waits for a consumer: `12`, or that it is not known."""
    found = one["waiting"]
    return str(found["visible"] + found["inFlight"] + found["delayed"]) if found else "an unknown number of"


def _consumer(tool: Tool, name: str) -> Json:
    for one in tool.get(ROOT)["consumers"]:
        if one["name"] == name:
            found: Json = one
            return found
    raise unknown("consumer", name, names_of_consumers(tool))


def _show(tool: Tool, name: str) -> None:
    one = _consumer(tool, name)
    tool.out.fields(
        one,
        [
            ("consumer", one["name"]),
            ("state", one["state"]),
            ("reason", one["reason"]),
            ("by", one["by"]),
            ("since", one["since"] and f"{one['since']} ({ago(one['since'])})"),
            ("waiting", waiting(one)),
            ("lost from", one["lostFrom"]),
        ],
    )
