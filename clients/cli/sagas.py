"""saga: the process that gets an order accepted by every service, or undone in every service."""

from typing import Annotated

import typer

from clients.cli import completing
from clients.cli.ending import FAILED, EndedError, must_be
from clients.cli.tool import FEW, Tool, at, query
from clients.cli.verbs import group, verb
from clients.cli.wording import ago
from clients.mall import Json

ROOT = "/api/checkout/sagas"
STATUSES = ("running", "parked", "completed", "compensated", "stopped")

group("saga", "The process that gets an order accepted by every service, or undone in every service.")

Order = Annotated[str, typer.Argument(help="The order of the saga.", autocompletion=completing.sagas)]


@verb("saga list", "mallbots saga list --status parked")
def list_sagas(
    tool: Tool,
    status: Annotated[str, typer.Option("--status", help=f"One of {', '.join(STATUSES)}.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = FEW,
) -> None:
    """List sagas. Of all, those that run are listed once a step has waited for its answer in vain."""
    must_be(status, STATUSES, "status")
    found = tool.listed(f"{ROOT}{query(status=status)}", "sagas", limit)
    rows = ([one["orderId"], one["status"], one["step"], ago(one["since"]), one["reason"]] for one in found)
    tool.out.rows(found, ("order", "status", "step", "since", "reason"), rows, "no sagas")


@verb("saga show", "mallbots saga show 018f2c31")
def show(tool: Tool, order: Order) -> None:
    """Show where the saga of an order stands."""
    saga = _saga(tool, order)
    tool.out.fields(saga, _pairs(saga))


@verb("saga resume", "mallbots saga resume 018f2c31 --yes", changes=True)
def resume(tool: Tool, order: Order) -> None:
    """Resume a parked saga, which tries again the compensation that it was parked for."""
    saga = _saga(tool, order)
    order = saga["orderId"]
    if saga["status"] != "parked":
        raise EndedError(f"the saga of {order} is {saga['status']}, not parked", FAILED, tool.typed("order", order))
    if tool.agreed(f"resume the saga of {order}, parked since {saga['since']}: {saga['reason']}"):
        tool.put(f"{ROOT}/{at(order)}/resume")
    saga = _saga(tool, order)
    tool.out.fields(saga, _pairs(saga))


def _pairs(saga: Json) -> list[tuple[str, object]]:
    awaited = [f"{one['command']}, try {one['attempt']} until {one['due']}" for one in saga["awaited"]]
    return [*((name, value) for name, value in saga.items() if name != "awaited"), ("awaited", awaited)]


@verb("saga retry", "mallbots saga retry 018f2c31 --yes", changes=True)
def retry(tool: Tool, order: Order) -> None:
    """Send the commands of a saga that have no answer again, under the same ids: it counts as no further try."""
    saga = _saga(tool, order)
    order = saga["orderId"]
    commands = [one["command"] for one in saga["awaited"]]
    if not commands:
        raise EndedError(f"the saga of {order} is {saga['status']}: it waits for no answer", FAILED)
    sent: list[str] = []
    if tool.agreed(f"send {' and '.join(commands)} of {order} again"):
        sent = tool.put(f"/api/operations/sagas/{at(order)}/retry", {"commands": commands})["sent"]
    tool.out.fields({"commands": commands, "sent": sent}, [("commands", commands), ("sent", sent)])


def _saga(tool: Tool, order: str) -> Json:
    path = f"{ROOT}/{at(order)}"
    found: Json = tool.found(path, "saga", order, lambda: tool.known(ROOT, "sagas", "orderId"))["saga"]
    return found
