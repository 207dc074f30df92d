"""money: the orders whose money differs from what it should be, and to compare one again."""

from typing import Annotated

import typer

from clients.cli import completing
from clients.cli.ending import NOT_FOUND, EndedError, must_be
from clients.cli.finding import order_of
from clients.cli.tool import FEW, Tool, at, query
from clients.cli.verbs import group, verb
from clients.cli.wording import ago
from clients.mall import Json

ROOT = "/api/payments/differences"
STATUSES = ("open", "cleared")

group("money", "Orders whose money differs from what it should be, and to compare one again.")

Order = Annotated[str, typer.Argument(help="An order, or what belongs to one.", autocompletion=completing.orders)]


@verb("money list", "mallbots money list --status open")
def list_differences(
    tool: Tool,
    status: Annotated[str, typer.Option("--status", help=f"One of {', '.join(STATUSES)}.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = FEW,
) -> None:
    """List the orders whose money differs, with what was expected and found; of one status the oldest first."""
    must_be(status, STATUSES, "status")
    found = tool.listed(f"{ROOT}{query(status=status)}", "differences", limit)
    rows = ([one["orderId"], one["status"], ago(one["since"]), "; ".join(_reasons(one))] for one in found)
    tool.out.rows(found, ("order", "status", "since", "what differs"), rows, "no money differs")


@verb("money show", "mallbots money show 018f2c31")
def show(tool: Tool, order: Order) -> None:
    """Show what was expected of an order's money, and what was found when it was compared last."""
    _show(tool, _difference(tool, order_of(tool, order)))


@verb("money recheck", "mallbots money recheck 018f2c31 --yes", changes=True)
def recheck(tool: Tool, order: Order) -> None:
    """Compare an order's money again; a refund or void that was asked for and not made is asked for again."""
    found = _difference(tool, order_of(tool, order))
    if tool.agreed(f"compare the money of order {found['orderId']} again: {'; '.join(_reasons(found)) or 'it agreed'}"):
        tool.put(f"{ROOT}/{at(found['orderId'])}/recheck")
        found = _difference(tool, found["orderId"])
    _show(tool, found)


def _difference(tool: Tool, order: str) -> Json:
    try:
        found: Json = tool.get(f"{ROOT}/{at(order)}")["difference"]
    except EndedError as error:
        if error.code != NOT_FOUND:
            raise
        raise EndedError(
            f"the money of order {order} has never differed", NOT_FOUND, tool.typed("money list")
        ) from None
    return found


def _show(tool: Tool, found: Json) -> None:
    fields = [("order", found["orderId"]), ("payment", found["paymentId"]), ("status", found["status"])]
    since = f"{found['since']} ({ago(found['since'])})"
    tool.out.fields(found, [*fields, ("since", since), ("differs", _reasons(found))])


def _reasons(found: Json) -> list[str]:
    return [f"{one['kind']}: {one['expected']:.2f} expected, {one['found']:.2f} found" for one in found["reasons"]]
