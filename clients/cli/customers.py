"""erase, customer: the right to be forgotten, and who may order."""

from collections import Counter
from typing import Annotated

import typer

from clients.cli.ending import NOT_FOUND, EndedError
from clients.cli.tool import Known, Tool, at
from clients.cli.verbs import group, verb
from clients.cli.wording import counted
from clients.mall import Json

group("customer", "Who may order: enable a customer, or disable one.")

Customer = Annotated[str, typer.Argument(help="The id of a customer, or its beginning.")]
Whole = Annotated[str, typer.Argument(help="The whole id of a customer: a beginning may be another's.")]


@verb("erase", "mallbots erase 5d2b7a10-93c4-5e1f-8a6d-0c7e21b4f358 --dry-run", changes=True)
def erase(tool: Tool, customer: Whole) -> None:
    """Erase a customer for good: name and number become unreadable everywhere; the orders stay."""
    customer = _of_whole_id(tool, customer)["id"]
    path = f"/api/customers/{at(customer)}"
    held = Counter(one["kind"] for one in tool.pages(f"{path}/data", "held"))
    for kind, number in held.most_common():
        tool.out.say(f"{number:>6}  {kind}")
    agreed = tool.agreed(f"erase customer {customer}, of whom {counted(held.total(), 'thing')} are held, for good")
    if agreed:
        tool.call("DELETE", path)
    data = {"customer": customer, "held": dict(held), "erased": agreed}
    tool.out.fields(data, [("customer", customer), ("erased", agreed)])


@verb("customer enable", "mallbots customer enable 5d2b7a10 --yes", changes=True)
def enable(tool: Tool, id: Customer) -> None:
    """Enable a customer, who may order again."""
    _change(tool, id, "enable")


@verb("customer disable", "mallbots customer disable 5d2b7a10 --yes", changes=True)
def disable(tool: Tool, id: Customer) -> None:
    """Disable a customer, who may not order any more; what was ordered goes on."""
    _change(tool, id, "disable")


def _change(tool: Tool, id: str, what: str) -> None:
    found = _customer(tool, id)
    state = "enabled" if found["enabled"] else "disabled"
    if tool.agreed(f"{what} customer {found['id']}, who is {state}"):
        tool.put(f"/api/customers/{at(found['id'])}/{what}")
        found = _customer(tool, found["id"])
    shown = {"id": found["id"], "enabled": found["enabled"]}
    tool.out.fields(shown, shown.items())


def _customer(tool: Tool, id: str) -> Json:
    found: Json = tool.found(f"/api/customers/{at(id)}", "customer", id, lambda: _known(tool))["customer"]
    return found


def _of_whole_id(tool: Tool, id: str) -> Json:
    try:
        found: Json = tool.get(f"/api/customers/{at(id)}")["customer"]
    except EndedError as error:
        if error.code != NOT_FOUND:
            raise
        raise EndedError(
            f"there is no customer {id!r}", NOT_FOUND, "give the whole id, since this is for good"
        ) from None
    return found


def _known(tool: Tool) -> Known:
    """The customers of the latest orders."""
    found = tool.post("/api/search/orders", {"limit": 100})
    return Known(tuple(one["customerId"] for one in found["orders"]), bool(found.get("next")))
